import { Box, Tooltip } from "@mantine/core";
import { useNow } from "../words/now";
import { fullTime, relativeTime, shortTime, untilFireTime } from "../words/time";

type TimeProps = { at: string; c?: string; fw?: number };

/** "in 4 s", ticking; the full instant in the viewer's zone on hover and focus. */
export function Relative({ at, c, fw }: TimeProps) {
  const now = useNow();
  return (
    <Tooltip label={fullTime(at)}>
      <Box component="time" dateTime={at} c={c} fw={fw} className="tabular">
        {relativeTime(at, now)}
      </Box>
    </Tooltip>
  );
}

/** "in 4 s", "now", "due 12 s ago": for the next fire time. */
export function Upcoming({ at }: { at: string }) {
  const now = useNow();
  return (
    <Tooltip label={fullTime(at)}>
      <Box component="time" dateTime={at} className="tabular">
        {untilFireTime(at, now)}
      </Box>
    </Tooltip>
  );
}

/** "14:03:07" or "Tue, 3 Mar, 14:03:07" in the viewer's zone; how far it is, on hover and focus. */
export function Instant({ at, c, fw }: TimeProps) {
  const now = useNow();
  return (
    <Tooltip label={`${relativeTime(at, now)} · ${fullTime(at)}`}>
      <Box component="time" dateTime={at} c={c} fw={fw} className="tabular">
        {shortTime(at, now)}
      </Box>
    </Tooltip>
  );
}
