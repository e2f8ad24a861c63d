import { describe, expect, it } from "vitest";
import { readProblem } from "../api/problem";
import { fieldOfPath, placeFaults } from "./faults";
import { fieldsOf } from "./signature";

const signature = {
  properties: { source: { type: "string" }, keep: { type: "integer" } },
  "x-positional": ["source", "keep"],
};
const named = { fields: fieldsOf(signature), signature };

describe("a fault stands at its field", () => {
  it.each([
    ["name", "name"],
    ["task", "task"],
    ["queue", "queue"],
    ["routing_key", "routing_key"],
    ["headers.tenant", "headers"],
    ["trigger", "trigger"],
    ["trigger.expression", "trigger"],
    ["trigger.timezone", "timezone"],
    ["end_at", "end_at"],
    ["max_runs", "max_runs"],
    ["calendars.allowed[1]", "calendars.allowed"],
    ["calendars", "calendars.blackout"],
    ["catchup", "catchup.policy"],
    ["catchup.grace", "catchup.grace"],
    ["overlap", "overlap"],
    ["concurrency.limit", "concurrency.limit"],
    ["concurrency", "concurrency.key"],
    ["retry.max_delay", "retry.max_delay"],
    ["retry", "retry.attempts"],
    ["timeout", "timeout"],
    ["pause_after_failures", "pause_after_failures"],
    ["kwargs.keep", "argument.keep"],
    ["args[1]", "argument.keep"],
    ["args[0].inner[2]", "argument.source"],
  ])("%s at %s", (path, field) => {
    expect(fieldOfPath(path, named)).toBe(field);
  });

  it.each([
    ["args[0]", "args"],
    ["kwargs.keep", "kwargs"],
  ])("%s at the JSON text of %s", (path, field) => {
    expect(fieldOfPath(path, null)).toBe(field);
  });

  it.each(["", "nonsense", "kwargs", "kwargs.unheard_of", "args[7]"])("and %j is told above the form", (path) => {
    expect(fieldOfPath(path, named)).toBeNull();
  });
});

describe("a refusal of the API", () => {
  it("becomes sentences at the fields, several at one field joined", () => {
    const problem = readProblem(422, {
      detail: "name: is taken",
      code: "invalid_input",
      fix: "Correct the fields.",
      errors: [
        { path: "name", code: "taken", message: "is taken", fix: "Choose another." },
        { path: "name", code: "long", message: "is too long." },
        { path: "secret", code: "unknown_field", message: "is not a field here", fix: "Remove it." },
      ],
    });
    const placed = placeFaults(problem.faults, null);
    expect(placed.fields).toEqual({ name: "Is taken. Choose another. Is too long." });
    expect(placed.rest.map(({ path }) => path)).toEqual(["secret"]);
  });

  it.each([
    ["0 25 * * *", 2, ["0 ", "25", " * * *"]],
    ["0 9 * * 1,mo-fr,7", 10, ["0 9 * * 1,", "mo-fr", ",7"]],
    ["0 2 * *", 7, ["0 2 * *", "", ""]],
    ["\u{1F570} * * * *", 2, ["\u{1F570} ", "*", " * * *"]],
    ["1,,2 * * * *", 2, ["1,", ",", "2 * * * *"]],
  ])("marks the faulty part of %j from character %i", (text, position, [before, part, after]) => {
    const errors = [{ path: "trigger.expression", code: "invalid_trigger", message: "no", text, position }];
    const { faults } = readProblem(422, { detail: "no", errors });
    expect(placeFaults(faults, null).marks).toEqual({ trigger: { before, part, after } });
  });

  it("marks nothing where no place is known", () => {
    const { faults } = readProblem(422, { detail: "no", errors: [{ path: "trigger", message: "never fires" }] });
    expect(placeFaults(faults, null)).toMatchObject({ fields: { trigger: "Never fires." }, marks: {} });
  });

  it("is told in words even when a proxy answered in its place", () => {
    const problem = readProblem(502, "<html>Bad gateway</html>");
    expect(problem.message).toBe("The server answered 502 without saying why.");
    expect(problem.faults).toEqual([]);
  });
});
