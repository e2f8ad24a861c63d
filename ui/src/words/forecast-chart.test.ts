import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { busiestOf, columnsOf, countTicks, daysOf, timeTicks } from "./forecast-chart";

const HOUR = 3_600_000;

beforeAll(() => {
  vi.stubEnv("TZ", "Europe/Berlin");
});

afterAll(() => {
  vi.unstubAllEnvs();
});

describe("the columns of a chart", () => {
  it("are minutes where there is room for each", () => {
    expect(columnsOf("2026-11-23T10:02:00Z", 4, 4)).toEqual([
      { first: 0, until: 1 },
      { first: 1, until: 2 },
      { first: 2, until: 3 },
      { first: 3, until: 4 },
    ]);
  });

  it("begin at round times, but for the first one, and end with the window", () => {
    expect(columnsOf("2026-11-23T10:02:00Z", 12, 4)).toEqual([
      { first: 0, until: 1 },
      { first: 1, until: 4 },
      { first: 4, until: 7 },
      { first: 7, until: 10 },
      { first: 10, until: 12 },
    ]);
  });

  it("begin at times that are round on the viewer's clocks", () => {
    const [first, second] = columnsOf("2026-11-23T10:02:00Z", 720, 6); // 11:02 in Berlin: two hours from 12:00 on
    expect(first).toEqual({ first: 0, until: 58 });
    expect(second).toEqual({ first: 58, until: 178 });
  });

  it("are never many more than asked for, whatever the window", () => {
    for (const minutes of [360, 1440, 4320, 10_080]) {
      for (const most of [90, 110, 366, 1200]) {
        expect(columnsOf("2026-11-23T10:02:00Z", minutes, most).length).toBeLessThanOrEqual(most + 1);
      }
    }
  });

  it("are as high as their busiest minute, the first of equals", () => {
    expect(busiestOf([9, 1, 5, 5, 0, 7], { first: 1, until: 5 })).toEqual({ minute: 2, runs: 5 });
    expect(busiestOf([9, 0, 0], { first: 1, until: 3 })).toEqual({ minute: 1, runs: 0 });
  });
});

it.each([
  [1, [0, 1]],
  [3, [0, 1, 2, 3]],
  [12, [0, 5, 10]],
  [340, [0, 100, 200, 300]],
  [7218, [0, 2000, 4000, 6000]],
])("up to %d the axis has %j", (most, ticks) => {
  expect(countTicks(most)).toEqual(ticks);
});

describe("the days of a window", () => {
  it("are parted at midnight on the viewer's clocks", () => {
    const start = Date.parse("2026-11-23T10:02:00Z");
    const midnight = Date.parse("2026-11-23T23:00:00Z");
    expect(daysOf(start, start + 24 * HOUR)).toEqual([
      { from: start, until: midnight },
      { from: midnight, until: start + 24 * HOUR },
    ]);
  });

  it("are 25 hours long when the clocks are put back", () => {
    const [, changed] = daysOf(Date.parse("2026-10-24T12:00:00Z"), Date.parse("2026-10-26T12:00:00Z"));
    expect(changed).toEqual({ from: Date.parse("2026-10-24T22:00:00Z"), until: Date.parse("2026-10-25T23:00:00Z") });
  });

  it("begin with the window where it begins at midnight", () => {
    const midnight = Date.parse("2026-11-22T23:00:00Z");
    expect(daysOf(midnight, midnight + 24 * HOUR)).toEqual([{ from: midnight, until: midnight + 24 * HOUR }]);
  });
});

describe("the times at a chart", () => {
  const times = (start: string, hours: number, gap: number) =>
    timeTicks(Date.parse(start), Date.parse(start) + hours * HOUR, gap).map((at) => new Date(at).toISOString());

  it("are round on the viewer's clocks", () => {
    expect(times("2026-11-23T10:02:00Z", 12, 5 * HOUR)).toEqual([
      "2026-11-23T11:00:00.000Z",
      "2026-11-23T17:00:00.000Z",
    ]);
  });

  it("have the start of the window when that is a round time", () => {
    expect(times("2026-11-23T11:00:00Z", 1, 0.4 * HOUR)).toEqual([
      "2026-11-23T11:00:00.000Z",
      "2026-11-23T11:30:00.000Z",
    ]);
  });

  it("keep to the clocks when these change", () => {
    expect(times("2026-10-24T21:30:00Z", 16, 6 * HOUR)).toEqual([
      "2026-10-24T22:00:00.000Z",
      "2026-10-25T05:00:00.000Z",
      "2026-10-25T11:00:00.000Z",
    ]);
  });

  it("are left out where they would stand too close", () => {
    expect(times("2026-11-23T10:00:00Z", 168, 13 * HOUR)).toEqual([]);
  });
});
