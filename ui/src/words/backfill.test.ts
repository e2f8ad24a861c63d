import { describe, expect, it } from "vitest";
import type { Backfill, BackfillPreview } from "../api/types";
import { barParts, leftOutWords, previewWords, progressWords, shareDecided } from "./backfill";

const NONE = { has_run: 0, closed: 0, skipped: 0 };

const backfill = (part: Partial<Backfill> = {}, progress: Partial<Backfill["progress"]> = {}): Backfill => ({
  id: "b",
  schedule_id: "s",
  schedule: "report",
  schedule_version: 1,
  from: "2026-07-01T00:00:00Z",
  until: "2026-07-11T00:00:00Z",
  reprocess: "none",
  parallelism: 4,
  order: "oldest",
  state: "running",
  reason: null,
  error: null,
  actor: "anna",
  created_at: "2026-07-15T00:00:00Z",
  finished_at: null,
  next_fire_time: "2026-07-04T00:00:00Z",
  progress: {
    fire_times: 1440,
    fire_times_exact: true,
    looked_at: 0,
    left_out: NONE,
    made: 0,
    open: 0,
    states: {},
    removed: 0,
    ...progress,
  },
  ...part,
});

const preview = (part: Partial<BackfillPreview> = {}): BackfillPreview => ({
  schedule_version: 1,
  until: "2026-07-11T00:00:00Z",
  first: "2026-07-01T00:00:00Z",
  last: "2026-07-10T00:00:00Z",
  fire_times: 24,
  fire_times_exact: true,
  looked_at: 24,
  would_run: 24,
  left_out: NONE,
  ...part,
});

describe("what a backfill would do", () => {
  it("is told in sentences", () => {
    expect(previewWords(preview())).toBe("24 fire times. 24 would run.");
    const left_out = { has_run: 20, closed: 1, skipped: 1 };
    expect(previewWords(preview({ would_run: 2, left_out }))).toBe(
      "24 fire times. 2 would run; 22 left out: 20 have run, 1 in closed time, 1 skipped on purpose.",
    );
    expect(previewWords(preview({ fire_times: 1, would_run: 0, left_out: { ...NONE, has_run: 1 } }))).toBe(
      "1 fire time. None would run; 1 left out: 1 has run.",
    );
  });

  it("says where counting was given up", () => {
    const some = preview({ fire_times: 20_000, fire_times_exact: false, looked_at: 20_000, would_run: 20_000 });
    expect(previewWords(some)).toBe("At least 20,000 fire times. Of the first 20,000, 20,000 would run.");
  });

  it("has nothing to say of what is not left out", () => {
    expect(leftOutWords(NONE)).toBe("");
  });
});

describe("the progress of a backfill", () => {
  const states = { succeeded: 60, failed: 10, running: 4, queued: 6 };
  const busy = backfill({}, { looked_at: 720, made: 80, open: 10, states, left_out: { ...NONE, has_run: 640 } });

  it("is told in words", () => {
    expect(progressWords(busy)).toBe(
      "720 of 1,440 fire times · 60 succeeded, 10 failed, 4 running, 6 queued · 640 left out: 640 have run",
    );
    const old = backfill({}, { fire_times_exact: false, looked_at: 9, made: 9, removed: 9 });
    expect(progressWords(old)).toBe("9 of at least 1,440 fire times · 9 removed since");
  });

  it("goes by number, by time where the number is not known, and is whole at the end", () => {
    expect(shareDecided(busy)).toBe(0.5);
    const vague = { fire_times_exact: false, looked_at: 5 };
    expect(shareDecided(backfill({}, vague))).toBeCloseTo(0.3);
    expect(shareDecided(backfill({ order: "newest" }, vague))).toBeCloseTo(0.7);
    expect(shareDecided(backfill({ next_fire_time: null }))).toBe(1);
  });

  it("shows what succeeded, went wrong, is open and was left out, up to the share that is decided on", () => {
    const parts = barParts(busy);
    expect(parts.map(({ kind }) => kind)).toEqual(["succeeded", "wrong", "open", "left out"]);
    expect(parts.reduce((sum, { percent }) => sum + percent, 0)).toBeCloseTo(50);
    expect(parts[1]?.percent).toBeCloseTo((50 * 10) / 720);
    expect(barParts(backfill())).toEqual([]);
  });
});
