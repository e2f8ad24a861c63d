import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { BackfillBody } from "../form/backfill";
import { client, unwrap } from "./client";
import { shownInForm } from "./mutations";
import { asProblem } from "./problem";
import { keys } from "./queries";
import type { Backfill, BackfillPreview, Page } from "./types";

const LIVE = 2000;
const CALM = 10_000;

const changes = ({ state, progress }: Backfill): boolean => state === "running" || progress.open > 0;

const listKey = (schedule: string) => ["backfills", "list", schedule] as const;

/** The backfills of a schedule, the newest first; asked for again often while one of them changes. */
export function useBackfills(schedule: string) {
  return useInfiniteQuery({
    queryKey: listKey(schedule),
    initialPageParam: "",
    queryFn: ({ pageParam, signal }): Promise<Page<Backfill>> => {
      const query = { schedule, limit: 5, ...(pageParam && { cursor: pageParam }) };
      return unwrap(client.GET("/backfills", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: ({ state }) => {
      const pages = state.data?.pages ?? [];
      const live = pages.some((page) => page.items.some(changes));
      return (live ? LIVE : CALM) * Math.max(1, pages.length);
    },
  });
}

export function useBackfill(id: string) {
  return useQuery({
    queryKey: ["backfills", "one", id],
    queryFn: ({ signal }) =>
      unwrap(client.GET("/backfills/{backfill_id}", { params: { path: { backfill_id: id } }, signal })),
    refetchInterval: ({ state }) => (state.data && changes(state.data) ? LIVE : false),
  });
}

/** What a backfill would do; one that is refused is an answer here, not a failure to try again. */
export function useBackfillPreview(schedule: string, body: BackfillBody | null) {
  return useQuery({
    queryKey: ["backfills", "preview", schedule, body],
    queryFn: async ({ signal }) => {
      const asked = { params: { path: { ref: schedule } }, body: { ...(body as BackfillBody), dry_run: true }, signal };
      return (await unwrap(client.POST("/schedules/{ref}/backfills", asked))) as BackfillPreview;
    },
    enabled: body !== null,
    placeholderData: keepPreviousData,
    retry: (failures, error) => asProblem(error).status !== 422 && failures < 2,
  });
}

export function useStartBackfill(schedule: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (body: BackfillBody) => {
      const asked = { params: { path: { ref: schedule } }, body: { ...body, dry_run: false } };
      return (await unwrap(client.POST("/schedules/{ref}/backfills", asked))) as Backfill;
    },
    onError: shownInForm,
    onSuccess: () => cache.invalidateQueries({ queryKey: listKey(schedule) }),
  });
}

export function useCancelBackfill() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, terminate }: { id: string; terminate: boolean }) =>
      unwrap(
        client.POST("/backfills/{backfill_id}/cancel", { params: { path: { backfill_id: id } }, body: { terminate } }),
      ),
    onSuccess: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: ["backfills"] }),
        cache.invalidateQueries({ queryKey: keys.runs }),
      ]),
  });
}
