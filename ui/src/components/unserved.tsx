import { Alert, Badge, Text, Tooltip } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { Schedule } from "../api/types";

const SHORT: Record<string, string> = {
  task_not_served: "task not served",
  queue_not_consumed: "queue not consumed",
  task_not_on_queue: "task not on its queue",
};

/** In a list: what keeps this schedule from being run. That no worker lives at all is told once, in the header. */
export function UnservedChips({ warnings }: { warnings: Schedule["warnings"] }) {
  return warnings
    .filter(({ code }) => code in SHORT)
    .map(({ code, message, fix }) => (
      <Tooltip key={code} label={`${message} ${fix}`} multiline maw={320}>
        <Badge
          variant="light"
          color="orange"
          size="sm"
          tt="none"
          fw={600}
          leftSection={<IconAlertTriangle size={12} aria-hidden />}
          className="above"
          mt={4}
          mr={6}
        >
          {SHORT[code]}
        </Badge>
      </Tooltip>
    ));
}

/** On its page: the same in sentences, with what to do. */
export function UnservedNotice({ warnings }: { warnings: Schedule["warnings"] }) {
  if (warnings.length === 0) {
    return null;
  }
  return (
    <Alert
      color="orange"
      variant="light"
      icon={<IconAlertTriangle />}
      title="As things are, its runs would wait"
      role="status"
    >
      {warnings.map(({ code, message, fix }) => (
        <Text key={code} size="sm">
          {message} {fix}
        </Text>
      ))}
    </Alert>
  );
}
