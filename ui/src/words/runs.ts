import type { Cause, Run, RunState } from "../api/types";
import { measured, secondsBetween } from "./duration";

export const RUN_STATES: RunState[] = [
  "buffered",
  "pending",
  "queued",
  "running",
  "retrying",
  "succeeded",
  "failed",
  "cancelled",
  "lost",
  "expired",
  "skipped",
  "missed",
];

const OPEN = new Set<RunState>(["buffered", "pending", "queued", "running", "retrying"]);

/** Whether the run may still change. */
export const isOpen = (run: Pick<Run, "state">): boolean => OPEN.has(run.state);

export const STATE_MEANINGS: Record<RunState, string> = {
  buffered: "It waits for other runs to end, by its policies.",
  pending: "Recorded; the message is about to be sent.",
  queued: "The message is sent; no worker has started it yet.",
  running: "A worker runs it now.",
  retrying: "An attempt failed; the next one is to come.",
  succeeded: "It ended well.",
  failed: "It ended with an error.",
  cancelled: "It was stopped on purpose.",
  lost: "Its worker died with it.",
  expired: "It did not start in time, so it will not run.",
  skipped: "A calendar, a pause, a deletion, another run or a lock kept it from running.",
  missed: "It was met too late to run.",
};

export const CAUSE_MEANINGS: Record<Cause, string> = {
  schedule: "Its fire time came.",
  catchup: "It made up for a fire time that was met late.",
  backfill: "Someone asked for the runs of a span of time.",
  manual: "Someone asked for it with “Run now”.",
  rerun: "Someone asked for a run that had ended to be done again.",
  adhoc: "Punctual did not send it: a worker that records all tasks came upon it.",
};

export const CAUSES: { value: Cause; label: string }[] = [
  { value: "schedule", label: "Schedule" },
  { value: "catchup", label: "Catch-up" },
  { value: "backfill", label: "Backfill" },
  { value: "manual", label: "Run now" },
  { value: "rerun", label: "Rerun" },
  { value: "adhoc", label: "Ad hoc" },
];

export const causeLabel = (cause: Cause): string => CAUSES.find(({ value }) => value === cause)?.label ?? cause;

/** "3 failures in a row"; null while there is none. */
export const failuresInARow = (streak: number): string | null =>
  streak === 0 ? null : `${streak.toLocaleString("en")} failure${streak === 1 ? "" : "s in a row"}`;

/** The measured parts of a run, in seconds; null where a part has not happened. */
export function runDurations(run: Run, now?: number): { late: number | null; wait: number | null; ran: number | null } {
  const end = run.finished_at ?? (run.state === "running" && now !== undefined ? new Date(now).toISOString() : null);
  const ran = secondsBetween(run.started_at, end);
  return {
    late: secondsBetween(run.due_time, run.queued_at),
    wait: secondsBetween(run.queued_at, run.started_at),
    ran: ran === null ? null : Math.max(0, ran),
  };
}

/** A run time in words; instants are known to the millisecond, so a shorter one is not zero. */
export const runTime = (seconds: number): string => (seconds < 0.001 ? "< 1 ms" : measured(seconds));

type Progress = NonNullable<Run["progress"]>;

const count = (number: number): string => number.toLocaleString("en", { maximumFractionDigits: 2 });

/** Which part of its work a task has done, from 0 to 1; null where it does not say of how much. */
export function progressShare({ done, total }: Progress): number | null {
  return total === null || total <= 0 ? null : Math.min(1, Math.max(0, done / total));
}

/** "1,500 of 6,000 (25 %)"; without a total "1,500". */
export function progressInWords(progress: Progress): string {
  const share = progressShare(progress);
  const { done, total } = progress;
  return share === null || total === null
    ? count(done)
    : `${count(done)} of ${count(total)} (${Math.floor(share * 100)} %)`;
}

/** How many fire times a record of a range covers: "1 fire time", "at least 10,000 fire times"; null for one run. */
export function coveredCount(run: Run): string | null {
  const count = run.covered_count;
  if (count === null) {
    return null;
  }
  const times = `${count.toLocaleString("en")} fire time${count === 1 ? "" : "s"}`;
  return run.covered_count_exact ? times : `at least ${times}`;
}

const ENDED_AFTER: Partial<Record<RunState, string>> = { failed: "failed after", lost: "was lost after" };

/** One sentence that tells what became of a run. */
export function runInWords(run: Run): string {
  const covered = coveredCount(run);
  if (covered !== null) {
    return `Covers ${covered} that did not run.`;
  }
  if (run.state === "retrying") {
    return `Attempt ${run.attempt} failed; the next one is to come.`;
  }
  const { late, wait, ran } = runDurations(run);
  const again = run.attempt > 1;
  const parts: string[] = [];
  if (late !== null && !again) {
    parts.push(late < 0.05 ? "Sent on time" : `Sent ${measured(late)} after its due time`);
  }
  if (wait !== null && wait >= 0 && !again) {
    parts.push(`waited ${measured(wait)} for a worker`);
  }
  const attempt = again ? `attempt ${run.attempt} ` : "";
  if (ran !== null) {
    parts.push(`${attempt}${ENDED_AFTER[run.state] ?? "ran for"} ${runTime(ran)}`);
  } else if (run.started_at) {
    parts.push(again ? `${attempt}has been running since it started` : "has been running since");
  }
  const sentence = parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
  return sentence === "" ? STATE_MEANINGS[run.state] : `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}
