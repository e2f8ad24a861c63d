import type { paths } from "./schema";

/** The JSON body that an operation answers with, taken from the generated types. */
type Answer<P extends keyof paths, M extends keyof paths[P], Status extends number> = paths[P][M] extends {
  responses: { [S in Status]: { content: { "application/json": infer Body } } };
}
  ? Body
  : never;

export type Schedule = Answer<"/schedules/{ref}", "get", 200>;
export type ScheduleState = Schedule["status"]["state"];
export type Trigger = Schedule["trigger"];
export type CalendarUse = Schedule["calendars"];
export type Calendar = Answer<"/calendars/{name}", "get", 200>;
export type Rule = Calendar["rules"][number];
export type RuleKind = Rule["kind"];
export type Stretch = Answer<"/calendars/{name}/stretches", "get", 200>["items"][number];
export type CatchUp = Schedule["catchup"];
export type Overlap = Schedule["overlap"];
export type Concurrency = NonNullable<Schedule["concurrency"]>;
export type Retry = Schedule["retry"];
export type OnLost = Schedule["on_lost"];
export type Cancellation = Answer<"/runs/{run_id}/cancel", "post", 200>;
export type Run = Answer<"/runs/{run_id}", "get", 200>;
export type LogLine = Answer<"/runs/{run_id}/log", "get", 200>["items"][number];
export type RunState = Run["state"];
export type Cause = Run["cause"];
export type Task = Answer<"/tasks", "get", 200>["items"][number];
export type Worker = Answer<"/workers", "get", 200>["items"][number];
export type Queue = Answer<"/queues", "get", 200>["items"][number];
export type Preview = Answer<"/preview", "post", 200>;
export type FireTime = Preview["fire_times"][number];
export type Explanation = Answer<"/schedules/{ref}/explain", "get", 200>;
export type Forecast = Answer<"/forecast", "get", 200>;
export type Outlook = Forecast["as_is"];
export type BusyMinute = Outlook["busiest"][number];
export type WhatIf = Forecast["what_if"]["h"];
export type Backfill = Answer<"/backfills/{backfill_id}", "get", 200>;
export type BackfillPreview = Answer<"/schedules/{ref}/backfills", "post", 200>;
export type Readiness = Answer<"/health/ready", "get", 200>;
export type Lock = Answer<"/locks", "get", 200>["items"][number];
export type System = Answer<"/system", "get", 200>;

export type Page<T> = { items: T[]; next_cursor?: string | null };
