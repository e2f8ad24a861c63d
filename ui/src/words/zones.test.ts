import { describe, expect, it } from "vitest";
import { instantOf, wallInput, wallOf } from "./zones";

describe("a wall time in a zone", () => {
  it.each([
    ["2026-01-15T09:30", "Europe/Berlin", "2026-01-15T08:30:00Z"],
    ["2026-07-15T09:30", "Europe/Berlin", "2026-07-15T07:30:00Z"],
    ["2026-07-15T09:30:15", "America/New_York", "2026-07-15T13:30:15Z"],
    ["2026-07-15T09:30", "UTC", "2026-07-15T09:30:00Z"],
    ["2026-07-15T00:15", "Asia/Kathmandu", "2026-07-14T18:30:00Z"],
  ])("%s in %s is %s", (wall, zone, instant) => {
    expect(instantOf(wall, zone)).toBe(instant);
    expect(wallInput(instant, zone)).toBe(wall);
  });

  it("that comes twice is the first one", () => {
    expect(instantOf("2026-10-25T02:30", "Europe/Berlin")).toBe("2026-10-25T00:30:00Z");
    expect(instantOf("2026-11-01T01:30", "America/New_York")).toBe("2026-11-01T05:30:00Z");
  });

  it("in a gap is as much after it as it is after the gap's beginning", () => {
    expect(instantOf("2026-03-29T02:30", "Europe/Berlin")).toBe("2026-03-29T01:30:00Z");
    expect(wallOf("2026-03-29T01:30:00Z", "Europe/Berlin")).toBe("2026-03-29T03:30:00");
  });

  it("right beside a change of clocks keeps its own offset", () => {
    expect(instantOf("2026-03-29T01:59", "Europe/Berlin")).toBe("2026-03-29T00:59:00Z");
    expect(instantOf("2026-03-29T03:00", "Europe/Berlin")).toBe("2026-03-29T01:00:00Z");
    expect(instantOf("2026-10-25T03:00", "Europe/Berlin")).toBe("2026-10-25T02:00:00Z");
  });

  it("is nothing where the text or the zone is none", () => {
    expect(instantOf("soon", "UTC")).toBeNull();
    expect(instantOf("2026-01-15T09:30", "Mars/Olympus")).toBeNull();
    expect(wallOf("2026-01-15T09:30:00Z", "Mars/Olympus")).toBeNull();
  });
});
