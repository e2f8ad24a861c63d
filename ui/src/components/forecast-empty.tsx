import { Box, Button } from "@mantine/core";
import { IconCalendarOff, IconChartBar, IconSearch } from "@tabler/icons-react";
import { Link } from "wouter";
import type { Forecast } from "../api/types";
import { counted, hasSchedules } from "../words/forecast";
import { LeftOut } from "./forecast-facts";
import { Empty } from "./notices";

type Props = {
  forecast: Forecast;
  filtered: boolean;
  window: string;
  onClear: () => void;
  onWiden: (() => void) | null;
};

/** Why a forecast has no runs, and what would give it some. */
export function NothingToForecast({ forecast, filtered, window, onClear, onWiden }: Props) {
  const active = forecast.as_is.schedules;
  const all = (
    <Button variant="default" onClick={onClear}>
      Forecast all schedules
    </Button>
  );
  if (!hasSchedules(forecast)) {
    return filtered ? (
      <Empty icon={<IconSearch size={26} />} title="No active schedule fits" action={all}>
        Search looks at names and tasks.
      </Empty>
    ) : (
      <Empty
        icon={<IconChartBar size={28} />}
        title="No schedule is active"
        action={
          <Button component={Link} href="/schedules/new" size="md">
            Make a schedule
          </Button>
        }
      >
        The forecast counts what all schedules will send, minute by minute. It finds the minutes in which too many come
        at once, such as midnight, before they come, and tells what would spread them out.
      </Empty>
    );
  }
  return (
    <Empty
      icon={<IconCalendarOff size={26} />}
      title={`Nothing is due in the next ${window}`}
      action={
        <>
          {onWiden && <Button onClick={onWiden}>Look at 7 d</Button>}
          {filtered && all}
        </>
      }
    >
      {active > 0
        ? `${counted(active, "active schedule")} ${active === 1 ? "has" : "have"} no run then.`
        : "No active schedule could be counted."}{" "}
      A forecast does not count:
      <Box ta="left" mt="xs" mx="auto" w="fit-content">
        <LeftOut forecast={forecast} />
      </Box>
    </Empty>
  );
}
