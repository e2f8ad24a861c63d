import { asProblem, Problem } from "../api/problem";
import type { Task } from "../api/types";
import { placeFaults } from "./faults";
import { fieldsOf } from "./signature";

export type Faults = Record<string, string>;

type Signature = Record<string, unknown> | null;

export const signatureOf = (tasks: Task[] | undefined, name: string): Signature =>
  tasks?.find((task) => task.name === name)?.signature ?? null;

/** Puts what the server refused at its fields; what fits no field is left to a notice. */
export function serverFaults(error: unknown, signature: Signature, named: boolean) {
  if (!error) {
    return { fields: {} as Faults, notice: null, unknownTask: false };
  }
  const problem = asProblem(error);
  const fields = named && signature !== null ? { fields: fieldsOf(signature), signature } : null;
  const placed = placeFaults(problem.faults, fields);
  const all = problem.faults.length > 0 && placed.rest.length === 0;
  const rest = new Problem(problem.status, problem.code, problem.message, problem.fix, placed.rest);
  return {
    fields: placed.fields,
    notice: all ? null : rest,
    unknownTask: problem.faults.some(({ code }) => code === "unknown_task"),
  };
}
