import { Text, Timeline } from "@mantine/core";
import type { Run } from "../api/types";
import { measured } from "../words/duration";
import { useNow } from "../words/now";
import { isOpen, runDurations } from "../words/runs";
import { Instant } from "./time";

/** `toCome` is what is known to come at a step, or in its place; `by` is who did it. */
type Step = {
  title: string;
  at: string | null;
  span?: number | null;
  spanText?: string;
  by?: string | null;
  toCome?: { words: string; at: string | null };
};

function dueSteps(run: Run): Step[] {
  const jitter = (Date.parse(run.due_time) - Date.parse(run.fire_time)) / 1000;
  return [
    { title: "Fire time", at: run.fire_time },
    ...(jitter > 0 ? [{ title: "Due", at: run.due_time, span: jitter, spanText: "jitter" }] : []),
  ];
}

function steps(run: Run, now: number): Step[] {
  const { late, wait, ran } = runDurations(run, now);
  if (run.state === "retrying") {
    return [
      ...dueSteps(run),
      { title: `Attempt ${run.attempt} started`, at: run.started_at, by: run.worker },
      { title: "Next attempt", at: null, toCome: { words: "to be sent", at: run.next_attempt_at } },
    ];
  }
  return [
    ...dueSteps(run),
    { title: "Sent", at: run.queued_at, span: late, spanText: "after it was due" },
    ...(run.received_at === null ? [] : [{ title: "Received", at: run.received_at, by: run.received_by }]),
    {
      title: run.attempt > 1 ? `Attempt ${run.attempt} started` : "Started",
      at: run.started_at,
      by: run.worker,
      span: wait,
      spanText: "waiting for a worker",
      toCome: { words: "expires", at: run.expires_at },
    },
    {
      title: "Finished",
      at: run.finished_at,
      span: run.finished_at ? ran : null,
      spanText: "run time",
      toCome: { words: "times out", at: run.times_out_at },
    },
  ];
}

function StepText({ step, ran }: { step: Step; ran: number | null }) {
  const { title, at, span, spanText, by, toCome } = step;
  return (
    <Text size="sm" c="dimmed" component="div">
      {at ? <Instant at={at} /> : title === "Finished" && ran !== null ? `running for ${measured(ran)}` : "not yet"}
      {at !== null && span != null && <> · {`${measured(Math.max(0, span))} ${spanText}`}</>}
      {at !== null && by && (
        <div className="mono" style={{ overflowWrap: "anywhere" }}>
          {by}
        </div>
      )}
      {at === null && toCome?.at && (
        <>
          , {toCome.words} <Instant at={toCome.at} />
        </>
      )}
    </Text>
  );
}

/** What happened to a run, step by step, and how long each step took. */
export function RunTimes({ run }: { run: Run }) {
  const now = useNow();
  const all = steps(run, now).filter(({ at }) => at !== null || isOpen(run));
  const reached = all.filter(({ at }) => at !== null).length - 1;
  const { ran } = runDurations(run, now);
  return (
    <Timeline
      className="times"
      active={reached}
      bulletSize={14}
      lineWidth={2}
      color={run.state === "failed" || run.state === "lost" ? "red" : undefined}
    >
      {all.map((step) => (
        <Timeline.Item key={step.title} title={step.title} lineVariant={step.at ? "solid" : "dashed"}>
          <StepText step={step} ran={ran} />
        </Timeline.Item>
      ))}
    </Timeline>
  );
}
