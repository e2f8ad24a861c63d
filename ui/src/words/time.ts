const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const wall = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: "UTC",
});
const wallClock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: "UTC",
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const year = new Intl.DateTimeFormat(undefined, { year: "numeric" });

const STEPS: [limit: number, size: number, unit: string][] = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [86_400 * 45, 86_400, "d"],
  [86_400 * 365, 86_400 * 30, "months"],
  [Number.POSITIVE_INFINITY, 86_400 * 365, "years"],
];

/** Says how far an instant is from now: "in 4 s", "2 h ago", "now" within a second. */
export function relativeTime(at: string, now: number): string {
  const seconds = Math.round((Date.parse(at) - now) / 1000);
  const distance = Math.abs(seconds);
  const step = STEPS.find(([limit]) => distance < limit);
  if (distance < 1 || step === undefined) {
    return "now";
  }
  const [, size, unit] = step;
  const count = Math.trunc(distance / size);
  const amount = `${count} ${count === 1 && unit.length > 3 ? unit.slice(0, -1) : unit}`;
  return seconds > 0 ? `in ${amount}` : `${amount} ago`;
}

const SWIFT = 5; // seconds within which a fire time that has come is simply "now": the next answer brings the next one

/** How far a coming fire time is: as `relativeTime`, but one that has just come is "now" and an older one is overdue. */
export function untilFireTime(at: string, now: number): string {
  const late = (now - Date.parse(at)) / 1000;
  if (late <= 0) {
    return relativeTime(at, now);
  }
  return late < SWIFT ? "now" : `due ${relativeTime(at, now)}`;
}

/** The instant in the viewer's zone, as short as it can be and still be clear today. */
export function shortTime(at: string, now: number): string {
  const instant = new Date(at);
  const today = new Date(now);
  if (instant.toDateString() === today.toDateString()) {
    return clock.format(instant);
  }
  const text = dayAndClock.format(instant);
  return instant.getFullYear() === today.getFullYear() ? text : `${text}, ${year.format(instant)}`;
}

/** The instant in the viewer's zone, in full. */
export function fullTime(at: string): string {
  return full.format(new Date(at));
}

/** The wall time that an RFC 3339 text names, read as it stands: the offset belongs to the trigger's zone, not ours. */
export function wallTime(local: string, now: number): string {
  const text = wall.format(new Date(`${local.slice(0, 19)}Z`));
  return local.startsWith(String(new Date(now).getFullYear())) ? text : `${text}, ${local.slice(0, 4)}`;
}

/** A wall time told beside another one: its clock time alone where the day is the same. */
export function wallTimeBeside(local: string, other: string, now: number): string {
  return local.slice(0, 10) === other.slice(0, 10)
    ? wallClock.format(new Date(`${local.slice(0, 19)}Z`))
    : wallTime(local, now);
}

export const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** All time zones this browser knows, UTC first. */
export function timeZones(): string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
}
