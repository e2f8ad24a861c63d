const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const COLUMN_MINUTES = [1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440];
const TICK_MINUTES = [15, 30, 60, 120, 180, 360, 720];

/** Some minutes drawn as one: from `first` to before `until`, counted from the start of the window. */
export type Column = { first: number; until: number };

/** Divides a window of minutes into at most about `most` columns, which begin at round times on the viewer's clocks. */
export function columnsOf(start: string, minutes: number, most: number): Column[] {
  const size = COLUMN_MINUTES.find((each) => minutes / each <= most) ?? 1440;
  const columns: Column[] = [];
  let first = 0;
  const wall = Date.parse(start) / MINUTE - new Date(start).getTimezoneOffset();
  let until = size - (wall % size);
  while (first < minutes) {
    columns.push({ first, until: Math.min(until, minutes) });
    first = until;
    until += size;
  }
  return columns;
}

/** The busiest minute of a column, the first of those that are as busy. */
export function busiestOf(counts: number[], { first, until }: Column): { minute: number; runs: number } {
  let busiest = { minute: first, runs: counts[first] ?? 0 };
  for (let minute = first + 1; minute < until; minute += 1) {
    const runs = counts[minute] ?? 0;
    if (runs > busiest.runs) {
      busiest = { minute, runs };
    }
  }
  return busiest;
}

/** Round whole numbers from 0 up to at most `most`, about four of them. */
export function countTicks(most: number): number[] {
  const rough = Math.max(most, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5].find((each) => each * power >= rough) ?? 10) * power);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** The days that a window touches on the viewer's clocks, each as far as it is in the window. */
export function daysOf(start: number, end: number): { from: number; until: number }[] {
  const days: { from: number; until: number }[] = [];
  let from = start;
  for (let at = quarterAfter(start); at < end; at += QUARTER) {
    if (new Date(at).getDate() !== new Date(at - QUARTER).getDate()) {
      days.push({ from, until: at });
      from = at;
    }
  }
  days.push({ from, until: end });
  return days;
}

/** Round times on the viewer's clocks, as dense as `gap` milliseconds allow; none where even noon would be too dense. */
export function timeTicks(start: number, end: number, gap: number): number[] {
  const size = TICK_MINUTES.find((minutes) => minutes * MINUTE >= gap);
  if (size === undefined) {
    return [];
  }
  const ticks: number[] = [];
  for (let at = quarterAfter(start - 1); at < end; at += QUARTER) {
    const wall = new Date(at);
    if ((wall.getHours() * 60 + wall.getMinutes()) % size === 0) {
      ticks.push(at);
    }
  }
  return ticks;
}

const quarterAfter = (instant: number): number => (Math.floor(instant / QUARTER) + 1) * QUARTER;
