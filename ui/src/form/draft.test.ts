import { describe, expect, it } from "vitest";
import type { Schedule } from "../api/types";
import { EMPTY_BOUNDS } from "./bounds";
import {
  callOf,
  changeOf,
  checkDraft,
  type Draft,
  draftOfSchedule,
  EMPTY_DRAFT,
  nameArguments,
  spellArguments,
} from "./draft";
import type { Message } from "./message";
import type { Policies } from "./policies";
import { fieldsOf, type Json } from "./signature";

const signature = {
  properties: {
    source: { type: "string" },
    keep: { type: "integer", default: 10 },
    options: { type: "object", default: {} },
  },
  required: ["source"],
  "x-positional": ["source", "keep"],
};
const fields = fieldsOf(signature);

const DEFAULTS: Policies = {
  overlap: "allow",
  concurrency: null,
  retry: { attempts: 1, delay: 10, backoff: 2, max_delay: 3600 },
  on_lost: "fail",
  timeout: null,
  expires: null,
  pause_after_failures: null,
  catchup: { policy: "latest", grace: 60, window: 86_400, limit: 100 },
};

const NO_OPTIONS: Message = {
  exchange: null,
  routing_key: null,
  priority: null,
  headers: {},
  soft_time_limit: null,
  time_limit: null,
};

const stored = (part: Partial<Schedule> = {}): Schedule => ({
  id: "6b7a",
  version: 3,
  name: "backup",
  description: "",
  task: "backup.run",
  args: ["/db"],
  kwargs: {},
  queue: null,
  ...NO_OPTIONS,
  service: "default",
  labels: {},
  trigger: { kind: "interval", every: 90, anchor: "2026-01-01T00:00:00Z", text: "every 90s" },
  start_at: null,
  end_at: null,
  max_runs: null,
  jitter: 0,
  calendars: { blackout: [], allowed: [], when_closed: "skip" },
  ...DEFAULTS,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  declared_by: null,
  warnings: [],
  status: {
    state: "active",
    paused: false,
    pause_note: null,
    next_fire_time: null,
    next_due_time: null,
    last_fire_time: null,
    run_count: 0,
    failure_streak: 0,
    skips: [],
    finished: false,
    error: null,
    trigger_text: "every 90s",
    trigger_words: "every 90 seconds, counted from 00:00 on 1 January 2026 UTC",
    policy_words: [],
  },
  ...part,
});

const open = (schedule: Schedule): Draft => {
  const draft = draftOfSchedule(schedule);
  return nameArguments(draft, signature) ?? draft;
};

function change(schedule: Schedule, edit: (draft: Draft) => Draft) {
  const opened = open(schedule);
  const draft = edit(opened);
  const checked = checkDraft(draft, fields);
  if (checked.spec === null) {
    throw new Error(JSON.stringify(checked.faults));
  }
  return changeOf(schedule, opened, draft, checked.spec);
}

describe("a new schedule", () => {
  it("says at each field what is missing", () => {
    const { faults } = checkDraft(EMPTY_DRAFT, fields);
    expect(Object.keys(faults ?? {})).toEqual(["name", "task", "trigger", "argument.source"]);
  });

  it("sends every argument by name, and none that was left to its default", () => {
    const draft: Draft = {
      ...EMPTY_DRAFT,
      name: " backup ",
      task: "backup.run",
      trigger: { ...EMPTY_DRAFT.trigger, text: "0 2 * * *", timezone: "Europe/Berlin" },
      values: { source: "/db", keep: "" },
    };
    expect(checkDraft(draft, fields).spec).toEqual({
      name: "backup",
      task: "backup.run",
      description: "",
      queue: null,
      service: "default",
      labels: {},
      trigger: "0 2 * * * Europe/Berlin",
      start_at: null,
      end_at: null,
      max_runs: null,
      jitter: 0,
      calendars: { blackout: [], allowed: [], when_closed: "skip" },
      args: [],
      kwargs: { source: "/db" },
      ...DEFAULTS,
      ...NO_OPTIONS,
    });
  });

  it("refuses JSON arguments of the wrong shape", () => {
    const draft: Draft = { ...EMPTY_DRAFT, mode: "json", argsText: "{}", kwargsText: "[1]" };
    const { faults } = checkDraft(draft, null);
    expect(faults?.["args"]).toContain("a JSON list");
    expect(faults?.["kwargs"]).toContain("a JSON object");
  });

  it("refuses durations that are none", () => {
    const catchup = { policy: "all", grace: "soon", window: "1d", limit: "ten" } as const;
    const draft: Draft = { ...EMPTY_DRAFT, policies: { ...EMPTY_DRAFT.policies, catchup } };
    expect(checkDraft(draft, null).faults).toMatchObject({
      "catchup.grace": "Enter a duration, such as 30s or 5m.",
      "catchup.limit": "Enter a whole number from 1 on.",
    });
  });
});

describe("arguments change between fields and JSON", () => {
  it("without loss", () => {
    const draft = open(stored({ args: ["/db", 3], kwargs: { options: { deep: [1] } } }));
    expect(draft).toMatchObject({ mode: "named", values: { source: "/db", keep: "3", options: '{"deep":[1]}' } });
    expect(JSON.parse(spellArguments(draft, fields).kwargsText)).toEqual({
      source: "/db",
      keep: 3,
      options: { deep: [1] },
    });
  });

  it("but an empty text on purpose stays JSON, because an empty field means the default", () => {
    expect(open(stored({ args: [""] })).mode).toBe("json");
  });
});

describe("an edit", () => {
  it("that changes nothing sends nothing: the interval keeps its anchor, the arguments their spelling", () => {
    expect(change(stored(), (draft) => draft)).toEqual({ patch: {}, faults: null });
  });

  it("sends only what changed", () => {
    expect(change(stored(), (draft) => ({ ...draft, description: "why", queue: "slow" })).patch).toEqual({
      description: "why",
      queue: "slow",
    });
  });

  it("sends the service and the labels that changed, and takes labels away", () => {
    const labelled = stored({ service: "payments", labels: { team: "x", tier: "1" } });
    const draft = (labels: string[], service: string) => (before: Draft) => ({ ...before, labels, service });
    expect(change(labelled, (before) => before).patch).toEqual({});
    expect(change(labelled, draft(["team=y"], "")).patch).toEqual({
      service: "default",
      labels: { team: "y", tier: null },
    });
    expect(checkDraft({ ...EMPTY_DRAFT, labels: ["team"] }, null).faults).toMatchObject({
      labels: "“team” is no label. Write for example team=payments.",
    });
  });

  it("sends what bounds it, and takes it away again", () => {
    const bounds = { ...open(stored()).bounds, maxRuns: "3", jitter: "5m", blackout: ["holidays"] };
    expect(change(stored(), (draft) => ({ ...draft, bounds })).patch).toEqual({
      max_runs: 3,
      jitter: 300,
      calendars: { blackout: ["holidays"], allowed: [], when_closed: "skip" },
    });
    const bounded = stored({ end_at: "2026-05-01T00:00:00Z", max_runs: 3, jitter: 300 });
    expect(change(bounded, (draft) => ({ ...draft, bounds: EMPTY_BOUNDS })).patch).toEqual({
      end_at: null,
      max_runs: null,
      jitter: 0,
    });
  });

  it("sends a policy as a whole, and takes it away again", () => {
    const set = { overlap: "skip", key: " db ", limit: "3", attempts: "4", delay: "1m", timeout: "1h" } as const;
    const policies = { ...open(stored()).policies, ...set };
    const changed: Partial<Policies> = {
      overlap: "skip",
      concurrency: { key: "db", limit: 3 },
      retry: { attempts: 4, delay: 60, backoff: 2, max_delay: 3600 },
      timeout: 3600,
    };
    expect(change(stored(), (draft) => ({ ...draft, policies })).patch).toEqual(changed);
    const cleared = { ...policies, key: "", timeout: "" };
    expect(change(stored(changed), (draft) => ({ ...draft, policies: cleared })).patch).toEqual({
      concurrency: null,
      timeout: null,
    });
  });

  it("changes message options one by one, and headers by merge patch", () => {
    const schedule = stored({ priority: 3, headers: { tenant: "a", trace: { on: true } }, time_limit: 60 });
    const changed = change(schedule, (draft) => ({
      ...draft,
      message: { ...draft.message, priority: "", headers: '{"trace": {"on": false}}', exchange: "x", routingKey: "k" },
    }));
    expect(changed.patch).toEqual({
      exchange: "x",
      routing_key: "k",
      priority: null,
      headers: { tenant: null, trace: { on: false } },
    });
    const hidden = change(schedule, (draft) => ({ ...draft, message: { ...draft.message, headers: '{"x": null}' } }));
    expect(Object.keys(hidden.faults ?? {})).toEqual(["headers"]);
  });

  it("takes away arguments by merge patch, deep inside too", () => {
    const schedule = stored({ args: [], kwargs: { source: "/db", keep: 3, options: { a: 1, b: { c: 2, d: 3 } } } });
    const { patch } = change(schedule, (draft) => ({
      ...draft,
      values: { source: "/db", keep: "", options: '{"a": 1, "b": {"c": 2}}' },
    }));
    expect(patch).toEqual({ kwargs: { keep: null, options: { b: { d: null } } } });
  });

  it("that would set a named argument to null is refused: a merge patch takes it for a removal", () => {
    const edit = (kwargs: Json) => (draft: Draft) => ({
      ...draft,
      mode: "json" as const,
      kwargsText: JSON.stringify(kwargs),
    });
    expect(change(stored(), edit({ keep: null })).faults).toHaveProperty("kwargs");
    expect(change(stored({ kwargs: { keep: null } }), edit({ keep: null, options: {} })).patch).toEqual({
      kwargs: { options: {} },
    });
  });
});

describe("a run with arguments of its own", () => {
  const ask = (schedule: Schedule, edit: (draft: Draft) => Draft) => {
    const opened = open(schedule);
    return callOf(schedule, opened, edit(opened), fields);
  };

  it("is called as the schedule says where nothing was changed", () => {
    expect(ask(stored(), (draft) => ({ ...draft, name: "other" }))).toEqual({ call: {}, faults: {} });
  });

  it("is called by name, in place of what the schedule passes by position", () => {
    const { call } = ask(stored({ args: ["/db", 3] }), (draft) => ({
      ...draft,
      values: { ...draft.values, keep: "7" },
    }));
    expect(call).toEqual({ args: [], kwargs: { source: "/db", keep: 7 } });
  });

  it("cannot leave out what the schedule gives by name", () => {
    const schedule = stored({ kwargs: { keep: 3 } });
    const { faults } = ask(schedule, (draft) => ({ ...draft, values: { source: "/db", keep: "" } }));
    expect(faults["argument.keep"]).toContain("not left out");
  });

  it("tells at their fields what cannot be read", () => {
    expect(ask(stored(), (draft) => ({ ...draft, values: { source: "", keep: "many" } })).faults).toHaveProperty(
      "argument.keep",
    );
  });
});
