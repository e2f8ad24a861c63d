import type { Rule, RuleKind } from "../api/types";
import { countryName } from "./countries";

export const RULE_KINDS: { kind: RuleKind; label: string; hint: string }[] = [
  { kind: "holidays", label: "Public holidays", hint: "Of a country, or of a region in it" },
  { kind: "weekly", label: "Weekly hours", hint: "Hours of days of the week, or these days as a whole" },
  { kind: "dates", label: "Dates", hint: "Single days" },
  { kind: "range", label: "Range", hint: "From one day, or moment, to another" },
  { kind: "yearly", label: "Every year", hint: "Days and ranges of days that come each year" },
  { kind: "recurring", label: "Recurring", hint: "From each occurrence of an RRULE on, for some time" },
];

export const ruleLabel = (kind: RuleKind): string => RULE_KINDS.find((known) => known.kind === kind)?.label ?? kind;

const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const FEW = 3;

/** Days of the week as people write them: "mon–fri", "sat, sun". */
function weekdays(days: string[]): string {
  const first = WEEK.indexOf(days[0] ?? "");
  const inRow = days.length > 2 && days.every((day, index) => WEEK[first + index] === day);
  return inRow ? `${days[0]}–${days.at(-1)}` : days.join(", ");
}

function fewOf(items: string[]): string {
  const more = items.length - FEW;
  return more > 0 ? `${items.slice(0, FEW).join(", ")} and ${more} more` : items.join(", ");
}

const moment = (text: string): string => text.replace("T", " ");

/** What a rule names, in a few words. */
export function ruleInWords(rule: Rule): string {
  switch (rule.kind) {
    case "holidays": {
      const place = countryName(rule.country) ?? rule.country;
      const kinds = rule.categories.length > 0 ? ` (${rule.categories.join(", ")})` : "";
      return `public holidays of ${place}${rule.region ? `, ${rule.region}` : ""}${kinds}`;
    }
    case "weekly":
      return rule.from === null
        ? `${weekdays(rule.days)}, all day`
        : `${weekdays(rule.days)}, ${rule.from}–${rule.until}`;
    case "dates":
      return fewOf(rule.dates);
    case "range":
      return `${moment(rule.from)} to ${moment(rule.until)}`;
    case "yearly":
      return `every year on ${fewOf(rule.days)}`;
    case "recurring":
      return `recurring, each for ${rule.days === null ? rule.duration : `${rule.days} d`}`;
  }
}

/** "1 schedule uses", "2 schedules use": of a calendar. */
export const schedulesInWords = (count: number): string =>
  count === 1 ? "1 schedule uses" : `${count.toLocaleString("en")} schedules use`;
