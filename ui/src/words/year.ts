import type { Stretch } from "../api/types";
import { instantOf } from "./zones";

/** How much of a day a calendar covers, with the labels of what covers it. */
export type Day = { date: string; covered: "none" | "part" | "full"; labels: string[] };
export type Month = {
  name: string;
  days: Day[] /** How many days of its first week belong to the month before. */;
  lead: number;
};

const monthName = new Intl.DateTimeFormat(undefined, { month: "long", timeZone: "UTC" });
const DAY = 86_400_000;

const dateOf = (utc: number): string => new Date(utc).toISOString().slice(0, 10);

/** Midnight of a day on the clocks of a zone; where there is none, the first instant of the day. */
const midnight = (date: string, zone: string): number =>
  Date.parse(instantOf(`${date}T00:00`, zone) ?? `${date}T00:00Z`);

/** The instants between which a year lies on the clocks of a zone. */
export function yearBounds(year: number, zone: string): { from: string; until: string } {
  const at = (start: number) => new Date(midnight(`${start}-01-01`, zone)).toISOString();
  return { from: at(year), until: at(year + 1) };
}

type Span = { start: number; end: number; label: string };

/** How much of the time between two instants the spans cover together, in milliseconds. */
function coveredTime(spans: Span[], from: number, until: number): number {
  let total = 0;
  let reached = from;
  for (const { start, end } of spans) {
    const begin = Math.max(start, reached);
    const stop = Math.min(end, until);
    if (stop > begin) {
      total += stop - begin;
      reached = stop;
    }
  }
  return total;
}

/** The twelve months of a year, each day with what of it the stretches cover on the clocks of a zone. */
export function monthsOf(stretches: Stretch[], year: number, zone: string): Month[] {
  const spans = stretches
    .map(({ start, end, label }) => ({ start: Date.parse(start), end: Date.parse(end), label }))
    .toSorted((one, other) => one.start - other.start);
  const day = (date: string, from: number, until: number): Day => {
    const touching = spans.filter(({ start, end }) => start < until && end > from);
    const time = coveredTime(touching, from, until);
    const covered = time === 0 ? "none" : time >= until - from ? "full" : "part";
    return { date, covered, labels: [...new Set(touching.map(({ label }) => label))] };
  };
  return Array.from({ length: 12 }, (_, month) => {
    const first = Date.UTC(year, month, 1);
    const days: Day[] = [];
    let from = midnight(dateOf(first), zone);
    for (let at = first; at < Date.UTC(year, month + 1, 1); at += DAY) {
      const until = midnight(dateOf(at + DAY), zone);
      days.push(day(dateOf(at), from, until));
      from = until;
    }
    return { name: monthName.format(first), days, lead: (new Date(first).getUTCDay() + 6) % 7 };
  });
}
