import type { Forecast, Outlook } from "../api/types";

const minute = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** A minute in the viewer's zone: "Tue 24 Nov, 00:00". */
export const minuteTime = (at: number | string): string => minute.format(new Date(at));

/** Its clock time alone: "00:00". */
export const minuteClock = (at: number): string => clock.format(new Date(at));

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** A mean to about two figures: "0.013", "4.7", "1,250". */
export const meanCount = (mean: number): string =>
  mean < 10
    ? mean.toLocaleString("en", { maximumSignificantDigits: 2 })
    : mean.toLocaleString("en", { maximumFractionDigits: 0 });

const peakRuns = ({ peak, complete }: Outlook): string => `${complete ? "" : "at least "}${counted(peak, "run")}`;

/** How busy the busiest minute would be: "With H the busiest minute would have 12 runs instead of 340." */
export function spreadWords(way: string, spread: Outlook, asIs: Outlook): string {
  const busiest = `With ${way} the busiest minute would`;
  if (spread.peak === asIs.peak && spread.complete && asIs.complete) {
    return `${busiest} still have ${peakRuns(spread)}.`;
  }
  return `${busiest} have ${peakRuns(spread)} instead of ${asIs.complete ? "" : "at least "}${asIs.peak.toLocaleString("en")}.`;
}

/** Whether there is any schedule that a forecast counts, or leaves out for what may pass. */
export const hasSchedules = ({ as_is, left_out }: Forecast): boolean =>
  as_is.schedules + as_is.over_budget + left_out.paused + left_out.error > 0;

/** Where counts begin to be lower bounds, and why; null where they are exact. */
export function incompleteWords({ start, as_is }: Forecast): { title: string; reason: string } | null {
  if (as_is.complete) {
    return null;
  }
  const from = as_is.complete_until === start ? "All counts" : `From ${minuteTime(as_is.complete_until)} on, counts`;
  const left = as_is.over_budget > 0 ? ` ${counted(as_is.over_budget, "schedule")} could not be counted.` : "";
  return { title: `${from} are lower bounds`, reason: `To count all would take too much work for one answer.${left}` };
}
