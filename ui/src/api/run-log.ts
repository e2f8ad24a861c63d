import { useQuery, useQueryClient } from "@tanstack/react-query";
import { isOpen } from "../words/runs";
import { client, unwrap } from "./client";
import type { LogLine, Run } from "./types";

const LIVE = 1000;

type Log = { items: LogLine[]; after: string | null };

/** The whole log of a run: what is there is kept, and only what came since is asked for, until a while after its end. */
export function useRunLog(run: Run) {
  const cache = useQueryClient();
  // Not one of the keys of runs: who changes a run need not wait until its log is read again.
  const key = ["run-log", run.id];
  return useQuery({
    queryKey: key,
    queryFn: async ({ signal }): Promise<Log> => {
      const known = cache.getQueryData<Log>(key);
      const items = [...(known?.items ?? [])];
      let after = known?.after ?? null;
      for (let more = true; more; ) {
        const query = { limit: 1000, ...(after !== null && { after }) };
        const page = await unwrap(
          client.GET("/runs/{run_id}/log", { params: { path: { run_id: run.id }, query }, signal }),
        );
        items.push(...page.items);
        after = page.after;
        more = page.more;
      }
      return { items, after };
    },
    // What a task said last may arrive a moment after its end.
    refetchInterval: () => (isOpen(run) || endedJustNow(run) ? LIVE : false),
  });
}

const endedJustNow = ({ finished_at }: Run): boolean =>
  finished_at !== null && Math.abs(Date.now() - Date.parse(finished_at)) < 10_000;
