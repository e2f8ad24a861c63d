export type Labels = Record<string, string>;

const KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/;

/** A label as people write it: "team=payments". */
export const labelText = (key: string, value: string): string => `${key}=${value}`;

export const labelTexts = (labels: Labels): string[] =>
  Object.entries(labels).map(([key, value]) => labelText(key, value));

/** Reads labels as people write them; the fault names the first that is none. */
export function readLabels(texts: string[]): { labels: Labels; fault: string | null } {
  const labels: Labels = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    const key = text.slice(0, at).trim();
    if (at < 0 || !KEY.test(key)) {
      return { labels: {}, fault: `“${text}” is no label. Write for example team=payments.` };
    }
    labels[key] = text.slice(at + 1).trim();
  }
  return { labels, fault: null };
}
