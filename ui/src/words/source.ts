import type { Run } from "../api/types";

const TELLERS: Record<NonNullable<Run["source"]>, string> = {
  plugin: "the worker plug-in",
  events: "Celery events; its worker has no plug-in",
  result_backend: "the result backend; its worker has no plug-in",
};

/** Who tells of the run, and what is therefore not promised; null where there is nothing to say. */
export function toldBy({ source, not_promised }: Pick<Run, "source" | "not_promised">): string | null {
  const teller = source === null ? null : `Told by ${TELLERS[source]}.`;
  return [teller, ...not_promised].filter((sentence) => sentence !== null).join(" ") || null;
}
