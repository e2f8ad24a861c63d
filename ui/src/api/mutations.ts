import { type InfiniteData, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Call, Spec } from "../form/draft";
import { client, unwrap } from "./client";
import { keys } from "./queries";
import type { Page, Run, Schedule } from "./types";

type Listed = InfiniteData<Page<Schedule>>;

const path = (id: string) => ({ params: { path: { ref: id } } });

/** A form tells its failures at its fields, so they are not told in passing too. */
export const shownInForm = () => undefined;

/** Puts a schedule in all places that show it: its own page, by id and by name, and every list. */
function useShow() {
  const cache = useQueryClient();
  return (shown: Schedule) => {
    const replace = (schedule: Schedule) => (schedule.id === shown.id ? shown : schedule);
    cache.setQueriesData<Schedule>({ queryKey: ["schedules", "one"] }, (known) => known && replace(known));
    cache.setQueriesData<Listed>(
      { queryKey: ["schedules", "list"] },
      (known) => known && { ...known, pages: known.pages.map((page) => ({ ...page, items: page.items.map(replace) })) },
    );
  };
}

/** Pauses or resumes; the switch moves at once and moves back if the server refuses. */
export function usePause() {
  const cache = useQueryClient();
  const show = useShow();
  return useMutation({
    mutationFn: ({ schedule, paused, note }: { schedule: Schedule; paused: boolean; note?: string }) =>
      paused
        ? unwrap(client.POST("/schedules/{ref}/pause", { ...path(schedule.id), body: { note: note ?? null } }))
        : unwrap(client.POST("/schedules/{ref}/resume", path(schedule.id))),
    onMutate: async ({ schedule, paused, note }) => {
      await cache.cancelQueries({ queryKey: keys.schedules });
      const state = paused ? "paused" : "active";
      show({ ...schedule, status: { ...schedule.status, paused, state, pause_note: note ?? null } });
    },
    onError: (_, { schedule }) => show(schedule),
    onSuccess: show,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.schedules }),
  });
}

export function useRunNow() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (schedule: Schedule) => unwrap(client.POST("/schedules/{ref}/run-now", path(schedule.id))),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.runs }),
  });
}

/** Runs a schedule now with arguments of this one run, which a form asks for. */
export function useRunNowWith() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ schedule, call }: { schedule: Schedule; call: Call }) =>
      unwrap(client.POST("/schedules/{ref}/run-now", { ...path(schedule.id), body: call })),
    onError: shownInForm,
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.runs }),
  });
}

/** Cancels a run; the answer says what becomes of its task. */
export function useCancel() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ run, terminate, note }: { run: Run; terminate: boolean; note: string }) =>
      unwrap(
        client.POST("/runs/{run_id}/cancel", {
          params: { path: { run_id: run.id } },
          body: { terminate, note: note || null },
        }),
      ),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.runs }),
  });
}

/** Does a run that has ended again, for the same fire time and with the same arguments. */
export function useRerun() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (run: Run) =>
      unwrap(client.POST("/runs/{run_id}/rerun", { params: { path: { run_id: run.id } }, body: {} })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.runs }),
  });
}

/** Lets the next run of a schedule be skipped, or takes all such skips back. */
export function useSkip() {
  const cache = useQueryClient();
  const show = useShow();
  return useMutation({
    mutationFn: ({ schedule, skip }: { schedule: Schedule; skip: boolean }) =>
      skip
        ? unwrap(client.POST("/schedules/{ref}/skip-next", { ...path(schedule.id), body: {} }))
        : unwrap(client.POST("/schedules/{ref}/unskip", path(schedule.id))),
    onSuccess: (changed) => {
      show(changed);
      return cache.invalidateQueries({ queryKey: keys.schedules });
    },
  });
}

export function useDelete() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (schedule: Schedule) => unwrap(client.DELETE("/schedules/{ref}", path(schedule.id))),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["schedules", "list"] }),
  });
}

export function useRestore() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (schedule: Schedule) =>
      unwrap(client.POST("/schedules/{schedule_id}/restore", { params: { path: { schedule_id: schedule.id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.schedules }),
  });
}

export function useCreate() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ spec, allowUnknownTask }: { spec: Spec; allowUnknownTask: boolean }) =>
      unwrap(
        client.POST("/schedules", {
          params: { query: allowUnknownTask ? { allow_unknown_task: true } : {} },
          body: spec,
        }),
      ),
    onError: shownInForm,
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.schedules }),
  });
}

/** Sends a merge patch on the version that the form was opened with; a newer one is refused, not overwritten. */
export function useChange() {
  const cache = useQueryClient();
  const show = useShow();
  return useMutation({
    mutationFn: (change: { schedule: Schedule; patch: Record<string, unknown>; allowUnknownTask: boolean }) =>
      unwrap(
        client.PATCH("/schedules/{ref}", {
          params: {
            path: { ref: change.schedule.id },
            header: { "if-match": `"${change.schedule.version}"` },
            query: change.allowUnknownTask ? { allow_unknown_task: true } : {},
          },
          body: change.patch,
        }),
      ),
    onError: shownInForm,
    onSuccess: (changed) => {
      show(changed);
      return cache.invalidateQueries({ queryKey: keys.schedules });
    },
  });
}
