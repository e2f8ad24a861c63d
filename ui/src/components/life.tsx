import { Badge } from "@mantine/core";

/** Whether a process, or what it serves, is there now. */
export function Life({ live }: { live: boolean }) {
  return (
    <Badge variant="light" color={live ? "teal" : "gray"} tt="none" leftSection={<span className="dot" aria-hidden />}>
      {live ? "live" : "gone"}
    </Badge>
  );
}
