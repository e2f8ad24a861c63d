const UNITS: [suffix: string, seconds: number][] = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];

const SIZES: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A measured duration as people say it, to about two figures: "8 ms", "1.4 s", "2 min 5 s", "3 h 20 min", "2 d 4 h". */
export function measured(seconds: number): string {
  if (seconds < 0) {
    return `−${measured(-seconds)}`;
  }
  if (seconds < 0.9995) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 59.95) {
    return `${seconds < 9.95 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`;
  }
  const whole = Math.round(seconds);
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string => {
    const rest = Math.floor((whole % big) / small);
    return rest === 0
      ? `${Math.floor(whole / big)} ${bigUnit}`
      : `${Math.floor(whole / big)} ${bigUnit} ${rest} ${smallUnit}`;
  };
  if (whole < 3600) {
    return pair(60, "min", 1, "s");
  }
  return whole < 86_400 ? pair(3600, "h", 60, "min") : pair(86_400, "d", 3600, "h");
}

/** Seconds between two instants, or null while one of them is not known. */
export function secondsBetween(from: string | null | undefined, to: string | null | undefined): number | null {
  return from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null;
}

/** A set duration in the short form that inputs take, exact: 90 → "1m30s", 86400 → "1d", 0.5 → "0.5s". */
export function writeDuration(seconds: number): string {
  if (seconds === 0) {
    return "0s";
  }
  let rest = seconds;
  let text = "";
  for (const [suffix, size] of UNITS) {
    const count = suffix === "s" ? Number(rest.toFixed(6)) : Math.floor(rest / size);
    if (count > 0) {
      text += `${count}${suffix}`;
      rest -= count * size;
    }
  }
  return text;
}

/** Reads "90", "90s", "1m30s", "1d 2h"; null when it is none of these. A bare number is in seconds. */
export function readDuration(text: string): number | null {
  const compact = text.replaceAll(/\s+/g, "").toLowerCase();
  if (/^\d+(\.\d+)?$/.test(compact)) {
    return Number(compact);
  }
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(compact)) {
    return null;
  }
  let total = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    total += Number(amount) * (SIZES[unit ?? "s"] ?? 1);
  }
  return Number(total.toFixed(6));
}
