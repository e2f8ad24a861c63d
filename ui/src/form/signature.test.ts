import { describe, expect, it } from "vitest";
import { type Field, fieldsOf, readValue, signatureText, valuesByName, writeValue } from "./signature";

const BACKUP = {
  type: "object",
  properties: {
    keep: { type: "integer", minimum: 1, title: "Keep", description: "How many.", default: 10 },
    source: { type: "string", title: "Source" },
    headers: { anyOf: [{ type: "object" }, { type: "null" }], default: null },
    method: { enum: ["GET", "POST"], default: "GET" },
    ratio: { type: ["number", "null"], default: null },
    tags: { type: "array", items: { type: "string" } },
    verify: { type: "boolean", default: true },
    anything: true,
    mode: { $ref: "#/$defs/Mode" },
  },
  required: ["source", "tags"],
  "x-positional": ["source", "keep"],
  $defs: { Mode: { enum: ["fast", "safe"] } },
};

const field = (name: string): Field => {
  const found = fieldsOf(BACKUP).find((candidate) => candidate.name === name);
  if (found === undefined) {
    throw new Error(`no field ${name}`);
  }
  return found;
};

describe("a form made from a task's signature", () => {
  it("asks for positional parameters first, in their order", () => {
    expect(fieldsOf(BACKUP).map(({ name }) => name)).toEqual([
      "source",
      "keep",
      "headers",
      "method",
      "ratio",
      "tags",
      "verify",
      "anything",
      "mode",
    ]);
  });

  it.each([
    ["source", "string"],
    ["keep", "integer"],
    ["headers", "json"],
    ["method", "enum"],
    ["ratio", "number"],
    ["tags", "json"],
    ["verify", "boolean"],
    ["anything", "json"],
    ["mode", "enum"],
  ])("asks for %s as %s", (name, kind) => {
    expect(field(name).kind).toBe(kind);
  });

  it("shows what is required, the default and the type in words", () => {
    expect(field("source")).toMatchObject({ required: true, defaultText: null });
    expect(field("keep")).toMatchObject({ required: false, defaultText: "10", description: "How many." });
    expect(field("tags").typeText).toBe("list of string");
    expect(signatureText(BACKUP)).toMatch(/^source, keep=10, headers=null/);
  });

  it("has no field for a task without parameters", () => {
    expect(fieldsOf({ type: "object" })).toEqual([]);
  });
});

describe("a field's text", () => {
  it("is not sent when it is empty, so that the task's default holds", () => {
    expect(readValue(field("keep"), " ")).toEqual({ ok: true, value: undefined });
  });

  it("is a fault when it is empty and required", () => {
    expect(readValue(field("source"), "")).toEqual({ ok: false, message: "This argument is required." });
  });

  it.each([
    ["source", "007", "007"],
    ["keep", "-3", -3],
    ["ratio", "1e3", 1000],
    ["verify", "false", false],
    ["method", '"POST"', "POST"],
    ["tags", '["a"]', ["a"]],
  ])("of %s, %s, becomes the value it stands for and back", (name, text, value) => {
    expect(readValue(field(name), text)).toEqual({ ok: true, value });
    expect(readValue(field(name), writeValue(field(name), value))).toEqual({ ok: true, value });
  });

  it.each([
    ["keep", "1.5", "Enter a whole number."],
    ["keep", "9007199254740993", "Enter a whole number."],
    ["ratio", "much", "Enter a number."],
  ])("of %s, %s, is refused in words", (name, text, message) => {
    expect(readValue(field(name), text)).toEqual({ ok: false, message });
  });

  it("that is broken JSON says so", () => {
    expect(readValue(field("tags"), "['a']")).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^Not JSON: /),
    });
  });
});

describe("stored arguments", () => {
  it("are named by their positions", () => {
    expect(valuesByName(BACKUP, ["/db"], { verify: false })).toEqual({ source: "/db", verify: false });
  });

  it("stay JSON where only a position or **kwargs can carry them", () => {
    expect(valuesByName(BACKUP, ["/db", 3, "extra"], {})).toBeNull();
    expect(valuesByName(BACKUP, [], { unheard_of: 1 })).toBeNull();
  });
});
