import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { CalendarDocument } from "../form/calendar";
import { calendarKeys } from "./calendar-queries";
import { client, unwrap } from "./client";
import { shownInForm } from "./mutations";
import type { Calendar } from "./types";

/** A changed calendar may change when schedules fire: what is known of their next fire times is asked for again. */
function useForget() {
  const cache = useQueryClient();
  return () =>
    Promise.all([
      cache.invalidateQueries({ queryKey: calendarKeys.all }),
      cache.invalidateQueries({ queryKey: ["next-fire-times"] }),
      cache.invalidateQueries({ queryKey: ["preview"] }),
    ]);
}

export function useCreateCalendar() {
  const forget = useForget();
  return useMutation({
    mutationFn: (document: CalendarDocument) => unwrap(client.POST("/calendars", { body: document })),
    onSuccess: forget,
    onError: shownInForm,
  });
}

/** Changes the version that the editor was opened with; a newer one is refused, not overwritten. */
export function useChangeCalendar() {
  const forget = useForget();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ calendar, patch }: { calendar: Calendar; patch: Partial<CalendarDocument> }) =>
      unwrap(
        client.PATCH("/calendars/{name}", {
          params: { path: { name: calendar.name }, header: { "if-match": `"${calendar.version}"` } },
          body: patch,
        }),
      ),
    onSuccess: (changed) => {
      cache.setQueryData(calendarKeys.one(changed.name), changed);
      return forget();
    },
    onError: shownInForm,
  });
}

export function useImportCalendar() {
  const forget = useForget();
  return useMutation({
    mutationFn: (body: { name: string; timezone?: string; ics: string }) =>
      unwrap(client.POST("/calendars/import", { body })),
    onSuccess: forget,
    onError: shownInForm,
  });
}

export function useDeleteCalendar() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (calendar: Calendar) =>
      unwrap(client.DELETE("/calendars/{name}", { params: { path: { name: calendar.name } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: calendarKeys.list }),
  });
}
