import { Group, SegmentedControl, Stack, Switch, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Forecast, WhatIf } from "../api/types";
import { writeDuration } from "../words/duration";
import { counted, spreadWords } from "../words/forecast";

/** The ways to spread schedules out. */
export type Way = "h" | "jitter";

export const JITTERS = [60, 300, 900];
export const WAY_COLORS: Record<Way, string> = {
  h: "var(--mantine-color-teal-filled)",
  jitter: "var(--mantine-color-orange-filled)",
};

export const wayName = (way: Way, jitter: number): string => (way === "h" ? "H" : `${writeDuration(jitter)} of jitter`);

const NOTHING: Record<Way, string> = {
  h: "It would change no schedule: none has a plain minute in a cron expression.",
  jitter: "It would change no schedule: each has as much already.",
};

/** Cron must not break at a line's end. */
function Code({ children }: { children: string }) {
  return (
    <Text span inherit className="mono" style={{ whiteSpace: "nowrap" }}>
      {children}
    </Text>
  );
}

type WayProps = {
  way: Way;
  name: string;
  spread: WhatIf;
  forecast: Forecast;
  shown: boolean;
  onShow: (shown: boolean) => void;
  aside?: ReactNode;
  children: ReactNode;
};

function SpreadWay({ way, name, spread, forecast, shown, onShow, aside, children }: WayProps) {
  return (
    <div>
      <Group gap="sm" mih={32}>
        <Switch
          label={`With ${name}`}
          fw={600}
          checked={shown}
          color={way === "h" ? "teal" : "orange"}
          onChange={(event) => onShow(event.currentTarget.checked)}
        />
        {aside}
      </Group>
      <Text size="sm" mt={6} aria-live="polite">
        {spread.changed === 0 ? NOTHING[way] : spreadWords(name, spread.outlook, forecast.as_is)}
      </Text>
      <Text size="sm" c="dimmed" mt={2}>
        {spread.changed > 0 && `${counted(spread.changed, "schedule")} would change. `}
        {children}
      </Text>
    </div>
  );
}

type Props = {
  forecast: Forecast;
  jitter: number;
  onJitter: (jitter: number) => void;
  shown: Way[];
  onShow: (way: Way, shown: boolean) => void;
};

/** What `H` and jitter would make of the busiest minute, each with a switch that draws it over the present. */
export function ForecastSpread({ forecast, jitter, onJitter, shown, onShow }: Props) {
  const { h, jitter: jittered } = forecast.what_if;
  return (
    <Stack gap="lg">
      <SpreadWay
        way="h"
        name={wayName("h", jitter)}
        spread={h}
        forecast={forecast}
        shown={shown.includes("h")}
        onShow={(on) => onShow("h", on)}
      >
        Write <Code>H 2 * * *</Code> in place of <Code>0 2 * * *</Code>: each schedule gets a minute of its own, always
        the same one.
      </SpreadWay>
      <SpreadWay
        way="jitter"
        name={wayName("jitter", forecast.jitter)}
        spread={jittered}
        forecast={forecast}
        shown={shown.includes("jitter")}
        onShow={(on) => onShow("jitter", on)}
        aside={
          <SegmentedControl
            size="xs"
            aria-label="Jitter to try"
            value={String(jitter)}
            onChange={(value) => onJitter(Number(value))}
            data={JITTERS.map((seconds) => ({ value: String(seconds), label: writeDuration(seconds) }))}
          />
        }
      >
        Fire times stay, and each run is sent up to so much later. Schedules with a longer jitter keep it.
      </SpreadWay>
    </Stack>
  );
}
