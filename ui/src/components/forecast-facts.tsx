import { Alert, Anchor, Box, Group, SimpleGrid, Table, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Fragment, type ReactNode } from "react";
import { Link } from "wouter";
import type { BusyMinute, Forecast } from "../api/types";
import { counted, incompleteWords, meanCount, minuteTime } from "../words/forecast";
import { Rows } from "./table";

function Total({ label, value, more }: { label: string; value: string; more: ReactNode }) {
  return (
    <div>
      <Text component="dt" size="sm" c="dimmed">
        {label}
      </Text>
      <Text component="dd" m={0} fz="1.5rem" fw={650} lh={1.3} className="tabular">
        {value}
      </Text>
      <Text component="dd" m={0} size="sm" c="dimmed">
        {more}
      </Text>
    </div>
  );
}

/** The sums of a forecast. */
export function ForecastTotals({ forecast: { as_is } }: { forecast: Forecast }) {
  const least = as_is.complete ? "" : "≥ ";
  return (
    <SimpleGrid component="dl" m={0} cols={{ base: 2, xs: 3 }}>
      <Total
        label="Runs"
        value={least + as_is.runs.toLocaleString("en")}
        more={`${least}${meanCount(as_is.mean)} a minute on average`}
      />
      <Total
        label="Busiest minute"
        value={least + counted(as_is.peak, "run")}
        more={as_is.busiest[0] ? minuteTime(as_is.busiest[0].minute) : ""}
      />
      <Total label="Schedules" value={as_is.schedules.toLocaleString("en")} more="active and counted" />
    </SimpleGrid>
  );
}

/** Says so where counts are lower bounds. */
export function IncompleteNotice({ forecast }: { forecast: Forecast }) {
  const words = incompleteWords(forecast);
  return (
    words && (
      <Alert color="yellow" variant="light" icon={<IconAlertTriangle />} title={words.title} role="status">
        {words.reason} Choose a shorter window, or search for fewer schedules.
      </Alert>
    )
  );
}

function Members({ busy: { schedules, more } }: { busy: BusyMinute }) {
  return (
    <Text size="sm" component="div" style={{ overflowWrap: "anywhere" }}>
      {schedules.map((name, index) => (
        <Fragment key={name}>
          {index > 0 && ", "}
          <Anchor component={Link} href={`/schedules/${encodeURIComponent(name)}`} size="sm">
            {name}
          </Anchor>
        </Fragment>
      ))}
      {more > 0 && (
        <Text span size="sm" c="dimmed">
          {" "}
          and {more.toLocaleString("en")} more
        </Text>
      )}
    </Text>
  );
}

const COLUMNS = [{ label: "Minute" }, { label: "Runs" }, { label: "Schedules", visibleFrom: "sm" }] as const;

/** The ten busiest minutes, each with some of the schedules in it. */
export function BusiestMinutes({ forecast: { as_is } }: { forecast: Forecast }) {
  return (
    <Rows label="Busiest minutes" columns={[...COLUMNS]}>
      {as_is.busiest.map((busy) => (
        <Table.Tr key={busy.minute}>
          <Table.Td>
            <Text size="sm" component="time" dateTime={busy.minute} className="tabular">
              {minuteTime(busy.minute)}
            </Text>
            <Box hiddenFrom="sm" mt={4}>
              <Members busy={busy} />
            </Box>
          </Table.Td>
          <Table.Td>
            <Group gap={10} wrap="nowrap" w={{ base: 84, xs: 130 }}>
              <Text size="sm" fw={600} className="tabular" miw={34} ta="right">
                {busy.runs.toLocaleString("en")}
              </Text>
              <span className="forecast-share" aria-hidden>
                <span style={{ width: `${(100 * busy.runs) / as_is.peak}%` }} />
              </span>
            </Group>
          </Table.Td>
          <Table.Td visibleFrom="sm">
            <Members busy={busy} />
          </Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

/** What the counts leave out, and why. */
export function LeftOut({ forecast: { left_out, skipped, as_is } }: { forecast: Forecast }) {
  const reasons: [key: string, told: ReactNode][] = [];
  if (left_out.paused > 0) {
    const words = counted(left_out.paused, "paused schedule");
    reasons.push(["paused", <StateLink key="paused" state="paused" words={words} />]);
  }
  if (left_out.error > 0) {
    const words = `${counted(left_out.error, "schedule")} with an error`;
    reasons.push(["error", <StateLink key="error" state="error" words={words} />]);
  }
  if (as_is.over_budget > 0) {
    reasons.push(["budget", `${counted(as_is.over_budget, "schedule")} that would take too much work to count`]);
  }
  if (skipped > 0) {
    reasons.push(["skipped", `${counted(skipped, "fire time")} in closed time, where calendars let nothing run`]);
  }
  return (
    <Text size="sm" component="ul" m={0} pl={18}>
      {reasons.map(([key, told]) => (
        <li key={key}>{told}</li>
      ))}
      <li>runs that people ask for, catch-up after an outage, and retries</li>
      <li>
        what was decided on already: see the{" "}
        <Anchor component={Link} href="/runs" size="sm">
          runs
        </Anchor>
      </li>
    </Text>
  );
}

function StateLink({ state, words }: { state: string; words: string }) {
  return (
    <Anchor component={Link} href={`/schedules?state=${state}`} size="sm">
      {words}
    </Anchor>
  );
}
