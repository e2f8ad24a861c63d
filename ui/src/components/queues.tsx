import { Alert, Table, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQueues } from "../api/queries";
import type { Queue } from "../api/types";
import { Section } from "./layout";
import { Loading, ProblemNotice } from "./notices";
import { Dash, Rows } from "./table";
import { Relative } from "./time";

const COLUMNS = [
  { label: "Queue" },
  { label: "Waiting", width: 110 },
  { label: "Oldest", visibleFrom: "xs" as const },
  { label: "Consumers", visibleFrom: "sm" as const },
  { label: "Workers", visibleFrom: "sm" as const },
  { label: "Measured", visibleFrom: "md" as const },
];

function Warnings({ queues }: { queues: Queue[] }) {
  const warnings = queues.flatMap(({ name, warnings }) => warnings.map((text) => ({ name, text })));
  if (warnings.length === 0) {
    return null;
  }
  return (
    <Alert color="yellow" variant="light" icon={<IconAlertTriangle />} m="md" mt={0} role="status">
      {warnings.map(({ name, text }) => (
        <Text key={name + text} size="sm">
          <b>{name}:</b> {text}
        </Text>
      ))}
    </Alert>
  );
}

function QueueRow({ queue }: { queue: Queue }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
          {queue.name}
        </Text>
        {queue.error && (
          <Text size="sm" c="dimmed">
            {queue.error}
          </Text>
        )}
      </Table.Td>
      <Table.Td className="tabular">
        {queue.messages === null ? <Dash /> : queue.messages.toLocaleString("en")}
        {queue.growing_since && (
          <Text size="sm" c="dimmed" component="div">
            growing
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="xs">{queue.oldest_at ? <Relative at={queue.oldest_at} /> : <Dash />}</Table.Td>
      <Table.Td visibleFrom="sm" className="tabular">
        {queue.consumers ?? <Dash />}
      </Table.Td>
      <Table.Td visibleFrom="sm">{queue.workers.length > 0 ? queue.workers.join(", ") : <Dash />}</Table.Td>
      <Table.Td visibleFrom="md">
        <Relative at={queue.measured_at} />
      </Table.Td>
    </Table.Tr>
  );
}

/** What waits in the broker, and who takes it. */
export function Queues() {
  const queues = useQueues();
  return (
    <Section title="Queues" flush>
      {queues.isPending && <Loading label="queues" />}
      {queues.isError && <ProblemNotice error={queues.error} onRetry={() => queues.refetch()} />}
      {queues.data?.length === 0 && (
        <Text size="sm" c="dimmed" px="md" pb="md">
          None is known yet: a node measures them once it runs. Start one with “punctual scheduler” or “punctual up”.
        </Text>
      )}
      {queues.data && queues.data.length > 0 && (
        <>
          <Warnings queues={queues.data} />
          <Rows label="Queues" columns={COLUMNS}>
            {queues.data.map((queue) => (
              <QueueRow key={queue.name} queue={queue} />
            ))}
          </Rows>
        </>
      )}
    </Section>
  );
}
