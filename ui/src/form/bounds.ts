import type { CalendarUse, Schedule } from "../api/types";
import { readDuration, writeDuration } from "../words/duration";
import { viewerZone } from "../words/time";
import { instantOf, wallInput } from "../words/zones";
import { kindOfText, type TriggerDraft, ZONED, zoneInText } from "./trigger";

/** What bounds a trigger, as the form's inputs show it; the start and the end are wall times in `boundsZone`. */
export type BoundsDraft = {
  startAt: string;
  endAt: string;
  maxRuns: string;
  jitter: string;
  blackout: string[];
  allowed: string[];
  whenClosed: CalendarUse["when_closed"];
};

/** The same as the API takes it; the jitter is in seconds. */
export type Bounds = {
  start_at: string | null;
  end_at: string | null;
  max_runs: number | null;
  jitter: number;
  calendars: CalendarUse;
};

export const EMPTY_BOUNDS: BoundsDraft = {
  startAt: "",
  endAt: "",
  maxRuns: "",
  jitter: "",
  blackout: [],
  allowed: [],
  whenClosed: "skip",
};

export const BOUNDS_FIELDS = [
  "start_at",
  "end_at",
  "max_runs",
  "jitter",
  "calendars.blackout",
  "calendars.allowed",
  "calendars.when_closed",
] as const;

/** The zone in which the start and the end are read: that of the trigger where it reads a clock, else the viewer's. */
export function boundsZone({ text, timezone }: TriggerDraft): string {
  const named = zoneInText(text);
  if (named !== null) {
    return named;
  }
  return ZONED.has(kindOfText(text)) && !text.includes("=") ? timezone : viewerZone();
}

export const isUnbounded = (bounds: BoundsDraft): boolean => JSON.stringify(bounds) === JSON.stringify(EMPTY_BOUNDS);

export function draftOfBounds(schedule: Schedule, zone: string): BoundsDraft {
  const { start_at, end_at, max_runs, jitter, calendars } = schedule;
  return {
    startAt: start_at === null ? "" : wallInput(start_at, zone),
    endAt: end_at === null ? "" : wallInput(end_at, zone),
    maxRuns: max_runs === null ? "" : String(max_runs),
    jitter: jitter === 0 ? "" : writeDuration(jitter),
    blackout: calendars.blackout,
    allowed: calendars.allowed,
    whenClosed: calendars.when_closed,
  };
}

/** Reads the inputs. What cannot be read is told at its field, and counts as not given. */
export function readBounds(draft: BoundsDraft, zone: string): { bounds: Bounds; faults: Record<string, string> } {
  const faults: Record<string, string> = {};
  const read = <T>(field: string, text: string, reader: (text: string) => T | null, fault: string): T | null => {
    const value = text.trim() === "" ? null : reader(text.trim());
    if (value === null && text.trim() !== "") {
      faults[field] = fault;
    }
    return value;
  };
  const moment = (field: string, text: string) =>
    read(field, text, (wall) => instantOf(wall, zone), `Enter a date and a time on the clocks of ${zone}.`);
  const bounds: Bounds = {
    start_at: moment("start_at", draft.startAt),
    end_at: moment("end_at", draft.endAt),
    max_runs: read("max_runs", draft.maxRuns, wholeNumber, "Enter a whole number from 1 on, or nothing."),
    jitter: read("jitter", draft.jitter, readDuration, "Enter a duration, such as 30s or 5m.") ?? 0,
    calendars: { blackout: draft.blackout, allowed: draft.allowed, when_closed: draft.whenClosed },
  };
  return { bounds, faults };
}

const wholeNumber = (text: string): number | null => (/^0*[1-9]\d*$/.test(text) ? Number(text) : null);

/** The names of what the form changed; an instant that it cannot show in full is left as it is unless it was touched. */
export function changedBounds(
  before: Bounds,
  after: Bounds,
  opened: { bounds: BoundsDraft; zone: string },
  draft: { bounds: BoundsDraft; zone: string },
): (keyof Bounds)[] {
  const touched = (key: "startAt" | "endAt") =>
    opened.bounds[key] !== draft.bounds[key] || (draft.bounds[key] !== "" && opened.zone !== draft.zone);
  const differs = (key: keyof Bounds) => JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  const changed: Record<keyof Bounds, boolean> = {
    start_at: touched("startAt") && differs("start_at"),
    end_at: touched("endAt") && differs("end_at"),
    max_runs: differs("max_runs"),
    jitter: opened.bounds.jitter !== draft.bounds.jitter && differs("jitter"),
    calendars: differs("calendars"),
  };
  return (Object.keys(changed) as (keyof Bounds)[]).filter((key) => changed[key]);
}
