import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { everyItem, keys } from "./queries";
import type { Calendar, Schedule, Stretch } from "./types";

const CALM = 10_000;

export const calendarKeys = {
  all: ["calendars"] as const,
  list: ["calendars", "list"] as const,
  one: (name: string) => ["calendars", "one", name] as const,
  stretches: (name: string) => ["calendars", "stretches", name] as const,
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

/** The stretches of a stored calendar between two instants. */
export function useStretches(calendar: Calendar, from: string, until: string) {
  return useQuery({
    queryKey: [...calendarKeys.stretches(calendar.name), calendar.version, from, until],
    queryFn: async ({ signal }): Promise<Stretch[]> => {
      const params = { path: { name: calendar.name }, query: { from, until } };
      return (await unwrap(client.GET("/calendars/{name}/stretches", { params, signal }))).items;
    },
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
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
