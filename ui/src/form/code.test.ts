import { expect, it } from "vitest";
import { codeIn, safeNext } from "./code";

it.each([
  ["http://127.0.0.1:8710/sign-in#code=pun_Ab-9", "pun_Ab-9"],
  ["#code=pun_Ab-9", "pun_Ab-9"],
  ["  pun_Ab-9\n", "pun_Ab-9"],
  ["code=pun_Ab-9", "pun_Ab-9"],
  ["", ""],
])("the code in %j is %j", (text, code) => {
  expect(codeIn(text)).toBe(code);
});

it.each(["//evil.example", "https://evil.example", "/\\evil.example", "", null])(
  "after signing in, %j does not lead out of the UI",
  (next) => {
    expect(safeNext(next)).toBe("/schedules");
  },
);

it("after signing in, the page that was asked for is shown", () => {
  expect(safeNext("/runs?state=failed")).toBe("/runs?state=failed");
});
