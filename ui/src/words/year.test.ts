import { describe, expect, it } from "vitest";
import { monthsOf, yearBounds } from "./year";

const stretch = (start: string, end: string, label = "closed") => ({ start, end, label });
const day = (stretches: ReturnType<typeof stretch>[], date: string, zone = "Europe/Berlin") =>
  monthsOf(stretches, Number(date.slice(0, 4)), zone)
    .flatMap(({ days }) => days)
    .find((found) => found.date === date);

describe("the year of a calendar", () => {
  it("has all its days, in months that begin at their day of the week", () => {
    const months = monthsOf([], 2028, "UTC");
    expect(months.map(({ days }) => days.length)).toEqual([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
    expect(months.slice(0, 3).map(({ lead }) => lead)).toEqual([5, 1, 2]); // a Saturday, a Tuesday, a Wednesday
    expect(months[11]?.days.at(-1)?.date).toBe("2028-12-31");
  });

  it("begins and ends at midnight on the clocks of the zone", () => {
    expect(yearBounds(2026, "Asia/Tokyo")).toEqual({
      from: "2025-12-31T15:00:00.000Z",
      until: "2026-12-31T15:00:00.000Z",
    });
  });

  it("marks a day that is covered from midnight to midnight, and no other", () => {
    const holiday = [stretch("2026-12-24T23:00:00Z", "2026-12-25T23:00:00Z", "Christmas Day")];
    expect(day(holiday, "2026-12-25")).toEqual({ date: "2026-12-25", covered: "full", labels: ["Christmas Day"] });
    expect(day(holiday, "2026-12-24")?.covered).toBe("none");
    expect(day(holiday, "2026-12-26")?.covered).toBe("none");
  });

  it("marks a day of 23 hours as whole when these are covered", () => {
    expect(day([stretch("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")], "2026-03-29")?.covered).toBe("full");
    expect(day([stretch("2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z")], "2026-10-25")?.covered).toBe("part");
  });

  it("adds up stretches that touch or overlap, and tells each label once", () => {
    const halves = [
      stretch("2026-05-05T09:00:00Z", "2026-05-05T22:00:00Z", "late"),
      stretch("2026-05-04T22:00:00Z", "2026-05-05T10:00:00Z", "early"),
      stretch("2026-05-05T10:00:00Z", "2026-05-05T11:00:00Z", "late"),
    ];
    expect(day(halves, "2026-05-05")).toEqual({ date: "2026-05-05", covered: "full", labels: ["early", "late"] });
    expect(day(halves.slice(0, 1), "2026-05-05")?.covered).toBe("part");
  });
});
