import { expect, test } from "vitest";
import { clockOffset, rate } from "./nodes";

test("a rate is told to what can be seen", () => {
  expect([0, 0.03, 0.25, 9.94, 339.7].map(rate)).toEqual([
    "none sent",
    "0.1 runs/s",
    "0.3 runs/s",
    "9.9 runs/s",
    "340 runs/s",
  ]);
});

test("a clock is right, ahead or behind", () => {
  expect([0, -0.004, 5.02, -0.3].map(clockOffset)).toEqual(["right", "right", "5 s ahead", "300 ms behind"]);
});
