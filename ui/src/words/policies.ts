import type { CalendarUse, CatchUp, OnLost, Overlap, Retry } from "../api/types";
import { measured } from "./duration";

export const CATCH_UP_POLICIES: { value: CatchUp["policy"]; label: string }[] = [
  { value: "latest", label: "Run the latest one" },
  { value: "all", label: "Run all of them" },
  { value: "none", label: "Run none" },
];

export const OVERLAPS: { value: Overlap; label: string; description: string }[] = [
  { value: "allow", label: "Run beside it", description: "Runs do not wait for each other." },
  { value: "skip", label: "Skip the new run", description: "Its record says which run was still going on." },
  {
    value: "buffer_one",
    label: "Let one wait",
    description: "The new run starts once the other has ended; while one waits already, further ones are skipped.",
  },
  {
    value: "buffer_all",
    label: "Let all wait",
    description: "They start one after the other, the longest due first; at most 1,000 wait.",
  },
  {
    value: "cancel_other",
    label: "Cancel the other run",
    description: "It is asked to stop and may clean up; the new run starts once it has ended.",
  },
  {
    value: "terminate_other",
    label: "Terminate the other run",
    description: "Its process is ended, and the new run starts at once.",
  },
];

export const LOST_RUNS: { value: OnLost; label: string; description: string }[] = [
  { value: "fail", label: "It is lost", description: "The run ends as lost, and counts as a failure." },
  {
    value: "rerun",
    label: "Attempt it again",
    description: "Right for tasks that do no harm when they run twice; at most 5 times.",
  },
];

/** How the page calls each policy that the API tells in words. */
export const POLICY_LABELS: Record<string, string> = {
  overlap: "Overlap",
  concurrency: "Shared limit",
  retry: "Retry",
  timeout: "Timeout",
  expires: "Expires",
  pause_after_failures: "Failure limit",
  on_lost: "Lost runs",
  exchange: "Exchange",
  routing_key: "Routing key",
  priority: "Priority",
  headers: "Headers",
  soft_time_limit: "Soft time limit",
  time_limit: "Time limit",
};

const PAUSES_SHOWN = 4;

/** The pauses before further attempts, in a sentence; null when there is no further attempt. */
export function pausesInWords({ attempts, delay, backoff, max_delay }: Retry): string | null {
  if (attempts < 2) {
    return null;
  }
  const pauses = Array.from({ length: Math.min(attempts - 1, PAUSES_SHOWN) }, (_, index) =>
    measured(Math.min(delay * backoff ** index, max_delay)),
  );
  const first = `The next attempt is sent ${pauses[0]} after the first one failed`;
  const more = pauses.slice(1);
  const rest = attempts - 1 > PAUSES_SHOWN ? " and so on" : "";
  return more.length === 0 ? `${first}.` : `${first}, then after ${more.join(", ")}${rest}.`;
}

export const WHEN_CLOSED: { value: CalendarUse["when_closed"]; label: string; description: string }[] = [
  { value: "skip", label: "Skip it", description: "It does not run; its record says which calendar kept it from it." },
  {
    value: "next_open",
    label: "Run at the next opening",
    description: "The last one before the opening is sent once the calendars open; earlier ones are skipped.",
  },
];

/** What happens to fire times at which the calendars are closed, in one sentence. */
export function whenClosedInWords({ when_closed }: CalendarUse): string {
  switch (when_closed) {
    case "skip":
      return "Fire times are skipped; their records say which calendar kept them from running.";
    case "next_open":
      return "The last fire time before the opening is sent once the calendars open; earlier ones are skipped.";
  }
}

/** What happens to fire times that are met late, in one or two sentences. */
export function catchUpInWords({ policy, grace, window, limit }: CatchUp): string {
  const late = `more than ${measured(grace)} late`;
  const reach = `of the last ${measured(window)}`;
  switch (policy) {
    case "none":
      return `Fire times met ${late} do not run; they are recorded as missed.`;
    case "latest":
      return `Of fire times met ${late}, the latest one ${reach} runs; the others are recorded as missed.`;
    case "all":
      return `Fire times met ${late} all run, the newest ${limit.toLocaleString("en")} ${reach}; the others are recorded as missed.`;
  }
}
