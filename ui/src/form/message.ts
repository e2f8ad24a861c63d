import type { Schedule } from "../api/types";
import { readDuration, writeDuration } from "../words/duration";
import { type Json, readJson } from "./signature";

/** How the messages of a schedule are sent, as the form's inputs show it; empty leaves it to the task and the routing. */
export type MessageDraft = {
  exchange: string;
  routingKey: string;
  priority: string;
  headers: string;
  softTimeLimit: string;
  timeLimit: string;
};

/** The same as the API takes it; lengths of time are in seconds. */
export type Message = {
  exchange: string | null;
  routing_key: string | null;
  priority: number | null;
  headers: Record<string, Json>;
  soft_time_limit: number | null;
  time_limit: number | null;
};

export const EMPTY_MESSAGE: MessageDraft = {
  exchange: "",
  routingKey: "",
  priority: "",
  headers: "",
  softTimeLimit: "",
  timeLimit: "",
};

export const MESSAGE_FIELDS = ["exchange", "routing_key", "priority", "headers", "soft_time_limit", "time_limit"];

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

export const isEmptyMessage = (message: MessageDraft): boolean => same(message, EMPTY_MESSAGE);

const optionalSpan = (seconds: number | null): string => (seconds === null ? "" : writeDuration(seconds));

export function draftOfMessage(schedule: Schedule): MessageDraft {
  const { exchange, routing_key, priority, headers, soft_time_limit, time_limit } = schedule;
  return {
    exchange: exchange ?? "",
    routingKey: routing_key ?? "",
    priority: priority === null ? "" : String(priority),
    headers: Object.keys(headers).length === 0 ? "" : JSON.stringify(headers, null, 2),
    softTimeLimit: optionalSpan(soft_time_limit),
    timeLimit: optionalSpan(time_limit),
  };
}

const LARGEST_PRIORITY = 255;

/** Reads the inputs. What cannot be read is told at its field, and counts as empty. */
export function readMessage(draft: MessageDraft): { message: Message; faults: Record<string, string> } {
  const faults: Record<string, string> = {};
  const span = (field: string, text: string): number | null => {
    const length = text.trim() === "" ? null : readDuration(text.trim()) || Number.NaN;
    if (Number.isNaN(length)) {
      faults[field] = "Enter a duration, such as 30s or 5m.";
      return null;
    }
    return length;
  };
  const message: Message = {
    exchange: draft.exchange.trim() || null,
    routing_key: draft.routingKey.trim() || null,
    priority: null,
    headers: {},
    soft_time_limit: span("soft_time_limit", draft.softTimeLimit),
    time_limit: span("time_limit", draft.timeLimit),
  };
  const priority = draft.priority.trim();
  if (/^\d{1,3}$/.test(priority) && Number(priority) <= LARGEST_PRIORITY) {
    message.priority = Number(priority);
  } else if (priority !== "") {
    faults["priority"] = `Enter a whole number from 0 to ${LARGEST_PRIORITY}.`;
  }
  const read = readJson(draft.headers.trim() === "" ? "{}" : draft.headers);
  const headers = read.ok ? read.value : undefined;
  if (typeof headers === "object" && headers !== null && !Array.isArray(headers)) {
    message.headers = headers;
  } else {
    faults["headers"] = read.ok ? 'Enter a JSON object, such as {"tenant": "a"}.' : read.message;
  }
  return { message, faults };
}

/** The names of the options that the form changed, so that a length it cannot show exactly stays as it was. */
export function changedMessage(opened: MessageDraft, draft: MessageDraft): (keyof Message)[] {
  const [before, after] = [readMessage(opened).message, readMessage(draft).message];
  return (Object.keys(after) as (keyof Message)[]).filter((name) => !same(before[name], after[name]));
}
