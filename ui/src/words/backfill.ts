import type { Backfill, BackfillPreview, RunState } from "../api/types";
import { isOpen } from "./runs";

export const REPROCESS: { value: Backfill["reprocess"]; label: string; description: string }[] = [
  { value: "none", label: "What has not run", description: "Missed, skipped by a policy, expired, or never recorded." },
  {
    value: "failed",
    label: "And what went wrong",
    description: "Also where the last run failed, was lost or cancelled.",
  },
  { value: "all", label: "Every fire time", description: "Also what has succeeded: its tasks run once more." },
];

export const ORDERS: { value: Backfill["order"]; label: string }[] = [
  { value: "oldest", label: "Oldest first" },
  { value: "newest", label: "Newest first" },
];

export const BACKFILL_MEANINGS: Record<Backfill["state"], string> = {
  running: "Its runs are being made, or have not all ended.",
  done: "All its runs were made and have ended.",
  cancelled: "It was stopped before its end.",
};

type LeftOut = Backfill["progress"]["left_out"];
type Progress = Backfill["progress"];
export type Part = { kind: "succeeded" | "wrong" | "open" | "left out"; percent: number };

const count = (number: number): string => number.toLocaleString("en");
const times = (number: number): string => `${count(number)} fire time${number === 1 ? "" : "s"}`;

/** "12 left out: 10 have run, 2 in closed time"; empty where none is. */
export function leftOutWords({ has_run, closed, skipped }: LeftOut): string {
  const parts = [
    ...(has_run > 0 ? [`${count(has_run)} ${has_run === 1 ? "has" : "have"} run`] : []),
    ...(closed > 0 ? [`${count(closed)} in closed time`] : []),
    ...(skipped > 0 ? [`${count(skipped)} skipped on purpose`] : []),
  ];
  return parts.length === 0 ? "" : `${count(has_run + closed + skipped)} left out: ${parts.join(", ")}`;
}

/** What a backfill would do, in sentences. */
export function previewWords(preview: BackfillPreview): string {
  const { fire_times, fire_times_exact, looked_at, would_run, left_out } = preview;
  const found = fire_times_exact ? times(fire_times) : `At least ${times(fire_times)}`;
  const first = fire_times_exact ? "" : ` Of the first ${count(looked_at)},`;
  const would = would_run === 0 ? "none would run" : `${count(would_run)} would run`;
  const left = leftOutWords(left_out);
  return `${found}.${first} ${first === "" ? would.charAt(0).toUpperCase() + would.slice(1) : would}${left && `; ${left}`}.`;
}

/** How much of the span is decided on, from 0 to 1: by number, or by time where the number is not known. */
export function shareDecided({ progress, next_fire_time, ...backfill }: Backfill): number {
  if (next_fire_time === null) {
    return 1;
  }
  if (progress.fire_times_exact) {
    return Math.min(1, progress.looked_at / Math.max(1, progress.fire_times));
  }
  const [from, until, next] = [backfill.from, backfill.until, next_fire_time].map((at) => Date.parse(at)) as [
    number,
    number,
    number,
  ];
  const behind = (next - from) / Math.max(1, until - from);
  return Math.min(1, Math.max(0, backfill.order === "oldest" ? behind : 1 - behind));
}

const sum = ({ states }: Progress, wanted: (state: RunState) => boolean): number =>
  Object.entries(states).reduce((total, [state, number]) => total + (wanted(state as RunState) ? number : 0), 0);

/** The parts of the progress bar, in percent of the whole span. */
export function barParts(backfill: Backfill): Part[] {
  const { progress } = backfill;
  const share = shareDecided(backfill);
  const succeeded = sum(progress, (state) => state === "succeeded");
  const open = sum(progress, (state) => isOpen({ state }));
  const wrong = sum(progress, () => true) - succeeded - open;
  const rest = progress.looked_at - succeeded - open - wrong;
  const whole = Math.max(1, progress.looked_at);
  const part = (kind: Part["kind"], number: number): Part => ({ kind, percent: (100 * share * number) / whole });
  return [part("succeeded", succeeded), part("wrong", wrong), part("open", open), part("left out", rest)].filter(
    ({ percent }) => percent > 0,
  );
}

/** "120 of 1,440 fire times · 100 succeeded, 4 running · 16 left out: 16 have run". */
export function progressWords({ progress }: Backfill): string {
  const { looked_at, fire_times, fire_times_exact, states, removed, left_out } = progress;
  const ends = [
    ...Object.entries(states).map(([state, number]) => `${count(number)} ${state}`),
    ...(removed > 0 ? [`${count(removed)} removed since`] : []),
  ].join(", ");
  const of = `${count(looked_at)} of ${fire_times_exact ? "" : "at least "}${times(fire_times)}`;
  return [of, ends, leftOutWords(left_out)].filter((text) => text !== "").join(" · ");
}
