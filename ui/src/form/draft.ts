import type { Schedule } from "../api/types";
import {
  type Bounds,
  type BoundsDraft,
  boundsZone,
  changedBounds,
  draftOfBounds,
  EMPTY_BOUNDS,
  readBounds,
} from "./bounds";
import { type Labels, labelTexts, readLabels } from "./labels";
import { changedMessage, draftOfMessage, EMPTY_MESSAGE, type Message, type MessageDraft, readMessage } from "./message";
import {
  changedPolicies,
  DEFAULT_POLICIES,
  draftOfPolicies,
  type Policies,
  type PoliciesDraft,
  readPolicies,
} from "./policies";
import { type Field, fieldsOf, type Json, readJson, readValue, valuesByName, writeValue } from "./signature";
import { draftOfTrigger, EMPTY_TRIGGER, type TriggerDraft, triggerInput } from "./trigger";

const DEFAULT_SERVICE = "default";

/** Everything the schedule form holds, as its inputs show it. */
export type Draft = {
  name: string;
  task: string;
  description: string;
  queue: string;
  message: MessageDraft;
  service: string;
  labels: string[];
  trigger: TriggerDraft;
  bounds: BoundsDraft;
  /** By name from the task's signature, or as JSON text. */
  mode: "named" | "json";
  values: Record<string, string>;
  argsText: string;
  kwargsText: string;
  policies: PoliciesDraft;
};

/** When a schedule fires, as the API takes it. */
export type Timing = Bounds & { trigger: string };

/** The fields of a schedule that the API takes. */
export type Spec = Timing &
  Policies &
  Message & {
    name: string;
    task: string;
    description: string;
    queue: string | null;
    service: string;
    labels: Labels;
    args: Json[];
    kwargs: Record<string, Json>;
  };

export type Checked = { spec: Spec; faults: null } | { spec: null; faults: Record<string, string> };

export const EMPTY_DRAFT: Draft = {
  name: "",
  task: "",
  description: "",
  queue: "",
  message: EMPTY_MESSAGE,
  service: "",
  labels: [],
  trigger: EMPTY_TRIGGER,
  bounds: EMPTY_BOUNDS,
  mode: "named",
  values: {},
  argsText: "[]",
  kwargsText: "{}",
  policies: DEFAULT_POLICIES,
};

export const SAMPLE_DRAFT: Draft = {
  ...EMPTY_DRAFT,
  name: "heartbeat",
  task: "punctual.heartbeat",
  description: "A first schedule, to see runs come in.",
  trigger: { ...EMPTY_TRIGGER, text: "every 10s" },
};

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

/** Fills the form from a stored schedule; arguments stand as JSON until `nameArguments` finds their names. */
export function draftOfSchedule(schedule: Schedule): Draft {
  const trigger = draftOfTrigger(schedule.trigger);
  return {
    name: schedule.name,
    task: schedule.task,
    description: schedule.description,
    queue: schedule.queue ?? "",
    message: draftOfMessage(schedule),
    service: schedule.service === DEFAULT_SERVICE ? "" : schedule.service,
    labels: labelTexts(schedule.labels),
    trigger,
    bounds: draftOfBounds(schedule, boundsZone(trigger)),
    mode: "json",
    values: {},
    argsText: pretty(schedule.args),
    kwargsText: pretty(schedule.kwargs),
    policies: draftOfPolicies(schedule),
  };
}

/** Moves the arguments from JSON text to named fields; gives null when the signature cannot name them all. */
export function nameArguments(draft: Draft, signature: Record<string, unknown>): Draft | null {
  const args = readList(draft.argsText);
  const kwargs = readObject(draft.kwargsText);
  if (args === null || kwargs === null) {
    return null;
  }
  const values = valuesByName(signature, args, kwargs);
  if (values === null) {
    return null;
  }
  const fields = fieldsOf(signature);
  const texts = fields.map((field) => [field.name, writeValue(field, values[field.name])] as const);
  // Empty text in a field means "not sent", so a text that is empty on purpose can only be kept as JSON.
  if (fields.some((field) => values[field.name] === "")) {
    return null;
  }
  return { ...draft, mode: "named", values: Object.fromEntries(texts) };
}

/** Moves the named arguments to JSON text, leaving out what cannot be read yet. */
export function spellArguments(draft: Draft, fields: Field[]): Draft {
  const kwargs: Record<string, Json> = {};
  for (const field of fields) {
    const read = readValue(field, draft.values[field.name] ?? "");
    if (read.ok && read.value !== undefined) {
      kwargs[field.name] = read.value;
    }
  }
  return { ...draft, mode: "json", argsText: "[]", kwargsText: pretty(kwargs) };
}

function readList(text: string): Json[] | null {
  const read = readJson(text.trim() === "" ? "[]" : text);
  return read.ok && Array.isArray(read.value) ? read.value : null;
}

function readObject(text: string): Record<string, Json> | null {
  const read = readJson(text.trim() === "" ? "{}" : text);
  const value = read.ok ? read.value : undefined;
  return isObject(value) ? value : null;
}

function jsonFault(text: string, wanted: string): string {
  const read = readJson(text);
  return read.ok ? `Enter ${wanted}.` : read.message;
}

/** Reads when it fires; what cannot be read yet is left out. */
export function readTiming({ trigger, bounds }: Pick<Draft, "trigger" | "bounds">): Timing {
  return { trigger: triggerInput(trigger), ...readBounds(bounds, boundsZone(trigger)).bounds };
}

/** Reads the form; each fault stands at its field. `fields` are the task's parameters, or null when not known. */
export function checkDraft(draft: Draft, fields: Field[] | null): Checked {
  const faults: Record<string, string> = {};
  const require = (field: string, text: string, message: string) => {
    if (text.trim() === "") {
      faults[field] = message;
    }
  };
  require("name", draft.name, "Give the schedule a name.");
  require("task", draft.task, "Choose the task to run.");
  require("trigger", draft.trigger.text, "Say when to fire, for example “every 10s” or “0 2 * * *”.");

  const called = readArguments(draft, fields);
  const policies = readPolicies(draft.policies);
  const labels = readLabels(draft.labels);
  if (labels.fault !== null) {
    faults["labels"] = labels.fault;
  }
  const message = readMessage(draft.message);
  const bounds = readBounds(draft.bounds, boundsZone(draft.trigger));
  Object.assign(faults, called.faults, bounds.faults, policies.faults, message.faults);
  if (Object.keys(faults).length > 0) {
    return { spec: null, faults };
  }
  const spec: Spec = {
    name: draft.name.trim(),
    task: draft.task.trim(),
    description: draft.description,
    queue: draft.queue.trim() || null,
    service: draft.service.trim() || DEFAULT_SERVICE,
    labels: labels.labels,
    ...readTiming(draft),
    args: called.args,
    kwargs: called.kwargs,
    ...policies.policies,
    ...message.message,
  };
  return { spec, faults: null };
}

/** What a draft calls its task with; a part that cannot be read is told at its field, and counts as empty. */
export function readArguments(
  draft: Draft,
  fields: Field[] | null,
): { args: Json[]; kwargs: Record<string, Json>; faults: Record<string, string> } {
  const faults: Record<string, string> = {};
  let args: Json[] = [];
  let kwargs: Record<string, Json> = {};
  if (draft.mode === "named" && fields !== null) {
    for (const field of fields) {
      const read = readValue(field, draft.values[field.name] ?? "");
      if (!read.ok) {
        faults[`argument.${field.name}`] = read.message;
      } else if (read.value !== undefined) {
        kwargs[field.name] = read.value;
      }
    }
  } else {
    const list = readList(draft.argsText);
    const object = readObject(draft.kwargsText);
    if (list === null) {
      faults["args"] = jsonFault(draft.argsText, 'a JSON list, such as [1, "two"]');
    }
    if (object === null) {
      faults["kwargs"] = jsonFault(draft.kwargsText, 'a JSON object, such as {"keep": 3}');
    }
    args = list ?? [];
    kwargs = object ?? {};
  }

  return { args, kwargs, faults };
}

/** What one run is called with in place of its schedule's arguments, as the API takes it. */
export type Call = { args?: Json[]; kwargs?: Record<string, Json> };

/**
 * What the form asks of one run of a schedule; nothing where it changed nothing. Named arguments are merged over those of
 * the schedule, so that none of these can be left out.
 */
export function callOf(
  schedule: Schedule,
  opened: Draft,
  draft: Draft,
  fields: Field[] | null,
): { call: Call; faults: Record<string, string> } {
  if (same(argumentsIn(opened), argumentsIn(draft))) {
    return { call: {}, faults: {} };
  }
  const { args, kwargs, faults } = readArguments(draft, fields);
  for (const name of Object.keys(schedule.kwargs)) {
    const field = draft.mode === "named" ? `argument.${name}` : "kwargs";
    if (!(name in kwargs) && faults[field] === undefined) {
      faults[field] = `The schedule gives ${name}: for one run it can be changed, but not left out.`;
    }
  }
  return { call: { args, kwargs }, faults };
}

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The JSON merge patch (RFC 7396) that makes one object of another: null removes a name. */
function mergePatch(before: Record<string, Json>, after: Record<string, Json>): Record<string, Json> {
  const patch: Record<string, Json> = {};
  for (const name of Object.keys(before)) {
    if (!(name in after)) {
      patch[name] = null;
    }
  }
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (old === undefined || !same(old, value)) {
      patch[name] = isObject(old) && isObject(value) ? mergePatch(old, value) : value;
    }
  }
  return patch;
}

/** Whether a merge patch cannot say this value: it takes a null inside an object for "remove". */
function hidesNull(patch: Record<string, Json>, after: Record<string, Json>): boolean {
  return Object.entries(patch).some(([name, value]) => {
    const wanted = after[name];
    return value === null ? wanted === null : isObject(value) && isObject(wanted) && hidesNull(value, wanted);
  });
}

export type Change = { patch: Record<string, unknown>; faults: null } | { patch: null; faults: Record<string, string> };

/**
 * The merge patch that leads from a stored schedule to what the form says. A part that the form did not change is left
 * out, so that an interval keeps its anchor and arguments keep their spelling.
 */
export function changeOf(before: Schedule, opened: Draft, draft: Draft, spec: Spec): Change {
  const patch: Record<string, unknown> = {};
  for (const key of ["name", "task", "description", "queue", "service"] as const) {
    if (before[key] !== spec[key]) {
      patch[key] = spec[key];
    }
  }
  const labels = mergePatch(before.labels, spec.labels);
  if (Object.keys(labels).length > 0) {
    patch["labels"] = labels;
  }
  for (const key of changedPolicies(opened.policies, draft.policies)) {
    patch[key] = spec[key];
  }
  for (const key of changedMessage(opened.message, draft.message)) {
    patch[key] = key === "headers" ? mergePatch(before.headers as Record<string, Json>, spec.headers) : spec[key];
  }
  if (isObject(patch["headers"] as Json | undefined) && hidesNull(patch["headers"] as never, spec.headers)) {
    const message = "An edit cannot set a header to null. Leave the header out, or make a new schedule.";
    return { patch: null, faults: { headers: message } };
  }
  if (!same(opened.trigger, draft.trigger)) {
    patch["trigger"] = spec.trigger;
  }
  const placed = ({ trigger, bounds }: Draft) => ({ bounds, zone: boundsZone(trigger) });
  for (const key of changedBounds(before, spec, placed(opened), placed(draft))) {
    patch[key] = spec[key];
  }
  if (before.task !== spec.task || !same(argumentsIn(opened), argumentsIn(draft))) {
    const kwargs = mergePatch(before.kwargs as Record<string, Json>, spec.kwargs);
    if (hidesNull(kwargs, spec.kwargs)) {
      const message = "An edit cannot set a named argument to null. Pass it by position, or make a new schedule.";
      return { patch: null, faults: { kwargs: message } };
    }
    if (!same(before.args, spec.args)) {
      patch["args"] = spec.args;
    }
    if (Object.keys(kwargs).length > 0) {
      patch["kwargs"] = kwargs;
    }
  }
  return { patch, faults: null };
}

const argumentsIn = ({ mode, values, argsText, kwargsText }: Draft) => ({ mode, values, argsText, kwargsText });
