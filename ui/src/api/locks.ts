import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import type { Lock, Page } from "./types";

const LIVE = 2000;

const key = ["locks"] as const;

/** The locks that tasks hold, the one held for longest first. */
export function useLocks() {
  return useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }): Promise<Page<Lock>> => {
      const query = { limit: 20, ...(pageParam && { cursor: pageParam }) };
      return unwrap(client.GET("/locks", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: ({ state }) => LIVE * Math.max(1, state.data?.pages.length ?? 1),
  });
}

export function useReleaseLock() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => unwrap(client.DELETE("/locks/{lock_id}", { params: { path: { lock_id: id } } })),
    onSettled: () => cache.invalidateQueries({ queryKey: key }),
  });
}
