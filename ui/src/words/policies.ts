import type { CalendarUse, CatchUp } from "../api/types";
import { measured } from "./duration";

export const CATCH_UP_POLICIES: { value: CatchUp["policy"]; label: string }[] = [
  { value: "latest", label: "Run the latest one" },
  { value: "all", label: "Run all of them" },
  { value: "none", label: "Run none" },
];

export const WHEN_CLOSED: { value: CalendarUse["when_closed"]; label: string; description: string }[] = [
  { value: "skip", label: "Skip it", description: "It does not run; its record says which calendar kept it from it." },
  {
    value: "next_open",
    label: "Run at the next opening",
    description: "The last one before the opening is sent once the calendars open; earlier ones are skipped.",
  },
];

/** What happens to fire times at which the calendars are closed, in one sentence. */
export function whenClosedInWords({ when_closed }: CalendarUse): string {
  switch (when_closed) {
    case "skip":
      return "Fire times are skipped; their records say which calendar kept them from running.";
    case "next_open":
      return "The last fire time before the opening is sent once the calendars open; earlier ones are skipped.";
  }
}

/** What happens to fire times that are met late, in one or two sentences. */
export function catchUpInWords({ policy, grace, window, limit }: CatchUp): string {
  const late = `more than ${measured(grace)} late`;
  const reach = `of the last ${measured(window)}`;
  switch (policy) {
    case "none":
      return `Fire times met ${late} do not run; they are recorded as missed.`;
    case "latest":
      return `Of fire times met ${late}, the latest one ${reach} runs; the others are recorded as missed.`;
    case "all":
      return `Fire times met ${late} all run, the newest ${limit.toLocaleString("en")} ${reach}; the others are recorded as missed.`;
  }
}
