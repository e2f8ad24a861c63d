/** How one parameter of a task is asked for. `json` takes any value as JSON text. */
export type FieldKind = "string" | "integer" | "number" | "boolean" | "enum" | "json";

export type Field = {
  name: string;
  kind: FieldKind;
  title: string;
  description: string;
  required: boolean;
  /** The JSON text of the default, or null when there is none. */
  defaultText: string | null;
  /** The allowed values, for `enum`. */
  options: Json[];
  /** A readable type, for the hint: "integer", "list of string". */
  typeText: string;
};

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type Schema = Record<string, unknown>;

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const names = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((name): name is string => typeof name === "string") : [];

const PRIMITIVES = new Set<string>(["string", "integer", "number", "boolean"]);

/** Follows `#/$defs/…` once, and takes the null out of "this or null". */
function essence(schema: Schema, root: Schema): Schema {
  const target = /^#\/\$defs\/(.+)$/.exec(String(schema["$ref"] ?? ""))?.[1];
  const definitions = root["$defs"];
  if (target !== undefined && isObject(definitions) && isObject(definitions[target])) {
    return { ...definitions[target], ...schema };
  }
  const choices = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(choices)) {
    const rest = choices.filter((choice) => isObject(choice) && choice["type"] !== "null");
    return rest.length === 1 && isObject(rest[0]) ? { ...schema, ...essence(rest[0], root) } : schema;
  }
  if (Array.isArray(schema["type"])) {
    const rest = schema["type"].filter((type) => type !== "null");
    return rest.length === 1 ? { ...schema, type: rest[0] } : schema;
  }
  return schema;
}

function kindOf(schema: Schema): FieldKind {
  if (Array.isArray(schema["enum"])) {
    return "enum";
  }
  const type = schema["type"];
  return typeof type === "string" && PRIMITIVES.has(type) ? (type as FieldKind) : "json";
}

function typeText(schema: Schema, root: Schema): string {
  const real = essence(schema, root);
  if (Array.isArray(real["enum"])) {
    return "choice";
  }
  if (real["type"] === "array") {
    return isObject(real["items"]) ? `list of ${typeText(real["items"], root)}` : "list";
  }
  return typeof real["type"] === "string" ? real["type"] : "any JSON";
}

/** The parameter names in the order of positional arguments. */
export const positionalNames = (signature: Schema): string[] => names(signature["x-positional"]);

/** The fields of a task's argument form, positional parameters first; the schema is an object schema of the parameters. */
export function fieldsOf(signature: Schema): Field[] {
  const properties = isObject(signature["properties"]) ? signature["properties"] : {};
  const required = new Set(names(signature["required"]));
  const order = [...new Set([...positionalNames(signature), ...Object.keys(properties)])];
  return order.flatMap((name) => {
    const given = properties[name];
    if (given === undefined) {
      return [];
    }
    const raw = isObject(given) ? given : {};
    const schema = essence(raw, signature);
    return {
      name,
      kind: kindOf(schema),
      title: name,
      description: typeof raw["description"] === "string" ? raw["description"] : "",
      required: required.has(name),
      defaultText: "default" in raw ? JSON.stringify(raw["default"]) : null,
      options: Array.isArray(schema["enum"]) ? (schema["enum"] as Json[]) : [],
      typeText: typeText(raw, signature),
    };
  });
}

/** A task's parameters as a Python reader expects them: `source, keep=3, *, dry_run=False`-like, without types. */
export function signatureText(signature: Schema): string {
  return fieldsOf(signature)
    .map(({ name, required, defaultText }) => (required ? name : `${name}=${defaultText ?? "…"}`))
    .join(", ");
}

/** Whether arguments can be asked for by name: nothing that only a position, `*args` or `**kwargs` could carry. */
export function valuesByName(
  signature: Schema,
  args: Json[],
  kwargs: Record<string, Json>,
): Record<string, Json> | null {
  const known = new Set(fieldsOf(signature).map(({ name }) => name));
  const positional = positionalNames(signature);
  if (args.length > positional.length) {
    return null;
  }
  const named = Object.fromEntries(args.map((value, index) => [positional[index] ?? "", value]));
  const all = { ...named, ...kwargs };
  return Object.keys(all).every((name) => known.has(name)) ? all : null;
}

/** The text that a field's input shows for a value. */
export function writeValue(field: Field, value: Json | undefined): string {
  if (value === undefined) {
    return "";
  }
  return field.kind === "string" && typeof value === "string" ? value : JSON.stringify(value);
}

export type Read = { ok: true; value: Json | undefined } | { ok: false; message: string };

/** Reads a field's input; empty text means "not sent", so that the task's own default holds. */
export function readValue(field: Field, text: string): Read {
  if (text.trim() === "") {
    return field.required ? { ok: false, message: "This argument is required." } : { ok: true, value: undefined };
  }
  switch (field.kind) {
    case "string":
      return { ok: true, value: text };
    case "integer":
      return /^[+-]?\d+$/.test(text.trim()) && Number.isSafeInteger(Number(text))
        ? { ok: true, value: Number(text) }
        : { ok: false, message: "Enter a whole number." };
    case "number":
      return Number.isFinite(Number(text))
        ? { ok: true, value: Number(text) }
        : { ok: false, message: "Enter a number." };
    default:
      return readJson(text);
  }
}

/** Reads JSON text and says in words what is wrong with it. */
export function readJson(text: string): Read {
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `Not JSON: ${reason}. Texts need double quotes.` };
  }
}
