import { Alert, Button, Center, Group, Loader, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck, IconRefresh } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { asProblem } from "../api/problem";

/** Tells a failure where its content would stand: what happened, what to do, and a way to try again. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = asProblem(error);
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle />} title={problem.message} role="alert">
      {problem.fix && <Text size="sm">{problem.fix}</Text>}
      {problem.faults.map((fault) => (
        <Text size="sm" key={`${fault.path}${fault.code}`}>
          {fault.path && <b>{fault.path}: </b>}
          {fault.message} {fault.fix}
        </Text>
      ))}
      {onRetry && (
        <Button mt="sm" size="xs" variant="light" color="red" leftSection={<IconRefresh size={14} />} onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

export function Loading({ label }: { label: string }) {
  return (
    <Center py={64}>
      <Loader type="dots" aria-label={`Loading ${label}`} />
    </Center>
  );
}

type EmptyProps = { icon: ReactNode; title: string; children: ReactNode; action?: ReactNode };

export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <Stack align="center" gap="xs" py={56} px="md">
      <ThemeIcon size={56} radius="xl" variant="light">
        {icon}
      </ThemeIcon>
      <Title order={2} mt="xs" ta="center">
        {title}
      </Title>
      <Text c="dimmed" maw={460} ta="center" component="div">
        {children}
      </Text>
      {action && <Group mt="md">{action}</Group>}
    </Stack>
  );
}

export function tellProblem(error: unknown): void {
  const problem = asProblem(error);
  notifications.show({
    color: "red",
    title: problem.message,
    message: problem.fix,
    icon: <IconAlertTriangle size={18} />,
    autoClose: 10_000,
  });
}

/** A short confirmation, with at most one thing to do next (an undo, a link). */
export function tell(title: string, next?: { label: string; act: () => void }): void {
  const id = notifications.show({
    title,
    icon: <IconCheck size={18} />,
    color: "teal",
    autoClose: next ? 10_000 : 4000,
    message: next && (
      <Button
        size="compact-sm"
        variant="light"
        mt={4}
        onClick={() => {
          notifications.hide(id);
          next.act();
        }}
      >
        {next.label}
      </Button>
    ),
  });
}
