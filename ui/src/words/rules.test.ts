import { expect, it } from "vitest";
import type { Rule } from "../api/types";
import { countries, countryName } from "./countries";
import { ruleInWords, schedulesInWords } from "./rules";

it.each([
  [{ kind: "holidays", country: "DE", region: "BY", categories: [], observed: true }, "public holidays of Germany, BY"],
  [
    { kind: "holidays", country: "GB", region: null, categories: ["bank"], observed: true },
    "public holidays of United Kingdom (bank)",
  ],
  [{ kind: "weekly", days: ["mon", "tue", "wed"], from: "09:00", until: "17:00", label: "" }, "mon–wed, 09:00–17:00"],
  [{ kind: "weekly", days: ["mon", "wed", "thu"], from: null, until: null, label: "" }, "mon, wed, thu, all day"],
  [{ kind: "weekly", days: ["sat", "sun"], from: null, until: null, label: "" }, "sat, sun, all day"],
  [{ kind: "dates", dates: ["2026-12-24"], label: "" }, "2026-12-24"],
  [
    { kind: "yearly", days: ["01-01", "05-01", "10-03", "12-24..12-26"], label: "" },
    "every year on 01-01, 05-01, 10-03 and 1 more",
  ],
  [
    { kind: "range", from: "2026-08-01T18:00", until: "2026-08-04T06:00", label: "" },
    "2026-08-01 18:00 to 2026-08-04 06:00",
  ],
  [
    { kind: "recurring", expression: "RRULE:FREQ=DAILY", duration: "1h30m", days: null, label: "" },
    "recurring, each for 1h30m",
  ],
  [
    { kind: "recurring", expression: "RRULE:FREQ=DAILY", duration: null, days: 2, label: "" },
    "recurring, each for 2 d",
  ],
] as [Rule, string][])("%j in words", (rule, words) => {
  expect(ruleInWords(rule)).toBe(words);
});

it("counts the schedules that use a calendar", () => {
  expect([1, 2].map(schedulesInWords)).toEqual(["1 schedule uses", "2 schedules use"]);
});

it("knows the countries by their present codes", () => {
  expect(countryName("DE")).toBe("Germany");
  for (const code of ["DD", "EU", "UN", "ZZ", "D", "de", ""]) {
    expect(countryName(code)).toBeNull();
  }
  const codes = countries().map(({ code }) => code);
  expect(codes).toEqual(expect.arrayContaining(["AT", "BR", "CH", "DE", "GB", "IN", "JP", "US", "ZA"]));
  expect(codes.length).toBeGreaterThan(240);
  expect(codes.length).toBeLessThan(270);
});
