import { describe, expect, it } from "vitest";
import type { Run } from "../api/types";
import { coveredCount, failuresInARow, progressInWords, progressShare, runDurations, runInWords } from "./runs";

const run = (part: Partial<Run> = {}): Run => ({
  id: "0cb8",
  schedule_id: "6b7a",
  schedule: "backup",
  schedule_version: 1,
  cause: "schedule",
  state: "pending",
  reason: null,
  fire_time: "2026-03-01T02:00:00Z",
  due_time: "2026-03-01T02:00:00Z",
  task: "backup.run",
  args: [],
  kwargs: {},
  queue: null,
  exchange: null,
  origin_id: null,
  backfill_id: null,
  expires_at: null,
  queued_at: null,
  next_attempt_at: null,
  received_at: null,
  received_by: null,
  started_at: null,
  times_out_at: null,
  finished_at: null,
  worker: null,
  attempt: 0,
  progress: null,
  result: null,
  result_is_preview: false,
  result_size: null,
  error: null,
  covered_until: null,
  covered_count: null,
  covered_count_exact: true,
  source: null,
  not_promised: [],
  notice: null,
  ...part,
});

const sent = { queued_at: "2026-03-01T02:00:00.010Z" };
const started = { ...sent, started_at: "2026-03-01T02:00:02.010Z" };
const finished = { ...started, finished_at: "2026-03-01T02:01:02.010Z" };

describe("a run in words", () => {
  it.each([
    [{}, "Recorded; the message is about to be sent."],
    [{ state: "queued", ...sent }, "Sent on time."],
    [{ state: "running", ...started }, "Sent on time, waited 2 s for a worker and has been running since."],
    [{ state: "succeeded", ...finished }, "Sent on time, waited 2 s for a worker and ran for 1 min."],
    [{ state: "failed", ...finished }, "Sent on time, waited 2 s for a worker and failed after 1 min."],
    [{ state: "queued", queued_at: "2026-03-01T02:05:00Z" }, "Sent 5 min after its due time."],
    [{ state: "missed", covered_count: 12 }, "Covers 12 fire times that did not run."],
    [{ state: "skipped", covered_count: 1 }, "Covers 1 fire time that did not run."],
    [{ state: "skipped" }, "A calendar, a pause, a deletion, another run or a lock kept it from running."],
    [{ state: "buffered" }, "It waits for other runs to end, by its policies."],
    [{ state: "lost", ...finished }, "Sent on time, waited 2 s for a worker and was lost after 1 min."],
    [{ state: "retrying", ...started, queued_at: null, attempt: 1 }, "Attempt 1 failed; the next one is to come."],
    [{ state: "running", ...started, attempt: 2 }, "Attempt 2 has been running since it started."],
  ] as [Partial<Run>, string][])("%j", (part, words) => {
    expect(runInWords(run(part))).toBe(words);
  });

  it("counts covered fire times as honestly as they are known", () => {
    expect(coveredCount(run({ covered_count: 1 }))).toBe("1 fire time");
    expect(coveredCount(run({ covered_count: 10_000, covered_count_exact: false }))).toBe("at least 10,000 fire times");
    expect(coveredCount(run())).toBeNull();
  });

  it("counts failures in a row where there are any", () => {
    expect([0, 1, 3].map(failuresInARow)).toEqual([null, "1 failure", "3 failures in a row"]);
  });

  it("measures a running run up to now", () => {
    const now = Date.parse("2026-03-01T02:00:05.010Z");
    expect(runDurations(run({ state: "running", ...started }), now)).toEqual({ late: 0.01, wait: 2, ran: 3 });
  });

  it("never shows a run time below zero, whatever the clocks of two machines say", () => {
    const odd = run({ state: "succeeded", ...started, finished_at: "2026-03-01T02:00:01Z" });
    expect(runDurations(odd).ran).toBe(0);
    expect(runInWords(odd)).toContain("ran for < 1 ms");
  });
});

describe("progress in words", () => {
  const at = "2026-03-01T02:00:00Z";
  it.each([
    [{ done: 1500, total: 6000 }, "1,500 of 6,000 (25 %)", 0.25],
    [{ done: 5999, total: 6000 }, "5,999 of 6,000 (99 %)", 5999 / 6000],
    [{ done: 7, total: 5 }, "7 of 5 (100 %)", 1],
    [{ done: 2.5, total: null }, "2.5", null],
    [{ done: 3, total: 0 }, "3", null],
  ])("%o", (part, words, share) => {
    expect(progressInWords({ note: null, at, ...part })).toBe(words);
    expect(progressShare({ note: null, at, ...part })).toBe(share);
  });
});
