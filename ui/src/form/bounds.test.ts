import { describe, expect, it } from "vitest";
import type { Schedule } from "../api/types";
import {
  type Bounds,
  type BoundsDraft,
  boundsZone,
  changedBounds,
  draftOfBounds,
  EMPTY_BOUNDS,
  readBounds,
} from "./bounds";
import { EMPTY_TRIGGER } from "./trigger";

const NONE: Bounds = {
  start_at: null,
  end_at: null,
  max_runs: null,
  jitter: 0,
  calendars: { blackout: [], allowed: [], when_closed: "skip" },
};

const FULL: Bounds = {
  start_at: "2026-03-01T01:00:00Z",
  end_at: "2026-07-31T21:59:30Z",
  max_runs: 12,
  jitter: 90,
  calendars: { blackout: ["holidays"], allowed: ["office hours"], when_closed: "next_open" },
};

describe("what bounds a schedule", () => {
  it("is nothing in an empty form", () => {
    expect(readBounds(EMPTY_BOUNDS, "UTC")).toEqual({ bounds: NONE, faults: {} });
  });

  it("is shown on the clocks of a zone and reads back the same", () => {
    const draft = draftOfBounds(FULL as Schedule, "Europe/Berlin");
    expect(draft).toEqual({
      startAt: "2026-03-01T02:00",
      endAt: "2026-07-31T23:59:30",
      maxRuns: "12",
      jitter: "1m30s",
      blackout: ["holidays"],
      allowed: ["office hours"],
      whenClosed: "next_open",
    });
    expect(readBounds(draft, "Europe/Berlin")).toEqual({ bounds: FULL, faults: {} });
  });

  it("is told at its fields where it cannot be read, and counts as not given", () => {
    const draft = { ...EMPTY_BOUNDS, startAt: "2026-03-01T02:00", maxRuns: "0", jitter: "a bit" };
    const { bounds, faults } = readBounds(draft, "Mars/Olympus");
    expect(Object.keys(faults)).toEqual(["start_at", "max_runs", "jitter"]);
    expect(bounds).toEqual(NONE);
  });
});

describe("the zone of the start and the end", () => {
  it.each([
    ["0 2 * * *", "Europe/Berlin", "Europe/Berlin"],
    ["0 2 * * * Asia/Tokyo", "Europe/Berlin", "Asia/Tokyo"],
    ["2026-12-24T18:00", "America/New_York", "America/New_York"],
  ])("of %s with the zone %s is %s", (text, timezone, zone) => {
    expect(boundsZone({ ...EMPTY_TRIGGER, text, timezone })).toBe(zone);
  });

  it("is the viewer's where the trigger reads no clock", () => {
    const viewer = Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect(boundsZone({ ...EMPTY_TRIGGER, text: "every 5m", timezone: "Asia/Tokyo" })).toBe(viewer);
  });
});

describe("an edit of the bounds", () => {
  const changed = (before: Bounds, edit: Partial<BoundsDraft>, [from, to] = ["UTC", "UTC"]) => {
    const bounds = draftOfBounds(before as Schedule, from);
    const draft = { ...bounds, ...edit };
    const after = readBounds(draft, to).bounds;
    return changedBounds(before, after, { bounds, zone: from }, { bounds: draft, zone: to });
  };

  it("that touches nothing changes nothing, not even an instant or a jitter finer than the inputs", () => {
    expect(changed({ ...FULL, start_at: "2026-03-01T01:00:00.250Z", jitter: 0.0000004 }, {})).toEqual([]);
  });

  it("changes what was touched", () => {
    const edit = { startAt: "", maxRuns: "13", allowed: [] };
    expect(changed(FULL, edit)).toEqual(["start_at", "max_runs", "calendars"]);
  });

  it("reads the start and the end anew when the zone of the trigger is another one", () => {
    expect(changed(FULL, {}, ["UTC", "Asia/Tokyo"])).toEqual(["start_at", "end_at"]);
  });
});
