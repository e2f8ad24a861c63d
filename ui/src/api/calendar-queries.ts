import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { CalendarDocument } from "../form/calendar";
import { client, unwrap } from "./client";
import { asProblem } from "./problem";
import { everyItem, keys } from "./queries";
import type { Calendar, Schedule, Stretch } from "./types";

const CALM = 10_000;

export const calendarKeys = {
  all: ["calendars"] as const,
  list: ["calendars", "list"] as const,
  one: (name: string) => ["calendars", "one", name] as const,
  stretches: ["calendars", "stretches"] as const,
};

export function useCalendars() {
  return useQuery({
    queryKey: calendarKeys.list,
    queryFn: ({ signal }) =>
      everyItem<Calendar>((query) => unwrap(client.GET("/calendars", { params: { query }, signal }))),
    refetchInterval: CALM,
  });
}

export function useCalendar(name: string) {
  return useQuery({
    queryKey: calendarKeys.one(name),
    queryFn: ({ signal }) => unwrap(client.GET("/calendars/{name}", { params: { path: { name } }, signal })),
    refetchInterval: CALM,
    enabled: name !== "",
  });
}

/** A calendar as it is stored, or one that is not. */
export type Shown = { stored: Calendar } | { document: CalendarDocument };

function stretchesOf(shown: Shown, from: string, until: string, signal: AbortSignal) {
  if ("document" in shown) {
    return client.POST("/calendars/stretches", { body: { calendar: shown.document, from, until }, signal });
  }
  const params = { path: { name: shown.stored.name }, query: { from, until } };
  return client.GET("/calendars/{name}/stretches", { params, signal });
}

/** The stretches of a calendar between two instants; one that is refused is an answer here, not a failure. */
export function useStretches(shown: Shown, from: string, until: string) {
  const what = "document" in shown ? [shown.document] : [shown.stored.name, shown.stored.version];
  return useQuery({
    queryKey: [...calendarKeys.stretches, ...what, from, until],
    queryFn: async ({ signal }): Promise<Stretch[]> => (await unwrap(stretchesOf(shown, from, until, signal))).items,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    retry: (failures, error) => asProblem(error).status !== 422 && failures < 2,
  });
}

export function useSchedulesOfCalendar(name: string) {
  return useQuery({
    queryKey: [...keys.schedules, "of-calendar", name],
    queryFn: ({ signal }) =>
      everyItem<Schedule>((query) =>
        unwrap(client.GET("/schedules", { params: { query: { ...query, calendar: name } }, signal })),
      ),
    refetchInterval: CALM,
  });
}
