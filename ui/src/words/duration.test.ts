import { describe, expect, it } from "vitest";
import { measured, readDuration, writeDuration } from "./duration";

describe("a measured duration in words", () => {
  it.each([
    [0, "0 ms"],
    [0.0082, "8 ms"],
    [0.9994, "999 ms"],
    [0.9996, "1 s"],
    [1.44, "1.4 s"],
    [9.96, "10 s"],
    [59.96, "1 min"],
    [125, "2 min 5 s"],
    [3600, "1 h"],
    [12_000, "3 h 20 min"],
    [86_400, "1 d"],
    [187_200, "2 d 4 h"],
    [-0.5, "−500 ms"],
  ])("%d s is %s", (seconds, words) => {
    expect(measured(seconds)).toBe(words);
  });
});

describe("a duration to set", () => {
  it.each([
    ["90", 90],
    ["90s", 90],
    ["1m30s", 90],
    ["1d 2h", 93_600],
    ["1W", 604_800],
    ["0.5s", 0.5],
    ["250ms", 0.25],
  ])("%s is read as %d s", (text, seconds) => {
    expect(readDuration(text)).toBe(seconds);
  });

  it.each(["", "soon", "-5s", "5 years", "s", "1h?"])("%j is none", (text) => {
    expect(readDuration(text)).toBeNull();
  });

  it.each([0, 0.5, 1, 59, 60, 90, 3601, 86_400, 93_784.25])(
    "%d s is written so that it reads back the same",
    (seconds) => {
      expect(readDuration(writeDuration(seconds))).toBe(seconds);
    },
  );
});
