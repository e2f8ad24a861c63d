import type { Fault } from "../api/problem";
import type { Calendar, Rule, RuleKind } from "../api/types";
import { type FormFaults, placeAt } from "./faults";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

type Labelled = { label: string };

/** What the inputs of a rule hold, by its kind. Lists of dates and days are one text, with commas. */
export type RuleFields =
  | ({ kind: "dates"; dates: string } & Labelled)
  | ({ kind: "range"; from: string; until: string } & Labelled)
  | ({ kind: "weekly"; days: Weekday[]; from: string; until: string } & Labelled)
  | ({ kind: "yearly"; days: string } & Labelled)
  | { kind: "holidays"; country: string; region: string; categories: string; observed: boolean }
  | ({ kind: "recurring"; expression: string; duration: string; days: string } & Labelled);

/** A rule in the editor; its key stays with it wherever it stands in the list. */
export type RuleDraft = RuleFields & { key: string };

export type CalendarDraft = { name: string; description: string; timezone: string; rules: RuleDraft[] };

/** A rule as the API takes it. */
type RuleDocument =
  | { kind: "dates"; dates: string[]; label?: string }
  | { kind: "range"; from: string; until: string; label?: string }
  | { kind: "weekly"; days: Weekday[]; from?: string; until?: string; label?: string }
  | { kind: "yearly"; days: string[]; label?: string }
  | { kind: "holidays"; country: string; region?: string; categories?: string[]; observed: boolean }
  | { kind: "recurring"; expression: string; duration?: string; days?: number; label?: string };

export type CalendarDocument = { name: string; description: string; timezone: string; rules: RuleDocument[] };

let keys = 0;
const keyed = (fields: RuleFields): RuleDraft => {
  keys += 1;
  return { ...fields, key: `rule-${keys}` };
};

export function emptyRule(kind: RuleKind, country = ""): RuleDraft {
  switch (kind) {
    case "dates":
      return keyed({ kind, dates: "", label: "" });
    case "range":
      return keyed({ kind, from: "", until: "", label: "" });
    case "weekly":
      return keyed({ kind, days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", until: "17:00", label: "" });
    case "yearly":
      return keyed({ kind, days: "", label: "" });
    case "holidays":
      return keyed({ kind, country, region: "", categories: "", observed: true });
    case "recurring":
      return keyed({ kind, expression: "", duration: "", days: "", label: "" });
  }
}

export type Start = "blank" | "holidays" | "hours" | "import";

/** A calendar to begin with, in the zone and the country of the viewer. */
export function startedCalendar(start: Start, timezone: string, country: string): CalendarDraft {
  const blank = { name: "", description: "", timezone, rules: [] };
  switch (start) {
    case "holidays":
      return { ...blank, name: "public holidays", rules: [emptyRule("holidays", country)] };
    case "hours":
      return { ...blank, name: "office hours", rules: [emptyRule("weekly")] };
    default:
      return blank;
  }
}

function draftOfRule(rule: Rule): RuleDraft {
  switch (rule.kind) {
    case "dates":
      return keyed({ kind: rule.kind, dates: rule.dates.join(", "), label: rule.label });
    case "range":
      return keyed({ kind: rule.kind, from: rule.from, until: rule.until, label: rule.label });
    case "weekly":
      return keyed({
        kind: rule.kind,
        days: WEEKDAYS.filter((day) => rule.days.includes(day)),
        from: rule.from ?? "",
        until: rule.until ?? "",
        label: rule.label,
      });
    case "yearly":
      return keyed({ kind: rule.kind, days: rule.days.join(", "), label: rule.label });
    case "holidays":
      return keyed({
        kind: rule.kind,
        country: rule.country,
        region: rule.region ?? "",
        categories: rule.categories.join(", "),
        observed: rule.observed,
      });
    case "recurring":
      return keyed({
        kind: rule.kind,
        expression: rule.expression,
        duration: rule.duration ?? "",
        days: rule.days === null ? "" : String(rule.days),
        label: rule.label,
      });
  }
}

export const draftOfCalendar = ({ name, description, timezone, rules }: Calendar): CalendarDraft => ({
  name,
  description,
  timezone,
  rules: rules.map(draftOfRule),
});

const listed = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== "");
/** As `listed`, but the two dots of a range may have spaces around them. */
const listedRanges = (text: string): string[] => listed(text.replaceAll(/\s*\.\.\s*/g, ".."));
const given = <K extends string>(key: K, text: string) =>
  text.trim() === "" ? {} : ({ [key]: text.trim() } as Record<K, string>);

function documentOfRule(rule: RuleFields): RuleDocument {
  switch (rule.kind) {
    case "dates":
      return { kind: rule.kind, dates: listed(rule.dates), ...given("label", rule.label) };
    case "range":
      return { kind: rule.kind, from: rule.from.trim(), until: rule.until.trim(), ...given("label", rule.label) };
    case "weekly":
      return {
        kind: rule.kind,
        days: WEEKDAYS.filter((day) => rule.days.includes(day)),
        ...given("from", rule.from),
        ...given("until", rule.until),
        ...given("label", rule.label),
      };
    case "yearly":
      return { kind: rule.kind, days: listedRanges(rule.days), ...given("label", rule.label) };
    case "holidays":
      return {
        kind: rule.kind,
        country: rule.country.trim(),
        ...given("region", rule.region),
        ...(rule.categories.trim() !== "" && { categories: listed(rule.categories) }),
        observed: rule.observed,
      };
    case "recurring":
      return {
        kind: rule.kind,
        expression: rule.expression.trim(),
        ...given("duration", rule.duration),
        ...(rule.days.trim() !== "" && { days: Number(rule.days) }),
        ...given("label", rule.label),
      };
  }
}

/** The first thing that a rule lacks: its field, and what to enter there. */
function lacking(rule: RuleFields): [field: string, message: string] | null {
  const wanted: [field: string, text: string, message: string][] = [];
  switch (rule.kind) {
    case "dates":
      wanted.push(["dates", rule.dates, "Enter at least one date, such as 2026-12-24."]);
      break;
    case "range":
      wanted.push(["from", rule.from, "Enter its beginning."], ["until", rule.until, "Enter its end."]);
      break;
    case "weekly":
      wanted.push(["days", rule.days.join(), "Choose at least one day."]);
      break;
    case "yearly":
      wanted.push(["days", rule.days, "Enter month and day, such as 12-24, or a range such as 12-24..01-02."]);
      break;
    case "holidays":
      wanted.push(["country", rule.country, "Choose a country."]);
      break;
    case "recurring":
      wanted.push(["expression", rule.expression, "Enter a recurrence set, such as DTSTART:… RRULE:…"]);
      wanted.push(["duration", rule.duration + rule.days, "Enter how long each occurrence lasts."]);
      if (!/^\s*\d*\s*$/.test(rule.days)) {
        return ["days", "Enter a whole number of days."];
      }
  }
  const missing = wanted.find(([, text]) => text.trim() === "");
  return missing ? [missing[0], missing[2]] : null;
}

export type CheckedCalendar =
  | { document: CalendarDocument; faults: null }
  | { document: null; faults: Record<string, string> };

/** Reads the editor; each fault stands at its field, `KEY.field` for the field of a rule. */
export function checkCalendar(draft: CalendarDraft): CheckedCalendar {
  const faults: Record<string, string> = {};
  if (draft.name.trim() === "") {
    faults["name"] = "Give the calendar a name.";
  }
  if (draft.rules.length === 0) {
    faults["rules"] = "Add at least one rule.";
  }
  for (const rule of draft.rules) {
    const missing = lacking(rule);
    if (missing !== null) {
      faults[`${rule.key}.${missing[0]}`] = missing[1];
    }
  }
  if (Object.keys(faults).length > 0) {
    return { document: null, faults };
  }
  const { name, description, timezone } = draft;
  return {
    document: { name: name.trim(), description, timezone, rules: draft.rules.map(documentOfRule) },
    faults: null,
  };
}

const FIELDS = new Set(["name", "description", "timezone", "rules"]);

/** The field of the editor for a fault's path; `rules` are those that were sent. */
export function fieldOfCalendarPath(path: string, rules: RuleDraft[]): string | null {
  const [head = "", index = "", field = ""] = path.replaceAll(/\[(\w+)\]/g, ".$1").split(".");
  const rule = head === "rules" && index !== "" ? rules[Number(index)] : undefined;
  if (rule === undefined) {
    return FIELDS.has(head) ? head : null;
  }
  return field in rule ? `${rule.key}.${field}` : `${rule.key}.kind`;
}

/** Puts what the API refused of a calendar at the fields of its editor. */
export const placeCalendarFaults = (faults: Fault[], rules: RuleDraft[]): FormFaults =>
  placeAt(faults, (path) => fieldOfCalendarPath(path, rules));

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** What an edit sends: the parts that the editor changed. */
export function changeOfCalendar(opened: CalendarDraft, draft: CalendarDraft, document: CalendarDocument) {
  const patch: Partial<CalendarDocument> = {};
  if (opened.description !== draft.description) {
    patch.description = document.description;
  }
  if (opened.timezone !== draft.timezone) {
    patch.timezone = document.timezone;
  }
  if (!same(opened.rules, draft.rules)) {
    patch.rules = document.rules;
  }
  return patch;
}
