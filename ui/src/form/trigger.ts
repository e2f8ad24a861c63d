import type { Trigger } from "../api/types";

export type TriggerKind = "cron" | "interval" | "once" | "rrule" | "solar" | "any_of";

/** What the trigger part of the form holds: the text, the zone it is read in, and cron's finer points. */
export type TriggerDraft = {
  text: string;
  timezone: string;
  dayMatch: "or" | "and";
  onGap: "" | "shift" | "skip";
  onFold: "" | "first" | "second" | "both";
};

export const EMPTY_TRIGGER: TriggerDraft = { text: "", timezone: "UTC", dayMatch: "or", onGap: "", onFold: "" };

export const EXAMPLES: { label: string; text: string }[] = [
  { label: "Every 10 seconds", text: "every 10s" },
  { label: "Every 5 minutes", text: "*/5 * * * *" },
  { label: "Hourly", text: "@hourly" },
  { label: "Daily at 2:00", text: "0 2 * * *" },
  { label: "Weekdays at 9:00", text: "0 9 * * mon-fri" },
  { label: "Last day of the month", text: "0 18 L * *" },
];

/** The kinds to whose text the picked zone may be added; the others name their zones themselves, or have none. */
export const ZONED: ReadonlySet<TriggerKind> = new Set(["cron", "once", "solar"]);

const OFFSET = /T.*([+-]\d{2}:?\d{2}|Z)$/i;
const ZONE = /\s+(UTC|[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)+)$/;

/** Tells which kind a text is going to be, to offer the fitting fields; the server has the last word. */
export function kindOfText(text: string): TriggerKind {
  const start = text.trim().toLowerCase();
  if (start.includes("|")) {
    return "any_of";
  }
  if (/^(dtstart|rrule|rdate|exdate|exrule)[:;=]|^freq=/.test(start)) {
    return "rrule";
  }
  if (/^\S+\s+at\s/.test(start)) {
    return "solar";
  }
  if (start.startsWith("every")) {
    return "interval";
  }
  return /^\d{4}-/.test(start) ? "once" : "cron";
}

/** The zone written at the end of a text, if there is one; it wins over the picked one. */
export const zoneInText = (text: string): string | null => ZONE.exec(text.trim())?.[1] ?? null;

/** Fills the form from a stored trigger. */
export function draftOfTrigger(trigger: Trigger): TriggerDraft {
  switch (trigger.kind) {
    case "interval":
      return { ...EMPTY_TRIGGER, text: trigger.text };
    case "once":
      return {
        ...EMPTY_TRIGGER,
        text: trigger.text.includes("=") ? trigger.text : trigger.text.replace(ZONE, ""),
        timezone: trigger.timezone,
      };
    case "cron":
      return {
        text: trigger.expression,
        timezone: trigger.timezone,
        dayMatch: trigger.day_match,
        onGap: trigger.on_gap ?? "",
        onFold: trigger.on_fold ?? "",
      };
    default:
      return { ...EMPTY_TRIGGER, text: trigger.text };
  }
}

/** What the API is sent: one text with the zone and the options that the other fields chose, if it names none itself. */
export function triggerInput(draft: TriggerDraft): string {
  const text = draft.text.trim();
  const kind = kindOfText(text);
  if (text === "" || !ZONED.has(kind) || text.includes("=")) {
    return text;
  }
  const complete = draft.timezone === "UTC" || zoneInText(text) !== null || OFFSET.test(text);
  const zoned = complete ? text : `${text} ${draft.timezone}`;
  if (kind !== "cron") {
    return zoned;
  }
  const options = [
    draft.dayMatch === "or" ? "" : ` day_match=${draft.dayMatch}`,
    draft.onGap && ` on_gap=${draft.onGap}`,
    draft.onFold && ` on_fold=${draft.onFold}`,
  ];
  return zoned + options.join("");
}
