import type { CatchUp, Concurrency, OnLost, Overlap, Retry, Schedule } from "../api/types";
import { readDuration, writeDuration } from "../words/duration";

/** The policies of a schedule, as the form's inputs show them. */
export type PoliciesDraft = {
  overlap: Overlap;
  key: string;
  limit: string;
  attempts: string;
  delay: string;
  backoff: string;
  maxDelay: string;
  onLost: OnLost;
  timeout: string;
  expires: string;
  pauseAfterFailures: string;
  catchup: { policy: CatchUp["policy"]; grace: string; window: string; limit: string };
};

/** The same as the API takes them; lengths of time are in seconds. */
export type Policies = {
  overlap: Overlap;
  concurrency: Concurrency | null;
  retry: Retry;
  on_lost: OnLost;
  timeout: number | null;
  expires: number | null;
  pause_after_failures: number | null;
  catchup: CatchUp;
};

export const DEFAULT_POLICIES: PoliciesDraft = {
  overlap: "allow",
  key: "",
  limit: "1",
  attempts: "1",
  delay: "10s",
  backoff: "2",
  maxDelay: "1h",
  onLost: "fail",
  timeout: "",
  expires: "",
  pauseAfterFailures: "",
  catchup: { policy: "latest", grace: "1m", window: "1d", limit: "100" },
};

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

export const areDefault = (policies: PoliciesDraft): boolean => same(policies, DEFAULT_POLICIES);

/** Whether catching up is as it is without being asked for. */
export const isDefaultCatchUp = (schedule: Schedule): boolean =>
  same(draftOfPolicies(schedule).catchup, DEFAULT_POLICIES.catchup);

const optionalSpan = (seconds: number | null): string => (seconds === null ? "" : writeDuration(seconds));

export function draftOfPolicies(schedule: Schedule): PoliciesDraft {
  const { overlap, concurrency, retry, on_lost, timeout, expires, pause_after_failures, catchup } = schedule;
  return {
    overlap,
    key: concurrency?.key ?? "",
    limit: String(concurrency?.limit ?? DEFAULT_POLICIES.limit),
    attempts: String(retry.attempts),
    delay: writeDuration(retry.delay),
    backoff: String(retry.backoff),
    maxDelay: writeDuration(retry.max_delay),
    onLost: on_lost,
    timeout: optionalSpan(timeout),
    expires: optionalSpan(expires),
    pauseAfterFailures: pause_after_failures === null ? "" : String(pause_after_failures),
    catchup: {
      policy: catchup.policy,
      grace: writeDuration(catchup.grace),
      window: writeDuration(catchup.window),
      limit: String(catchup.limit),
    },
  };
}

const wholeNumber = (text: string): number | null => (/^0*[1-9]\d*$/.test(text) ? Number(text) : null);
const factor = (text: string): number | null => (/^\d+(\.\d+)?$/.test(text) && Number(text) >= 1 ? Number(text) : null);
const someTime = (text: string): number | null => readDuration(text) || null;

const WHOLE = "Enter a whole number from 1 on.";
const SPAN = "Enter a duration, such as 30s or 5m.";

/** Reads the inputs. What cannot be read is told at its field, and counts as the default. */
export function readPolicies(draft: PoliciesDraft): { policies: Policies; faults: Record<string, string> } {
  const faults: Record<string, string> = {};
  const read = (field: string, text: string, reader: (text: string) => number | null, fault: string): number | null => {
    const value = reader(text.trim());
    if (value === null) {
      faults[field] = fault;
    }
    return value;
  };
  const optional = (field: string, text: string, reader: (text: string) => number | null, fault: string) =>
    text.trim() === "" ? null : read(field, text, reader, fault);
  const key = draft.key.trim();
  const { catchup } = draft;
  const policies: Policies = {
    overlap: draft.overlap,
    concurrency: key === "" ? null : { key, limit: read("concurrency.limit", draft.limit, wholeNumber, WHOLE) ?? 1 },
    retry: {
      attempts: read("retry.attempts", draft.attempts, wholeNumber, WHOLE) ?? 1,
      delay: read("retry.delay", draft.delay, readDuration, SPAN) ?? 0,
      backoff: read("retry.backoff", draft.backoff, factor, "Enter a number from 1 on.") ?? 1,
      max_delay: read("retry.max_delay", draft.maxDelay, readDuration, SPAN) ?? 0,
    },
    on_lost: draft.onLost,
    timeout: optional("timeout", draft.timeout, someTime, SPAN),
    expires: optional("expires", draft.expires, someTime, SPAN),
    pause_after_failures: optional("pause_after_failures", draft.pauseAfterFailures, wholeNumber, WHOLE),
    catchup: {
      policy: catchup.policy,
      grace: read("catchup.grace", catchup.grace, readDuration, SPAN) ?? 0,
      window: read("catchup.window", catchup.window, readDuration, SPAN) ?? 0,
      limit: read("catchup.limit", catchup.limit, wholeNumber, WHOLE) ?? 1,
    },
  };
  return { policies, faults };
}

/** The names of the policies that the form changed, so that a length it cannot show exactly stays as it was. */
export function changedPolicies(opened: PoliciesDraft, draft: PoliciesDraft): (keyof Policies)[] {
  const [before, after] = [readPolicies(opened).policies, readPolicies(draft).policies];
  return (Object.keys(after) as (keyof Policies)[]).filter((name) => !same(before[name], after[name]));
}

const PARTS: Record<string, string[]> = {
  concurrency: ["key", "limit"],
  retry: ["attempts", "delay", "backoff", "max_delay"],
  catchup: ["policy", "grace", "window", "limit"],
};
const WHOLES = ["overlap", "on_lost", "timeout", "expires", "pause_after_failures"];

export const POLICY_FIELDS = [
  ...WHOLES,
  ...Object.entries(PARTS).flatMap(([name, parts]) => parts.map((part) => `${name}.${part}`)),
];

/** The form's field for a fault of a policy, by the first two parts of its path; null when it is of no policy. */
export function policyField(head: string, second: string): string | null {
  const parts = PARTS[head];
  if (parts === undefined) {
    return WHOLES.includes(head) ? head : null;
  }
  return `${head}.${parts.includes(second) ? second : parts[0]}`;
}
