import type { Fault } from "../api/problem";
import { type Field, positionalNames } from "./signature";

/** Messages by the form's field, and those that no field shows. */
export type FormFaults = { fields: Record<string, string>; rest: Fault[] };

const PLAIN = new Set(["name", "task", "queue", "description"]);
const CATCH_UP = new Set(["policy", "grace", "window", "limit"]);

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
  if (head === "catchup") {
    return CATCH_UP.has(second) ? `catchup.${second}` : "catchup.policy";
  }
  if (head !== "args" && head !== "kwargs") {
    return null;
  }
  if (named === null) {
    return head;
  }
  const name = head === "kwargs" ? second : positionalNames(named.signature)[Number(second)];
  return named.fields.some((field) => field.name === name) ? `argument.${name}` : null;
}

const sentence = ({ message, fix }: Fault): string => {
  const first = message.charAt(0).toUpperCase() + message.slice(1);
  const stopped = /[.!?]$/.test(first) ? first : `${first}.`;
  return fix === "" ? stopped : `${stopped} ${fix}`;
};

/** Puts each fault at its field; several at one field are joined. */
export function placeFaults(
  faults: Fault[],
  named: { fields: Field[]; signature: Record<string, unknown> } | null,
): FormFaults {
  const placed: FormFaults = { fields: {}, rest: [] };
  for (const fault of faults) {
    const field = fieldOfPath(fault.path, named);
    if (field === null) {
      placed.rest.push(fault);
    } else {
      const earlier = placed.fields[field];
      placed.fields[field] = earlier === undefined ? sentence(fault) : `${earlier} ${sentence(fault)}`;
    }
  }
  return placed;
}
