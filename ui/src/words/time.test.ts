import { expect, it } from "vitest";
import { relativeTime, untilFireTime, wallTime } from "./time";

const now = Date.parse("2026-03-01T12:00:00Z");
const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();

it.each([
  [0.4, "now"],
  [4, "in 4 s"],
  [-59, "59 s ago"],
  [60, "in 1 min"],
  [7200, "in 2 h"],
  [-86_400 * 9, "9 d ago"],
  [86_400 * 59, "in 1 month"],
  [-86_400 * 800, "2 years ago"],
])("an instant %d s away is %j", (seconds, words) => {
  expect(relativeTime(at(seconds), now)).toBe(words);
});

it.each([
  [3, "in 3 s"],
  [-3, "now"],
  [-12, "due 12 s ago"],
])("a fire time %d s away is %j", (seconds, words) => {
  expect(untilFireTime(at(seconds), now)).toBe(words);
});

it("a wall time is read as it stands, whatever the viewer's zone", () => {
  expect(wallTime("2026-07-01T02:30:00+02:00", now)).toMatch(/2:30:00/);
  expect(wallTime("2031-07-01T02:30:00+02:00", now)).toMatch(/, 2031$/);
});
