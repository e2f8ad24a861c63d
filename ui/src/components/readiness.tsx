import { Anchor, Box, Group, HoverCard, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconCircleCheckFilled, IconCircleXFilled } from "@tabler/icons-react";
import { Link } from "wouter";
import { asProblem } from "../api/problem";
import { useReadiness } from "../api/queries";
import type { Readiness } from "../api/types";

type Check = Readiness["checks"][number];

export function CheckLine({ check }: { check: Check }) {
  return (
    <Group gap={10} wrap="nowrap" align="flex-start">
      <Box c={check.ok ? "teal" : "red"} mt={2} style={{ flexShrink: 0, lineHeight: 0 }}>
        {check.ok ? <IconCircleCheckFilled size={18} /> : <IconCircleXFilled size={18} />}
      </Box>
      <div>
        <Text size="sm" fw={600} tt="capitalize">
          {check.name}
          <Text span c="dimmed" size="sm" fw={400} tt="none">
            {check.ok ? " · ready" : " · not ready"}
          </Text>
        </Text>
        {check.message && (
          <Text size="sm" c="dimmed">
            {check.message}
          </Text>
        )}
      </div>
    </Group>
  );
}

function verdict(readiness: ReturnType<typeof useReadiness>): { color: string; text: string } {
  if (readiness.isError) {
    return { color: "red", text: "No answer" };
  }
  if (readiness.data === undefined) {
    return { color: "gray", text: "Checking" };
  }
  const failing = readiness.data.checks.filter((check) => !check.ok);
  if (readiness.data.ready) {
    return { color: "teal", text: "All ready" };
  }
  const [first] = failing;
  return {
    color: "red",
    text: failing.length === 1 && first ? `${first.name} not ready` : `${failing.length} not ready`,
  };
}

/** The header's light: whether due runs can be sent and run; the reasons on hover, focus or press. */
export function ReadinessLight() {
  const readiness = useReadiness();
  const { color, text } = verdict(readiness);
  return (
    <HoverCard width={320} position="bottom-end" shadow="md" withinPortal>
      <HoverCard.Target>
        <UnstyledButton component={Link} href="/system" className="nav-link" aria-label={`System: ${text}`}>
          <Box component="span" c={color} lh={0}>
            <span className="dot" style={{ width: 9, height: 9 }} />
          </Box>
          <Text span size="sm" fw={550} visibleFrom="xs" style={{ whiteSpace: "nowrap" }}>
            {text.charAt(0).toUpperCase() + text.slice(1)}
          </Text>
        </UnstyledButton>
      </HoverCard.Target>
      <HoverCard.Dropdown>
        {readiness.isError ? (
          <Text size="sm">
            {asProblem(readiness.error).message} {asProblem(readiness.error).fix}
          </Text>
        ) : (
          <Stack gap="sm">
            {readiness.data?.checks.map((check) => (
              <CheckLine key={check.name} check={check} />
            ))}
          </Stack>
        )}
        <Anchor component={Link} href="/system" size="sm" mt="sm" display="block">
          See nodes and workers
        </Anchor>
      </HoverCard.Dropdown>
    </HoverCard>
  );
}
