import { Alert, Anchor, Button, Grid, Skeleton, Stack, Text } from "@mantine/core";
import { IconActivity, IconAlertTriangle, IconCode, IconPencil, IconPlayerPause } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { useBackfills } from "../api/backfills";
import { useNextFireTimes, useRuns, useSchedule } from "../api/queries";
import type { Schedule } from "../api/types";
import { Backfills } from "../components/backfills";
import { Explain } from "../components/explain";
import { FireTimes } from "../components/fire-times";
import { callText } from "../components/json";
import { LabelChips } from "../components/labels";
import { Facts, PageHeader, Section } from "../components/layout";
import { Empty, Loading, ProblemNotice } from "../components/notices";
import { RunBars } from "../components/run-strip";
import { RunsTable } from "../components/runs-table";
import { PauseButton, RunNowButton, ScheduleMenu } from "../components/schedule-actions";
import { ScheduleStateBadge } from "../components/state";
import { LoadMore } from "../components/table";
import { Instant, Relative } from "../components/time";
import { UnservedNotice } from "../components/unserved";
import { isDefaultCatchUp } from "../form/policies";
import { measured } from "../words/duration";
import { catchUpInWords, POLICY_LABELS, whenClosedInWords } from "../words/policies";
import { failuresInARow } from "../words/runs";
import { sentence } from "../words/sentence";

const BARS = 40;

function NextTimes({ schedule, onPick }: { schedule: Schedule; onPick: (fireTime: string) => void }) {
  const next = useNextFireTimes(schedule);
  const { state } = schedule.status;
  return (
    <Section title="Next fire times">
      {state === "paused" && (
        <Text size="sm" c="dimmed" mb="xs">
          Paused: none of these will run until it is resumed.
        </Text>
      )}
      {next.isPending && <Skeleton height={150} />}
      {next.isError && <ProblemNotice error={next.error} />}
      {next.data && <FireTimes preview={next.data} clockless={schedule.trigger.kind === "interval"} onPick={onPick} />}
    </Section>
  );
}

/** The coming fire times, of which each can be explained, as any other instant. */
function Times({ schedule }: { schedule: Schedule }) {
  const [asked, setAsked] = useState("");
  return (
    <>
      <NextTimes schedule={schedule} onPick={setAsked} />
      <Explain schedule={schedule} asked={asked} onAsk={setAsked} />
    </>
  );
}

function CalendarLinks({ names }: { names: string[] }) {
  return names.map((name, index) => (
    <span key={name}>
      {index > 0 && ", "}
      <Anchor component={Link} href={`/calendars/${encodeURIComponent(name)}`} size="sm">
        {name}
      </Anchor>
    </span>
  ));
}

function runsMade({ max_runs, status: { run_count } }: Schedule): string {
  const made = run_count.toLocaleString("en");
  return max_runs === null ? made : `${made} of ${max_runs.toLocaleString("en")}`;
}

function Details({ schedule }: { schedule: Schedule }) {
  const { trigger, status, calendars } = schedule;
  const call = callText(schedule.args, schedule.kwargs);
  return (
    <Section title="Details">
      <Facts
        facts={[
          [
            "Trigger",
            <span key="trigger">
              <span className="trigger-text">{status.trigger_text}</span>
              <Text size="sm" c="dimmed" mt={4}>
                {status.trigger_words}
              </Text>
            </span>,
          ],
          ["Time zone", !("timezone" in trigger) || trigger.text.includes(trigger.timezone) ? null : trigger.timezone],
          [
            "Counts from",
            trigger.kind === "interval" && trigger.anchor ? <Instant key="anchor" at={trigger.anchor} /> : null,
          ],
          ["Day fields", trigger.kind === "cron" && trigger.day_match === "and" ? "both must match" : null],
          ["Clock put forward", trigger.kind === "cron" ? trigger.on_gap : null],
          ["Clock put back", trigger.kind === "cron" ? trigger.on_fold : null],
          ["Start", schedule.start_at && <Instant key="start" at={schedule.start_at} />],
          ["End", schedule.end_at && <Instant key="end" at={schedule.end_at} />],
          ["Runs made", runsMade(schedule)],
          [
            "Failures",
            status.failure_streak > 0 && (
              <Text key="failures" span size="sm" c="red" fw={600}>
                {failuresInARow(status.failure_streak)}
              </Text>
            ),
          ],
          [
            "To be skipped",
            schedule.status.skips.length > 0 &&
              schedule.status.skips.map(({ fire_time, actor, note }) => (
                <Text key={fire_time} size="sm">
                  <Instant at={fire_time} />, by {actor}
                  {note && `: ${note}`}
                </Text>
              )),
          ],
          ["Jitter", schedule.jitter > 0 ? `up to ${measured(schedule.jitter)}` : null],
          ["Not within", calendars.blackout.length > 0 && <CalendarLinks key="blackout" names={calendars.blackout} />],
          ["Only within", calendars.allowed.length > 0 && <CalendarLinks key="allowed" names={calendars.allowed} />],
          ["In closed time", calendars.blackout.length + calendars.allowed.length > 0 && whenClosedInWords(calendars)],
          [
            "Task",
            <span key="task" className="mono">
              {schedule.task}
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
          ["Queue", schedule.exchange === null && (schedule.queue ?? "by the app’s routing")],
          [
            "Service",
            schedule.service !== "default" && (
              <Anchor
                key="service"
                component={Link}
                href={`/schedules?service=${encodeURIComponent(schedule.service)}`}
                size="sm"
              >
                {schedule.service}
              </Anchor>
            ),
          ],
          ["Labels", Object.keys(schedule.labels).length > 0 && <LabelChips key="labels" labels={schedule.labels} />],
          ...status.policy_words.map(({ policy, words }): [string, ReactNode] => [
            POLICY_LABELS[policy] ?? policy,
            sentence(words),
          ]),
          ["Met late", !isDefaultCatchUp(schedule) && catchUpInWords(schedule.catchup)],
          ["Last fire time", status.last_fire_time && <Relative key="last" at={status.last_fire_time} />],
          [
            "Changed",
            <span key="changed">
              <Relative at={schedule.updated_at} /> (version {schedule.version})
            </span>,
          ],
          ["Created", <Instant key="created" at={schedule.created_at} />],
          [
            "Id",
            <span key="id" className="mono">
              {schedule.id}
            </span>,
          ],
        ]}
      />
    </Section>
  );
}

function Notices({ schedule }: { schedule: Schedule }) {
  const { status, declared_by } = schedule;
  return (
    <>
      {status.error && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle />} title="It cannot be planned">
          {status.error}{" "}
          {status.next_due_time && (
            <>
              It is tried again <Relative at={status.next_due_time} />.
            </>
          )}
        </Alert>
      )}
      <UnservedNotice warnings={schedule.warnings} />
      {status.paused && (
        <Alert color="yellow" variant="light" icon={<IconPlayerPause />} title="Paused">
          {status.pause_note || "It fires at no fire time until it is resumed."}
        </Alert>
      )}
      {declared_by && (
        <Alert color="gray" variant="light" icon={<IconCode />}>
          Declared in the code of <b>{declared_by}</b>. Change it there; it is brought up to date when that app starts.
        </Alert>
      )}
    </>
  );
}

function Runs({ schedule }: { schedule: Schedule }) {
  const runs = useRuns({ schedule: schedule.id, state: "", cause: "" }, BARS);
  const items = runs.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section
      title="Runs"
      flush
      aside={
        <Anchor component={Link} href={`/runs?schedule=${encodeURIComponent(schedule.name)}`} size="sm">
          All runs
        </Anchor>
      }
    >
      {runs.isPending && <Loading label="runs" />}
      {runs.isError && <ProblemNotice error={runs.error} onRetry={() => runs.refetch()} />}
      {runs.data && items.length === 0 && (
        <Empty icon={<IconActivity size={26} />} title="No runs yet">
          They appear here by themselves
          {schedule.status.next_fire_time && (
            <>
              , the next one <Relative at={schedule.status.next_fire_time} />
            </>
          )}
          . To see one at once, press <b>Run now</b>.
        </Empty>
      )}
      {items.length > 0 && (
        <>
          <Stack px="md" pb="sm">
            <RunBars runs={items.slice(0, BARS)} />
          </Stack>
          <RunsTable runs={items} schedule={false} />
        </>
      )}
      <LoadMore query={runs} />
    </Section>
  );
}

/** The runs and the backfills; what is going on comes first. */
function Records({ schedule }: { schedule: Schedule }) {
  const backfills = useBackfills(schedule.id);
  const busy = backfills.data?.pages.some((page) => page.items.some(({ state }) => state === "running"));
  const parts = [<Runs key="runs" schedule={schedule} />, <Backfills key="backfills" schedule={schedule} />];
  return <Stack>{busy ? parts.reverse() : parts}</Stack>;
}

export function SchedulePage({ scheduleRef }: { scheduleRef: string }) {
  const query = useSchedule(scheduleRef);
  const schedule = query.data;
  if (schedule === undefined) {
    return query.isError ? (
      <ProblemNotice error={query.error} onRetry={() => query.refetch()} />
    ) : (
      <Loading label="the schedule" />
    );
  }
  return (
    <>
      <PageHeader
        title={schedule.name}
        parent={{ label: "Schedules", href: "/schedules" }}
        beside={<ScheduleStateBadge state={schedule.status.state} size="lg" />}
        description={schedule.description}
        actions={
          <>
            <RunNowButton schedule={schedule} />
            <PauseButton schedule={schedule} />
            {schedule.declared_by === null && (
              <Button
                component={Link}
                href={`/schedules/${schedule.id}/edit`}
                variant="default"
                leftSection={<IconPencil size={16} />}
              >
                Edit
              </Button>
            )}
            <ScheduleMenu schedule={schedule} />
          </>
        }
      />
      <Stack>
        <Notices schedule={schedule} />
        <Grid>
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Records schedule={schedule} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }} order={{ base: -1, md: 0 }}>
            <Stack>
              <Times schedule={schedule} />
              <Details schedule={schedule} />
            </Stack>
          </Grid.Col>
        </Grid>
      </Stack>
    </>
  );
}
