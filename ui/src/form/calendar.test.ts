import { describe, expect, it } from "vitest";
import type { Calendar } from "../api/types";
import {
  type CalendarDraft,
  changeOfCalendar,
  checkCalendar,
  draftOfCalendar,
  emptyRule,
  fieldOfCalendarPath,
  placeCalendarFaults,
  startedCalendar,
} from "./calendar";

const stored: Calendar = {
  name: "closed",
  description: "",
  timezone: "Europe/Berlin",
  rules: [
    { kind: "holidays", country: "DE", region: "BY", categories: ["public"], observed: true },
    { kind: "weekly", days: ["sat", "sun"], from: null, until: null, label: "Weekend" },
    { kind: "dates", dates: ["2026-12-24", "2026-12-31"], label: "" },
    { kind: "range", from: "2026-08-01T18:00", until: "2026-08-04T06:00", label: "" },
    { kind: "yearly", days: ["12-24..01-02", "05-01"], label: "" },
    { kind: "recurring", expression: "DTSTART:20260105T090000 RRULE:FREQ=WEEKLY", duration: null, days: 2, label: "" },
  ],
  version: 3,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  updated_by: "ann",
  schedule_count: 0,
};

const documentOf = (draft: CalendarDraft) => {
  const { document, faults } = checkCalendar(draft);
  if (document === null) {
    throw new Error(JSON.stringify(faults));
  }
  return document;
};

describe("the editor of a calendar", () => {
  it("sends what it was opened with, without what is not set", () => {
    expect(documentOf(draftOfCalendar(stored)).rules).toEqual([
      { kind: "holidays", country: "DE", region: "BY", categories: ["public"], observed: true },
      { kind: "weekly", days: ["sat", "sun"], label: "Weekend" },
      { kind: "dates", dates: ["2026-12-24", "2026-12-31"] },
      { kind: "range", from: "2026-08-01T18:00", until: "2026-08-04T06:00" },
      { kind: "yearly", days: ["12-24..01-02", "05-01"] },
      { kind: "recurring", expression: "DTSTART:20260105T090000 RRULE:FREQ=WEEKLY", days: 2 },
    ]);
  });

  it("reads lists with any commas, spaces and lines between", () => {
    const draft = startedCalendar("blank", "UTC", "");
    const rules = [
      { ...emptyRule("dates"), dates: "2026-12-24,2026-12-31\n 2027-01-01;" },
      { ...emptyRule("yearly"), days: "12-24 .. 01-02, 05-01" },
    ] as CalendarDraft["rules"];
    expect(documentOf({ ...draft, name: "closed", rules }).rules).toMatchObject([
      { dates: ["2026-12-24", "2026-12-31", "2027-01-01"] },
      { days: ["12-24..01-02", "05-01"] },
    ]);
  });

  it("says at each field what is missing", () => {
    const rules = [emptyRule("holidays"), emptyRule("recurring"), emptyRule("dates")];
    const [holidays, recurring, dates] = rules.map(({ key }) => key);
    expect(Object.keys(checkCalendar({ name: " ", description: "", timezone: "UTC", rules }).faults ?? {})).toEqual([
      "name",
      `${holidays}.country`,
      `${recurring}.expression`,
      `${dates}.dates`,
    ]);
    expect(checkCalendar(startedCalendar("blank", "UTC", "")).faults).toHaveProperty("rules");
  });

  it("starts with what the viewer most likely wants", () => {
    expect(documentOf(startedCalendar("holidays", "Europe/Berlin", "DE"))).toEqual({
      name: "public holidays",
      description: "",
      timezone: "Europe/Berlin",
      rules: [{ kind: "holidays", country: "DE", observed: true }],
    });
    expect(documentOf(startedCalendar("hours", "UTC", "")).rules).toEqual([
      { kind: "weekly", days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", until: "17:00" },
    ]);
  });

  it("sends only what an edit changed", () => {
    const opened = draftOfCalendar(stored);
    const change = (part: Partial<CalendarDraft>) => {
      const draft = { ...opened, ...part };
      return changeOfCalendar(opened, draft, documentOf(draft));
    };
    expect(change({})).toEqual({});
    expect(change({ timezone: "UTC" })).toEqual({ timezone: "UTC" });
    expect(change({ rules: opened.rules.slice(1, 2) })).toEqual({
      rules: [{ kind: "weekly", days: ["sat", "sun"], label: "Weekend" }],
    });
  });
});

describe("a fault of a calendar", () => {
  const rules = [emptyRule("weekly"), emptyRule("recurring")];
  const [weekly, recurring] = rules.map(({ key }) => key);

  it.each([
    ["name", "name"],
    ["rules", "rules"],
    ["rules[0].days[1]", `${weekly}.days`],
    ["rules[1].duration", `${recurring}.duration`],
    ["rules[1]", `${recurring}.kind`],
    ["rules[1].unheard_of", `${recurring}.kind`],
    ["secret", null],
  ])("of %s stands at %s", (path, field) => {
    expect(fieldOfCalendarPath(path, rules)).toBe(field);
  });

  it("stays with its rule, also when rules before it are taken out", () => {
    const fault = {
      path: "rules[1].duration",
      code: "invalid_calendar",
      message: "is missing",
      fix: "Give one.",
      text: "",
      position: null,
    };
    const { fields, rest } = placeCalendarFaults([fault, { ...fault, path: "nowhere" }], rules);
    expect(fields).toEqual({ [`${recurring}.duration`]: "Is missing. Give one." });
    expect(rest).toHaveLength(1);
  });
});
