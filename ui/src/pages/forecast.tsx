import { Group, Kbd, SegmentedControl, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useRef } from "react";
import { useSearchParams } from "wouter";
import { useForecast } from "../api/queries";
import type { Forecast } from "../api/types";
import { ForecastChart, type Overlay } from "../components/forecast-chart";
import { NothingToForecast } from "../components/forecast-empty";
import { BusiestMinutes, ForecastTotals, IncompleteNotice, LeftOut } from "../components/forecast-facts";
import { ForecastSpread, JITTERS, WAY_COLORS, type Way, wayName } from "../components/forecast-spread";
import { PageHeader, Section } from "../components/layout";
import { ProblemNotice } from "../components/notices";
import { hasSchedules } from "../words/forecast";
import { viewerZone } from "../words/time";

const WINDOWS = [
  { hours: 6, label: "6 h" },
  { hours: 24, label: "24 h" },
  { hours: 72, label: "3 d" },
  { hours: 168, label: "7 d" },
];
const WAYS: Way[] = ["h", "jitter"];

/** What is looked at, kept in the address: the window, the search, the jitter to try, and what is drawn over it. */
function useChoices() {
  const [search, setSearch] = useSearchParams();
  const asked = (name: string, among: number[], otherwise: number): number =>
    among.find((value) => String(value) === search.get(name)) ?? otherwise;
  const set = (name: string, value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        after.set(name, value);
        if (value === "") {
          after.delete(name);
        }
        return after;
      },
      { replace: true },
    );
  return {
    q: search.get("q") ?? "",
    hours: asked(
      "hours",
      WINDOWS.map(({ hours }) => hours),
      24,
    ),
    jitter: asked("jitter", JITTERS, 300),
    shown: WAYS.filter((way) => search.get("with")?.split(" ").includes(way)),
    set,
  };
}

function Waiting() {
  return (
    <Stack role="status" aria-label="Loading the forecast">
      <Skeleton height={106} radius={12} />
      <Skeleton height={342} radius={12} />
      <Skeleton height={240} radius={12} />
    </Stack>
  );
}

type ShownProps = { forecast: Forecast; choices: ReturnType<typeof useChoices>; busy: boolean };

function Shown({ forecast, choices: { jitter, shown, set }, busy }: ShownProps) {
  const overlays = shown.map(
    (way): Overlay => ({
      way: wayName(way, forecast.jitter),
      color: WAY_COLORS[way],
      outlook: forecast.what_if[way].outlook,
    }),
  );
  const show = (way: Way, on: boolean) =>
    set("with", WAYS.filter((each) => (each === way ? on : shown.includes(each))).join(" "));
  return (
    <>
      <IncompleteNotice forecast={forecast} />
      <Section label="Totals">
        <ForecastTotals forecast={forecast} />
      </Section>
      <Section
        title="Runs per minute"
        aside={
          <Text size="sm" c="dimmed">
            {viewerZone()} time
          </Text>
        }
      >
        <ForecastChart forecast={forecast} overlays={overlays} busy={busy} />
      </Section>
      <Section title="Spread them out">
        <ForecastSpread
          forecast={forecast}
          jitter={jitter}
          onJitter={(seconds) => set("jitter", String(seconds))}
          shown={shown}
          onShow={show}
        />
      </Section>
      <Section title="Busiest minutes" flush>
        <BusiestMinutes forecast={forecast} />
      </Section>
      <Section title="Not counted">
        <LeftOut forecast={forecast} />
      </Section>
    </>
  );
}

export function ForecastPage() {
  const choices = useChoices();
  const { q, hours, jitter, set } = choices;
  const [settled] = useDebouncedValue(q, 300);
  const forecast = useForecast({ q: settled.trim(), hours, jitter });
  const { data } = forecast;
  const field = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => field.current?.focus()]]);
  const showTools = q !== "" || data === undefined || hasSchedules(data);
  return (
    <>
      <PageHeader title="Forecast" description="What all active schedules will send, minute by minute." />
      <Stack>
        {showTools && (
          <Group justify="space-between">
            <TextInput
              ref={field}
              placeholder="Search"
              aria-label="Search schedules"
              leftSection={<IconSearch size={16} />}
              rightSection={q === "" && <Kbd size="xs">/</Kbd>}
              value={q}
              onChange={(event) => set("q", event.currentTarget.value)}
              flex="1 1 240px"
              maw={380}
              type="search"
            />
            <SegmentedControl
              aria-label="Window"
              value={String(hours)}
              onChange={(value) => set("hours", value)}
              data={WINDOWS.map((window) => ({ value: String(window.hours), label: window.label }))}
            />
          </Group>
        )}
        {forecast.isError && <ProblemNotice error={forecast.error} onRetry={() => forecast.refetch()} />}
        {forecast.isPending && <Waiting />}
        {data && data.as_is.runs > 0 && <Shown forecast={data} choices={choices} busy={forecast.isPlaceholderData} />}
        {data && data.as_is.runs === 0 && (
          <Section label="Nothing to forecast">
            <NothingToForecast
              forecast={data}
              filtered={settled.trim() !== ""}
              window={WINDOWS.find((each) => each.hours === hours)?.label ?? ""}
              onClear={() => set("q", "")}
              onWiden={hours < 168 ? () => set("hours", "168") : null}
            />
          </Section>
        )}
      </Stack>
    </>
  );
}
