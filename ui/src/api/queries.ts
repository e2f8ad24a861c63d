import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Timing } from "../form/draft";
import { isOpen } from "../words/runs";
import { client, unwrap } from "./client";
import { asProblem, readProblem } from "./problem";
import type { Cause, Page, Queue, Readiness, Run, RunState, Schedule, ScheduleState, Task, Worker } from "./types";

const LIVE = 2000;
const CALM = 10_000;

/** Polls a list each two seconds while one page is shown, and less often the more pages must be asked for again. */
const pagePace = (query: { state: { data?: { pages: unknown[] } | undefined } }): number =>
  LIVE * Math.max(1, query.state.data?.pages.length ?? 1);

export type ScheduleFilter = { q: string; state: ScheduleState | ""; service?: string; labels?: string[] };
export type ForecastChoice = { q: string; hours: number; jitter: number };
export type RunFilter = { schedule: string; state: RunState | ""; cause: Cause | ""; backfill?: string };

export const keys = {
  schedules: ["schedules"] as const,
  scheduleList: (filter: ScheduleFilter) => ["schedules", "list", filter] as const,
  schedule: (ref: string) => ["schedules", "one", ref] as const,
  runs: ["runs"] as const,
  recentRuns: (schedule: string) => ["runs", "recent", schedule] as const,
  tasks: ["tasks"] as const,
};

/** All items of a list that is short enough to be had whole. */
export async function everyItem<T>(
  page: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null | undefined;
  do {
    const { items: more, next_cursor } = await page({ limit: 200, ...(cursor && { cursor }) });
    items.push(...more);
    cursor = next_cursor;
  } while (cursor);
  return items;
}

export function useSchedules(filter: ScheduleFilter) {
  return useInfiniteQuery({
    queryKey: keys.scheduleList(filter),
    initialPageParam: "",
    queryFn: ({ pageParam, signal }): Promise<Page<Schedule>> => {
      const query = {
        limit: 50,
        ...(filter.q && { q: filter.q }),
        ...(filter.state && { state: filter.state }),
        ...(filter.service && { service: filter.service }),
        ...(filter.labels?.length && { label: filter.labels }),
        ...(pageParam && { cursor: pageParam }),
      };
      return unwrap(client.GET("/schedules", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: pagePace,
  });
}

export function useSchedule(ref: string) {
  return useQuery({
    queryKey: keys.schedule(ref),
    queryFn: ({ signal }) => unwrap(client.GET("/schedules/{ref}", { params: { path: { ref } }, signal })),
    refetchInterval: LIVE,
    enabled: ref !== "",
  });
}

export function useRuns(filter: RunFilter, limit = 50) {
  return useInfiniteQuery({
    queryKey: [...keys.runs, "list", filter, limit],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }): Promise<Page<Run>> => {
      const query = {
        limit,
        ...(filter.schedule && { schedule: filter.schedule }),
        ...(filter.state && { state: [filter.state] }),
        ...(filter.cause && { cause: filter.cause }),
        ...(filter.backfill && { backfill: filter.backfill }),
        ...(pageParam && { cursor: pageParam }),
      };
      return unwrap(client.GET("/runs", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: pagePace,
  });
}

/**
 * The newest few runs of a schedule, for the strip in a list: asked for once the row is seen, then again only when the
 * schedule fired or a run is still open, so that a long list of quiet schedules costs one small request per seen row.
 */
export function useRecentRuns(schedule: Schedule, seen: boolean, count: number) {
  return useQuery({
    queryKey: [...keys.recentRuns(schedule.id), schedule.status.last_fire_time, count],
    queryFn: async ({ signal }) => {
      const query = { schedule: schedule.id, limit: count };
      return (await unwrap(client.GET("/runs", { params: { query }, signal }))).items;
    },
    enabled: seen,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (state.data?.some(isOpen) ? LIVE : false),
  });
}

export function useRun(id: string) {
  return useQuery({
    queryKey: [...keys.runs, "one", id],
    queryFn: ({ signal }) => unwrap(client.GET("/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data === undefined ? LIVE : isOpen(data) ? runPace(data) : false),
  });
}

/** A run that runs is looked at each second, for its progress. */
const runPace = ({ state }: Run): number => (state === "running" ? 1000 : LIVE);

export function useTasks() {
  return useQuery({
    queryKey: keys.tasks,
    queryFn: ({ signal }) => everyItem<Task>((query) => unwrap(client.GET("/tasks", { params: { query }, signal }))),
    refetchInterval: CALM,
  });
}

export function useWorkers() {
  return useQuery({
    queryKey: ["workers"],
    queryFn: ({ signal }) =>
      everyItem<Worker>((query) => unwrap(client.GET("/workers", { params: { query }, signal }))),
    refetchInterval: LIVE,
  });
}

export function useQueues() {
  return useQuery({
    queryKey: ["queues"],
    queryFn: ({ signal }) => everyItem<Queue>((query) => unwrap(client.GET("/queues", { params: { query }, signal }))),
    refetchInterval: CALM / 2,
  });
}

/** Previews a timing; one that is refused is an answer here, not a failure to try again. */
export function usePreview(timing: Timing, schedule: string | null, count = 5) {
  return useQuery({
    queryKey: ["preview", timing, schedule, count],
    queryFn: ({ signal }) => unwrap(client.POST("/preview", { body: { ...timing, schedule, count }, signal })),
    enabled: timing.trigger !== "",
    placeholderData: keepPreviousData,
    retry: (failures, error) => asProblem(error).status !== 422 && failures < 2,
    refetchInterval: ({ state }) => {
      const next = state.data?.fire_times[0];
      return next === undefined ? false : Math.min(60_000, Math.max(LIVE, Date.parse(next.utc) - Date.now()));
    },
  });
}

/** The next fire times of a stored schedule; asked again whenever one of them has passed. */
export function useNextFireTimes(schedule: Schedule) {
  return useQuery({
    queryKey: ["next-fire-times", schedule.id, schedule.version, schedule.status.next_fire_time, schedule.status.skips],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/schedules/{ref}/preview", {
          params: { path: { ref: schedule.id }, query: { count: 5 } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

/** Whether and why a stored schedule fires at an instant; asks nothing while there is none. */
export function useExplanation(schedule: Schedule, instant: string) {
  const { version, status } = schedule;
  return useQuery({
    queryKey: ["explanation", schedule.id, version, status.state, status.next_fire_time, status.skips, instant],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/schedules/{ref}/explain", {
          params: { path: { ref: schedule.id }, query: { instant } },
          signal,
        }),
      ),
    enabled: instant !== "",
    placeholderData: keepPreviousData,
  });
}

/** The runs to come, minute by minute; asked for again each minute, as the window begins with the present one. */
export function useForecast({ q, hours, jitter }: ForecastChoice) {
  return useQuery({
    queryKey: ["forecast", q, hours, jitter],
    queryFn: ({ signal }) => {
      const query = { hours, jitter, ...(q && { q }) };
      return unwrap(client.GET("/forecast", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

export function useReadiness() {
  return useQuery({
    queryKey: ["readiness"],
    queryFn: async ({ signal }): Promise<Readiness> => {
      const { data, error, response } = await client.GET("/health/ready", { signal });
      const body = (data ?? error) as Readiness | undefined;
      if (body === undefined || !Array.isArray(body.checks)) {
        throw readProblem(response.status, body);
      }
      return body;
    },
    refetchInterval: 5000,
    retry: false,
  });
}

export function useSystem() {
  return useQuery({
    queryKey: ["system"],
    queryFn: ({ signal }) => unwrap(client.GET("/system", { signal })),
    refetchInterval: LIVE,
  });
}

export function useActor() {
  return useQuery({
    queryKey: ["whoami"],
    queryFn: async ({ signal }) => (await unwrap(client.GET("/whoami", { signal }))).actor,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
