import { describe, expect, it } from "vitest";
import type { Forecast, Outlook } from "../api/types";
import { counted, incompleteWords, meanCount, spreadWords } from "./forecast";

const outlook = (peak: number, more: Partial<Outlook> = {}): Outlook => ({
  runs: peak,
  peak,
  mean: 0,
  schedules: 1,
  over_budget: 0,
  complete: true,
  complete_until: "2026-11-24T00:00:00Z",
  counts: [peak],
  peaks: [peak],
  busiest: [],
  ...more,
});

describe("what would spread schedules out", () => {
  it.each([
    ["H", 12, 340, "With H the busiest minute would have 12 runs instead of 340."],
    ["H", 1, 2, "With H the busiest minute would have 1 run instead of 2."],
    ["5m of jitter", 7, 1340, "With 5m of jitter the busiest minute would have 7 runs instead of 1,340."],
    ["H", 3, 3, "With H the busiest minute would still have 3 runs."],
  ])("is told as a sentence (%s, %d of %d)", (way, peak, present, words) => {
    expect(spreadWords(way, outlook(peak), outlook(present))).toBe(words);
  });

  it("is told as lower bounds where it is not complete, and never as the same", () => {
    const unsure = outlook(12, { complete: false });
    expect(spreadWords("H", unsure, unsure)).toBe(
      "With H the busiest minute would have at least 12 runs instead of at least 12.",
    );
    expect(spreadWords("H", unsure, outlook(340))).toBe(
      "With H the busiest minute would have at least 12 runs instead of 340.",
    );
  });
});

describe("an incomplete forecast", () => {
  const forecast = (as_is: Outlook): Forecast => {
    const changed = { changed: 0, outlook: as_is };
    return {
      start: "2026-11-23T00:00:00Z",
      end: "2026-11-24T00:00:00Z",
      step: 60,
      jitter: 300,
      skipped: 0,
      left_out: { paused: 0, error: 0 },
      as_is,
      what_if: { h: changed, jitter: changed },
    };
  };

  it("says from when on its counts are lower bounds", () => {
    const words = incompleteWords(forecast(outlook(1, { complete: false, complete_until: "2026-11-23T12:00:00Z" })));
    expect(words?.title).toMatch(/^From .*23.* on, counts are lower bounds$/);
  });

  it("says so of all counts, and how many schedules are not in them", () => {
    const cut = { complete: false, complete_until: "2026-11-23T00:00:00Z", over_budget: 1200 };
    expect(incompleteWords(forecast(outlook(1, cut)))).toEqual({
      title: "All counts are lower bounds",
      reason: "To count all would take too much work for one answer. 1,200 schedules could not be counted.",
    });
  });

  it("is not claimed of a complete one", () => {
    expect(incompleteWords(forecast(outlook(1)))).toBeNull();
  });
});

it.each([
  [0.0125, "0.013"],
  [4.66, "4.7"],
  [1250.4, "1,250"],
])("a mean of %d is %j", (mean, words) => {
  expect(meanCount(mean)).toBe(words);
});

it.each([
  [1, "1 run"],
  [0, "0 runs"],
  [7218, "7,218 runs"],
])("a count of %d is %j", (count, words) => {
  expect(counted(count, "run")).toBe(words);
});
