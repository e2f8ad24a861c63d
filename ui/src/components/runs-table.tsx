import { Table, Text } from "@mantine/core";
import { Link } from "wouter";
import type { Run } from "../api/types";
import { useNow } from "../words/now";
import { causeLabel, coveredCount, isOpen, runDurations, runTime } from "../words/runs";
import { CancelIcon } from "./cancel-run";
import { RunStateBadge } from "./state";
import { Dash, Rows } from "./table";
import { Instant, Relative } from "./time";

function Took({ run }: { run: Run }) {
  const now = useNow();
  const covered = coveredCount(run);
  if (covered !== null) {
    return (
      <Text span size="sm" c="dimmed">
        {covered}
      </Text>
    );
  }
  const { ran } = runDurations(run, now);
  return ran === null ? <Dash /> : <span className="tabular">{runTime(ran)}</span>;
}

/** Runs, the newest first; each row leads to the run. `schedule` says whether rows name their schedule. */
export function RunsTable({ runs, schedule }: { runs: Run[]; schedule: boolean }) {
  const columns = [
    { label: "State", width: 130 },
    { label: "Fire time" },
    { label: "When", visibleFrom: "sm" as const },
    ...(schedule ? [{ label: "Schedule" }] : []),
    { label: "Cause", visibleFrom: "md" as const },
    { label: "Ran for", visibleFrom: "xs" as const },
    { label: "Worker", visibleFrom: "lg" as const },
    { label: "Actions", hidden: true, width: 56 },
  ];
  return (
    <Rows label="Runs" columns={columns}>
      {runs.map((run) => (
        <Table.Tr key={run.id}>
          <Table.Td>
            <RunStateBadge state={run.state} />
          </Table.Td>
          <Table.Td>
            <Link href={`/runs/${run.id}`} className="row-link">
              <Instant at={run.fire_time} />
            </Link>
          </Table.Td>
          <Table.Td visibleFrom="sm">
            <Relative at={run.fire_time} c="dimmed" />
          </Table.Td>
          {schedule && (
            <Table.Td>
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                {run.schedule}
              </Text>
            </Table.Td>
          )}
          <Table.Td visibleFrom="md">{causeLabel(run.cause)}</Table.Td>
          <Table.Td visibleFrom="xs">
            <Took run={run} />
          </Table.Td>
          <Table.Td visibleFrom="lg">
            {run.worker ? (
              <Text span className="mono" c="dimmed">
                {run.worker}
              </Text>
            ) : (
              <Dash />
            )}
          </Table.Td>
          <Table.Td py={0}>
            <div className="above">{isOpen(run) && <CancelIcon run={run} />}</div>
          </Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}
