const formats = new Map<string, Intl.DateTimeFormat>();

/** The clock of a zone, to the second; null for a zone that this browser does not know. */
function clockOf(zone: string): Intl.DateTimeFormat | null {
  const known = formats.get(zone);
  if (known !== undefined) {
    return known;
  }
  try {
    const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
    formats.set(zone, format);
    return format;
  } catch {
    return null;
  }
}

/** What the clocks of a zone show at an instant: "2026-03-01T02:00:00"; null for an unknown zone. */
export function wallOf(instant: string, zone: string): string | null {
  return clockOf(zone)?.format(new Date(instant)).replace(" ", "T") ?? null;
}

/** The same without its seconds where they are none, as date and time inputs hold it. */
export function wallInput(instant: string, zone: string): string {
  return (wallOf(instant, zone) ?? "").replace(/:00$/, "");
}

/**
 * The instant, in UTC, at which the clocks of a zone show a wall time such as "2026-03-01T02:00": the first one where
 * they show it twice, and as much after a gap as the wall time is after its beginning. Null when there is none to tell.
 */
export function instantOf(wall: string, zone: string): string | null {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc) || clockOf(zone) === null) {
    return null;
  }
  const offsetAt = (instant: number) => Date.parse(`${wallOf(new Date(instant).toISOString(), zone)}Z`) - instant;
  // The offsets a day before and a day after are those on both sides of any change of clocks in between.
  const [before, after] = [offsetAt(asUtc - 86_400_000), offsetAt(asUtc + 86_400_000)];
  const found = [asUtc - before, asUtc - after].find((instant) => instant + offsetAt(instant) === asUtc);
  return new Date(found ?? asUtc - before).toISOString().replace(".000Z", "Z");
}
