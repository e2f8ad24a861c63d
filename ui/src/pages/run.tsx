import { Alert, Anchor, Button, Grid, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle, IconRepeat } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useRerun } from "../api/mutations";
import { useRun } from "../api/queries";
import type { Run, RunState } from "../api/types";
import { CancelButton } from "../components/cancel-run";
import { Block, callText, JsonBlock } from "../components/json";
import { Facts, PageHeader, Section } from "../components/layout";
import { Loading, ProblemNotice } from "../components/notices";
import { RunLog } from "../components/run-log";
import { RunProgress } from "../components/run-progress";
import { RunTimes } from "../components/run-times";
import { RUN_COLORS, RunStateBadge } from "../components/state";
import { useNow } from "../words/now";
import { CAUSE_MEANINGS, causeLabel, coveredCount, isOpen, runInWords } from "../words/runs";
import { sizeInWords } from "../words/size";
import { toldBy } from "../words/source";
import { fullTime, shortTime } from "../words/time";

/** What a reason is called where it is not why something ended. */
const WHY: Partial<Record<RunState, string>> = { buffered: "It waits", running: "To be stopped" };

function callTitle({ state, started_at }: Run): string {
  if (state === "running") {
    return "What runs";
  }
  if (started_at !== null) {
    return "What ran";
  }
  return isOpen({ state }) ? "What is to run" : "What was to run";
}

function CoveredRange({ run }: { run: Run }) {
  const now = useNow();
  const until = run.covered_until ?? run.fire_time;
  return (
    <Text>
      {coveredCount(run)}
      {until === run.fire_time
        ? `, at ${shortTime(run.fire_time, now)}, `
        : `, from ${shortTime(run.fire_time, now)} to ${shortTime(until, now)}, `}
      did not run.
    </Text>
  );
}

function Outcome({ run }: { run: Run }) {
  const parts: ReactNode[] = [];
  if (run.covered_count !== null) {
    const title = run.state === "missed" ? "Missed" : "Skipped";
    parts.push(
      <Alert
        key="covered"
        color={RUN_COLORS[run.state]}
        variant="light"
        icon={<IconInfoCircle />}
        title={title}
        role="note"
      >
        <CoveredRange run={run} />
        {run.reason && <Text>{run.reason}</Text>}
      </Alert>,
    );
  } else if (run.reason) {
    parts.push(
      <Alert
        key="reason"
        color={isOpen(run) ? RUN_COLORS[run.state] : "gray"}
        variant="light"
        icon={<IconInfoCircle />}
        title={WHY[run.state] ?? "Why"}
        role="note"
      >
        {run.reason}
      </Alert>,
    );
  }
  if (run.error) {
    parts.push(
      <Section key="error" title={run.attempt > 0 && isOpen(run) ? `Error of attempt ${run.attempt}` : "Error"}>
        <Stack gap="sm">
          <Text c="red" fw={600} style={{ overflowWrap: "anywhere" }}>
            <IconAlertTriangle size={16} style={{ verticalAlign: "-3px" }} aria-hidden /> {run.error.type}
            {run.error.message && `: ${run.error.message}`}
          </Text>
          {run.error.traceback && <Block text={run.error.traceback} label="Traceback" />}
        </Stack>
      </Section>,
    );
  }
  if (run.state === "succeeded") {
    parts.push(
      <Section
        key="result"
        title="Result"
        aside={
          run.result_is_preview &&
          run.result_size !== null && (
            <Text size="sm" c="dimmed">
              first part of {sizeInWords(run.result_size)}
            </Text>
          )
        }
      >
        <JsonBlock value={run.result} label="Result" />
      </Section>,
    );
  }
  return parts;
}

/** Does the run again, for the same fire time and with the same arguments. */
function RerunButton({ run }: { run: Run }) {
  const [, navigate] = useLocation();
  const rerun = useRerun();
  const act = () => rerun.mutate(run, { onSuccess: (started) => navigate(`/runs/${started.id}`) });
  return (
    <Button variant="default" leftSection={<IconRepeat size={16} />} onClick={act} loading={rerun.isPending}>
      Run again
    </Button>
  );
}

export function RunPage({ id }: { id: string }) {
  const query = useRun(id);
  const run = query.data;
  if (run === undefined) {
    return query.isError ? (
      <ProblemNotice error={query.error} onRetry={() => query.refetch()} />
    ) : (
      <Loading label="the run" />
    );
  }
  const call = callText(run.args, run.kwargs);
  return (
    <>
      <PageHeader
        title={run.schedule}
        parent={{ label: "Runs", href: "/runs" }}
        beside={<RunStateBadge state={run.state} size="lg" />}
        description={
          run.covered_count !== null ? fullTime(run.fire_time) : `${fullTime(run.fire_time)}. ${runInWords(run)}`
        }
        actions={
          isOpen(run) ? (
            <CancelButton run={run} />
          ) : (
            (run.covered_count ?? 1) === 1 && run.cause !== "adhoc" && <RerunButton run={run} />
          )
        }
      />
      <Grid>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            {run.notice && (
              <Alert color="yellow" icon={<IconAlertTriangle size={16} />} title="Nobody starts it">
                {run.notice}
              </Alert>
            )}
            {run.progress && (
              <Section title="Progress">
                <RunProgress run={run} progress={run.progress} />
              </Section>
            )}
            <Outcome run={run} />
            {run.covered_count === null && <RunLog run={run} />}
            <Section title={callTitle(run)}>
              <Facts
                facts={[
                  [
                    "Task",
                    <span key="task" className="mono">
                      {run.task}
                    </span>,
                  ],
                  [
                    "Arguments",
                    call === "" ? (
                      "none"
                    ) : (
                      <span key="call" className="mono">
                        {call}
                      </span>
                    ),
                  ],
                  ["Cause", `${causeLabel(run.cause)}. ${CAUSE_MEANINGS[run.cause]}`],
                  [
                    "Schedule",
                    run.cause !== "adhoc" && (
                      <Anchor key="schedule" component={Link} href={`/schedules/${run.schedule_id}`} size="sm">
                        {run.schedule}, version {run.schedule_version}
                      </Anchor>
                    ),
                  ],
                  [
                    "Backfill",
                    run.backfill_id && (
                      <Anchor key="backfill" component={Link} href={`/runs?backfill=${run.backfill_id}`} size="sm">
                        All runs of its backfill
                      </Anchor>
                    ),
                  ],
                  ["Worker", run.worker && <span className="mono">{run.worker}</span>],
                  ["Attempt", run.attempt > 0 ? String(run.attempt) : null],
                  ["Queue", run.queue],
                  ["Exchange", run.exchange],
                  ["Source", toldBy(run)],
                  [
                    "Id",
                    <span key="id" className="mono">
                      {run.id}
                    </span>,
                  ],
                ]}
              />
            </Section>
          </Stack>
        </Grid.Col>
        {run.covered_count === null && (
          <Grid.Col span={{ base: 12, md: 5 }}>
            <Section title="Times">
              <RunTimes run={run} />
            </Section>
          </Grid.Col>
        )}
      </Grid>
    </>
  );
}
