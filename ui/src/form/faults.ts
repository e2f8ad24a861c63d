import type { Fault } from "../api/problem";
import { MESSAGE_FIELDS } from "./message";
import { policyField } from "./policies";
import { type Field, positionalNames } from "./signature";

/** A text in three parts, of which the middle one is at fault; it is empty where something is missing at the end. */
export type Mark = { before: string; part: string; after: string };

/** Messages by the form's field, the marked text of a field where one place of it is at fault, and all other faults. */
export type FormFaults = { fields: Record<string, string>; marks: Record<string, Mark>; rest: Fault[] };

const PLAIN = new Set([
  ...["name", "task", "queue", "description", "start_at", "end_at", "max_runs", "jitter", "service", "labels"],
  ...MESSAGE_FIELDS,
]);
const CALENDARS = new Set(["blackout", "allowed", "when_closed"]);

/** The form's field for a fault's path, or null. `named` says whether arguments are asked for by name. */
export function fieldOfPath(
  path: string,
  named: { fields: Field[]; signature: Record<string, unknown> } | null,
): string | null {
  const [head = "", second = ""] = path.replaceAll(/\[(\w+)\]/g, ".$1").split(".");
  if (PLAIN.has(head)) {
    return head;
  }
  if (head === "trigger") {
    return second === "timezone" ? "timezone" : "trigger";
  }
  if (head === "calendars") {
    return `calendars.${CALENDARS.has(second) ? second : "blackout"}`;
  }
  if (head !== "args" && head !== "kwargs") {
    return policyField(head, second);
  }
  if (named === null) {
    return head;
  }
  const name = head === "kwargs" ? second : positionalNames(named.signature)[Number(second)];
  return named.fields.some((field) => field.name === name) ? `argument.${name}` : null;
}

export const sentence = ({ message, fix }: Fault): string => {
  const first = message.charAt(0).toUpperCase() + message.slice(1);
  const stopped = /[.!?]$/.test(first) ? first : `${first}.`;
  return fix === "" ? stopped : `${stopped} ${fix}`;
};

/** The text of a fault with its faulty word, up to the next space or separator; null where no place is known. */
export function markOf({ text, position }: Fault): Mark | null {
  if (position === null) {
    return null;
  }
  const characters = Array.from(text);
  const rest = characters.slice(position).join("");
  const part = /^[^\s,;|]+/.exec(rest)?.[0] ?? Array.from(rest).slice(0, 1).join("");
  return { before: characters.slice(0, position).join(""), part, after: rest.slice(part.length) };
}

/** Puts each fault at the field of its path; several at one field are joined. */
export function placeAt(faults: Fault[], fieldOf: (path: string) => string | null): FormFaults {
  const placed: FormFaults = { fields: {}, marks: {}, rest: [] };
  for (const fault of faults) {
    const field = fieldOf(fault.path);
    if (field === null) {
      placed.rest.push(fault);
    } else {
      const earlier = placed.fields[field];
      const mark = markOf(fault);
      if (mark !== null && placed.marks[field] === undefined) {
        placed.marks[field] = mark;
      }
      placed.fields[field] = earlier === undefined ? sentence(fault) : `${earlier} ${sentence(fault)}`;
    }
  }
  return placed;
}

/** Puts what the API refused of a schedule at the fields of its form. */
export const placeFaults = (
  faults: Fault[],
  named: { fields: Field[]; signature: Record<string, unknown> } | null,
): FormFaults => placeAt(faults, (path) => fieldOfPath(path, named));
