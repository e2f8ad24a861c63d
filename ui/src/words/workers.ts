import type { Worker } from "../api/types";

const many = (count: number, one: string, more: string): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

/** What a worker does: "runs 3 of 4 tasks, 2 more wait in it"; without the plug-in it does not tell of how many. */
export function loadInWords(worker: Pick<Worker, "active" | "concurrency" | "reserved" | "plugin">): string {
  const { active, concurrency, reserved, plugin } = worker;
  const waiting = reserved === 0 ? "" : `, ${many(reserved, "more waits", "more wait")} in it`;
  return plugin
    ? `runs ${active.toLocaleString("en")} of ${many(concurrency, "task", "tasks")}${waiting}`
    : `runs ${many(active, "task", "tasks")}${waiting}`;
}

/** What runs in it: "Celery 5.7.0, plug-in 0.1.0". */
export function versionsInWords({
  celery_version,
  version,
  plugin,
}: Pick<Worker, "celery_version" | "version" | "plugin">) {
  const celery = celery_version === null ? "" : `Celery ${celery_version}, `;
  return plugin
    ? `${celery}plug-in ${version ?? "of an older release"}`
    : `${celery}no plug-in: what is known are its events`;
}

/** What it has done since it started: "41 tasks begun, 3 second starts refused by the gate". */
export function doneInWords({ processed, refused }: Pick<Worker, "processed" | "refused">): string {
  const begun = `${many(processed, "task", "tasks")} begun`;
  return refused === 0 ? begun : `${begun}, ${many(refused, "second start", "second starts")} refused by the gate`;
}

/** What has not reached the database: "5 waiting, 2 dropped"; null while all has. */
export function recordsInWords(worker: Pick<Worker, "records_waiting" | "records_dropped">): string | null {
  const parts: string[] = [];
  if (worker.records_waiting > 0) {
    parts.push(`${worker.records_waiting.toLocaleString("en")} waiting`);
  }
  if (worker.records_dropped > 0) {
    parts.push(`${worker.records_dropped.toLocaleString("en")} dropped`);
  }
  return parts.length === 0 ? null : parts.join(", ");
}
