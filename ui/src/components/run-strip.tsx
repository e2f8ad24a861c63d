import { Box, Group, Skeleton, Tooltip } from "@mantine/core";
import { useIntersection } from "@mantine/hooks";
import { Link } from "wouter";
import { useRecentRuns } from "../api/queries";
import type { Run, Schedule } from "../api/types";
import { useNow } from "../words/now";
import { coveredCount, runDurations, runTime } from "../words/runs";
import { relativeTime } from "../words/time";
import { RUN_COLORS } from "./state";

const SHOWN = 8;

function tip(run: Run, now: number): string {
  const { ran } = runDurations(run);
  const covered = coveredCount(run);
  const more = covered !== null ? ` (${covered})` : ran === null ? "" : ` after ${runTime(ran)}`;
  return `${run.state}${more}, ${relativeTime(run.fire_time, now)}`;
}

/** The newest runs of a schedule as dots, oldest first; asked for when the row comes into view. */
export function RunDots({ schedule }: { schedule: Schedule }) {
  const { ref, entry } = useIntersection({ rootMargin: "200px" });
  const runs = useRecentRuns(schedule, entry?.isIntersecting ?? false, SHOWN);
  const now = useNow();
  return (
    <Group ref={ref} gap={5} wrap="nowrap" mih={16} miw={SHOWN * 15}>
      {runs.isPending && <Skeleton height={8} width={SHOWN * 13} radius="xl" />}
      {runs.data?.length === 0 && (
        <Box c="dimmed" fz="sm">
          no runs yet
        </Box>
      )}
      {runs.data?.toReversed().map((run) => (
        <Tooltip key={run.id} label={tip(run, now)}>
          <Link
            href={`/runs/${run.id}`}
            className="run-dot"
            data-pulse={run.state === "running" || undefined}
            data-hollow={run.state === "skipped" || undefined}
            style={{ color: `var(--mantine-color-${RUN_COLORS[run.state]}-filled)` }}
            aria-label={`Run ${tip(run, now)}`}
          />
        </Tooltip>
      ))}
    </Group>
  );
}

/** Runs as bars, oldest first: colour is the state, height the run time against the longest one shown. */
export function RunBars({ runs }: { runs: Run[] }) {
  const now = useNow();
  const lengths = runs.map((run) => runDurations(run, now).ran ?? 0);
  const longest = Math.max(...lengths, 0.001);
  const bars = runs.map((run, index) => ({ run, height: 22 + 78 * Math.sqrt((lengths[index] ?? 0) / longest) }));
  return (
    <section className="run-bars" aria-label="Run times of the newest runs, oldest first">
      {bars.toReversed().map(({ run, height }) => (
        <Tooltip key={run.id} label={tip(run, now)}>
          <Link
            href={`/runs/${run.id}`}
            className="run-bar"
            data-pulse={run.state === "running" || undefined}
            data-hollow={run.state === "skipped" || undefined}
            style={{ height: `${height}%`, color: `var(--mantine-color-${RUN_COLORS[run.state]}-filled)` }}
            aria-label={`Run ${tip(run, now)}`}
          />
        </Tooltip>
      ))}
    </section>
  );
}
