import { Badge, Tooltip } from "@mantine/core";
import type { RunState, ScheduleState } from "../api/types";
import { STATE_MEANINGS } from "../words/runs";

export const RUN_COLORS: Record<RunState, string> = {
  buffered: "cyan",
  pending: "gray",
  queued: "gray",
  running: "blue",
  retrying: "yellow",
  succeeded: "teal",
  failed: "red",
  cancelled: "gray",
  lost: "red",
  expired: "grape",
  skipped: "gray",
  missed: "orange",
};

const SCHEDULE_COLORS: Record<ScheduleState, string> = {
  active: "teal",
  paused: "yellow",
  finished: "gray",
  error: "red",
};

const SCHEDULE_MEANINGS: Record<ScheduleState, string> = {
  active: "It fires at its fire times.",
  paused: "It fires at no fire time until it is resumed.",
  finished: "Its trigger, its end or its number of runs gives no further fire time.",
  error: "It cannot be planned; the reason is on its page.",
};

function StateBadge({ state, color, meaning, size }: { state: string; color: string; meaning: string; size: string }) {
  return (
    <Tooltip label={meaning} multiline maw={280}>
      <Badge
        variant="light"
        color={color}
        size={size}
        tt="none"
        fw={600}
        leftSection={
          <span
            className="dot"
            data-pulse={state === "running" || undefined}
            data-hollow={state === "skipped" || undefined}
            aria-hidden
          />
        }
        miw="max-content"
      >
        {state}
      </Badge>
    </Tooltip>
  );
}

export function RunStateBadge({ state, size = "md" }: { state: RunState; size?: string }) {
  return <StateBadge state={state} color={RUN_COLORS[state]} meaning={STATE_MEANINGS[state]} size={size} />;
}

export function ScheduleStateBadge({ state, size = "md" }: { state: ScheduleState; size?: string }) {
  return <StateBadge state={state} color={SCHEDULE_COLORS[state]} meaning={SCHEDULE_MEANINGS[state]} size={size} />;
}
