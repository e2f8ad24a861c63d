import type { Worker } from "../api/types";

const many = (count: number, one: string, more: string): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

/** What a worker does: "runs 3 of 4 tasks, 2 more wait in it". */
export function loadInWords({ active, concurrency, reserved }: Pick<Worker, "active" | "concurrency" | "reserved">) {
  const waiting = reserved === 0 ? "" : `, ${many(reserved, "more waits", "more wait")} in it`;
  return `runs ${active.toLocaleString("en")} of ${many(concurrency, "task", "tasks")}${waiting}`;
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
