import type { Backfill, Schedule } from "../api/types";
import { viewerZone } from "../words/time";
import { instantOf, wallInput } from "../words/zones";

/** What the form's inputs show; the span is in wall times of `backfillZone`. */
export type BackfillDraft = {
  from: string;
  until: string;
  reprocess: Backfill["reprocess"];
  parallelism: string;
  order: Backfill["order"];
};

/** The same as the API takes it. */
export type BackfillBody = {
  from: string;
  until: string | null;
  reprocess: Backfill["reprocess"];
  parallelism: number;
  order: Backfill["order"];
};

export const BACKFILL_FIELDS = ["from", "until", "reprocess", "parallelism", "order"] as const;

const MOST_PARALLEL = 1000;
const DAY = 86_400_000;

/** The zone in which the span is read: that of the trigger where it reads a clock, else the viewer's. */
export const backfillZone = ({ trigger }: Pick<Schedule, "trigger">): string =>
  "timezone" in trigger ? trigger.timezone : viewerZone();

/** The day up to now, what has not run, one at a time: what asks least. */
export function newBackfill(zone: string, now: number): BackfillDraft {
  const from = new Date(Math.floor((now - DAY) / 60_000) * 60_000).toISOString();
  return { from: wallInput(from, zone), until: "", reprocess: "none", parallelism: "1", order: "oldest" };
}

/** Reads the inputs: the body, or what is wrong with them by field. */
export function readBackfill(
  draft: BackfillDraft,
  zone: string,
): { body: BackfillBody | null; faults: Record<string, string> } {
  const faults: Record<string, string> = {};
  const wanted = `Enter a date and a time on the clocks of ${zone}`;
  const from = instantOf(draft.from, zone);
  if (from === null) {
    faults["from"] = `${wanted}.`;
  }
  const until = draft.until.trim() === "" ? null : instantOf(draft.until, zone);
  if (until === null && draft.until.trim() !== "") {
    faults["until"] = `${wanted}, or nothing for now.`;
  }
  const parallelism = /^\d+$/.test(draft.parallelism.trim()) ? Number(draft.parallelism) : 0;
  if (parallelism < 1 || parallelism > MOST_PARALLEL) {
    faults["parallelism"] = "Enter a whole number from 1 to 1000.";
  }
  if (from === null || Object.keys(faults).length > 0) {
    return { body: null, faults };
  }
  return { body: { from, until, reprocess: draft.reprocess, parallelism, order: draft.order }, faults };
}

/** The form's field for a fault's path, or null. */
export const fieldOfBackfill = (path: string): string | null => BACKFILL_FIELDS.find((field) => field === path) ?? null;
