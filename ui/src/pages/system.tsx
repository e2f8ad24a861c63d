import { Alert, Anchor, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "wouter";
import { useReadiness, useSystem } from "../api/queries";
import type { System } from "../api/types";
import { PageHeader, Section } from "../components/layout";
import { Life } from "../components/life";
import { Locks } from "../components/locks";
import { Loading, ProblemNotice } from "../components/notices";
import { CheckLine } from "../components/readiness";
import { Dash, Rows } from "../components/table";
import { Relative } from "../components/time";
import { measured } from "../words/duration";
import { clockOffset, rate } from "../words/nodes";

type Node = System["nodes"][number];

function Load({ node }: { node: Node }) {
  return (
    <>
      {rate(node.sent_per_second)}
      <Text size="sm" c="dimmed">
        busy {Math.round(node.busy * 100)} %
      </Text>
    </>
  );
}

function Warnings({ nodes }: { nodes: System["nodes"] }) {
  const warnings = nodes.flatMap((node) => node.warnings.map((text) => ({ node, text })));
  if (warnings.length === 0) {
    return null;
  }
  return (
    <Alert
      color="yellow"
      variant="light"
      icon={<IconAlertTriangle />}
      title="Look at these"
      role="status"
      m="md"
      mt={0}
    >
      {warnings.map(({ node, text }) => (
        <Text key={node.id + text} size="sm">
          <b>
            {node.host}, process {node.pid}:
          </b>{" "}
          {text}
        </Text>
      ))}
    </Alert>
  );
}

function Nodes({ nodes }: { nodes: System["nodes"] }) {
  const columns = [
    { label: "State", width: 100 },
    { label: "Node" },
    { label: "Lag", visibleFrom: "xs" as const },
    { label: "Load", visibleFrom: "sm" as const },
    { label: "Clock", visibleFrom: "sm" as const },
    { label: "Version", visibleFrom: "md" as const },
    { label: "Started", visibleFrom: "md" as const },
    { label: "Last seen" },
  ];
  return (
    <Rows label="Nodes" columns={columns}>
      {nodes.map((node) => (
        <Table.Tr key={node.id}>
          <Table.Td>
            <Life live={node.live} />
          </Table.Td>
          <Table.Td>
            <Text size="sm" fw={600}>
              {node.host}
            </Text>
            <Text size="sm" c="dimmed">
              process {node.pid}
            </Text>
          </Table.Td>
          <Table.Td visibleFrom="xs" className="tabular">
            {node.live ? measured(node.lag) : <Dash />}
          </Table.Td>
          <Table.Td visibleFrom="sm" className="tabular">
            {node.live ? <Load node={node} /> : <Dash />}
          </Table.Td>
          <Table.Td visibleFrom="sm" className="tabular">
            {node.live ? clockOffset(node.clock_offset) : <Dash />}
          </Table.Td>
          <Table.Td visibleFrom="md">
            {node.version}
            {node.tzdata_version && (
              <Text size="sm" c="dimmed">
                time zones {node.tzdata_version}
              </Text>
            )}
          </Table.Td>
          <Table.Td visibleFrom="md">
            <Relative at={node.started_at} />
          </Table.Td>
          <Table.Td>
            <Relative at={node.seen_at} />
          </Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function None({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed" px="md" pb="md">
      {children}
    </Text>
  );
}

export function SystemPage() {
  const system = useSystem();
  const readiness = useReadiness();
  const live = <T extends { live: boolean }>(all: T[]) => `${all.filter((one) => one.live).length} live`;
  return (
    <>
      <PageHeader
        title="System"
        description={
          system.data
            ? `Punctual ${system.data.version}, time zones of ${system.data.tzdata_version}`
            : "Whether due runs can be sent and run."
        }
      />
      <Stack>
        <Section title={readiness.data?.ready ? "All is ready" : "Readiness"}>
          {readiness.isPending && <Loading label="checks" />}
          {readiness.isError && <ProblemNotice error={readiness.error} onRetry={() => readiness.refetch()} />}
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} pt={4}>
            {readiness.data?.checks.map((check) => (
              <CheckLine key={check.name} check={check} />
            ))}
          </SimpleGrid>
        </Section>
        {system.isPending && <Loading label="nodes" />}
        {system.isError && <ProblemNotice error={system.error} onRetry={() => system.refetch()} />}
        {system.data && (
          <>
            <Section
              title="Nodes"
              flush
              aside={
                <Text size="sm" c="dimmed">
                  {live(system.data.nodes)}
                </Text>
              }
            >
              <Warnings nodes={system.data.nodes} />
              {system.data.nodes.length > 0 ? (
                <Nodes nodes={system.data.nodes} />
              ) : (
                <None>No node runs. Start one with “punctual scheduler” or “punctual up”.</None>
              )}
            </Section>
            <Locks />
            <Text size="sm" c="dimmed">
              {live(system.data.workers)} of the workers known:{" "}
              <Anchor component={Link} href="/workers" size="sm">
                Workers and queues
              </Anchor>
            </Text>
          </>
        )}
      </Stack>
    </>
  );
}
