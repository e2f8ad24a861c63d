import { describe, expect, it } from "vitest";
import type { Trigger } from "../api/types";
import { draftOfTrigger, EMPTY_TRIGGER, kindOfText, triggerInput, zoneInText } from "./trigger";

const cron: Trigger = {
  kind: "cron",
  expression: "0 2 * * *",
  timezone: "Europe/Berlin",
  day_match: "or",
  on_gap: "skip",
  on_fold: null,
  seed: null,
  text: "0 2 * * * Europe/Berlin on_gap=skip",
};

describe("the text of a trigger", () => {
  it.each([
    ["every 90s", "interval"],
    ["2026-12-24T18:00", "once"],
    ["@daily", "cron"],
    ["*/5 * * * *", "cron"],
    ["RRULE:FREQ=MONTHLY;BYDAY=-1FR", "rrule"],
    ["sunset at 52.52,13.41", "solar"],
    ["0 9 * * mon-fri | every 6h", "any_of"],
  ])("%s will be of kind %s", (text, kind) => {
    expect(kindOfText(text)).toBe(kind);
  });

  it.each([
    ["0 2 * * * Europe/Berlin", "Europe/Berlin"],
    ["0 2 * * * America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"],
    ["@daily UTC", "UTC"],
    ["*/15 9-17 * * mon-fri", null],
    ["0 2 * * *", null],
  ])("%s names the zone %s", (text, zone) => {
    expect(zoneInText(text)).toBe(zone);
  });
});

describe("a stored trigger of a kind that the form has no fields for", () => {
  it("is shown and sent as its text", () => {
    const text = "@daily | RRULE:FREQ=DAILY";
    const union = { kind: "any_of", triggers: [], text } as Trigger;
    expect(triggerInput(draftOfTrigger(union))).toBe(text);
  });
});

describe("what the API is sent", () => {
  const berlin = { ...EMPTY_TRIGGER, timezone: "Europe/Berlin" };

  it.each([
    ["every 2s", "every 2s"],
    [" 0 2 * * * ", "0 2 * * * Europe/Berlin"],
    ["0 2 * * * Asia/Tokyo", "0 2 * * * Asia/Tokyo"],
    ["2026-12-24T18:00", "2026-12-24T18:00 Europe/Berlin"],
    ["2026-12-24T18:00+01:00", "2026-12-24T18:00+01:00"],
    ["0 2 * * * on_fold=both", "0 2 * * * on_fold=both"],
    ["RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY"],
    ["sunset at 52.52,13.41", "sunset at 52.52,13.41 Europe/Berlin"],
    ["@daily | every 6h", "@daily | every 6h"],
  ])("for %j with Berlin picked is %j", (text, sent) => {
    expect(triggerInput({ ...berlin, text })).toBe(sent);
  });

  it("is the text alone in UTC, which is the default", () => {
    expect(triggerInput({ ...EMPTY_TRIGGER, text: "@daily" })).toBe("@daily");
  });

  it("is what was stored, when a stored trigger is opened and sent again", () => {
    expect(triggerInput(draftOfTrigger(cron))).toBe("0 2 * * * Europe/Berlin on_gap=skip");
    const once: Trigger = {
      kind: "once",
      at: "2026-12-24T18:00:00",
      timezone: "Europe/Berlin",
      text: "2026-12-24T18:00 Europe/Berlin",
    } as Trigger;
    expect(triggerInput(draftOfTrigger(once))).toBe("2026-12-24T18:00 Europe/Berlin");
  });
});
