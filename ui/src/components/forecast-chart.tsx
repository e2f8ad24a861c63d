import { Box, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type PointerEvent, useMemo, useState } from "react";
import type { Forecast, Outlook } from "../api/types";
import { counted, minuteClock, minuteTime } from "../words/forecast";
import { busiestOf, type Column, columnsOf, countTicks } from "../words/forecast-chart";
import { ForecastAxes, type Plot } from "./forecast-axes";

const MINUTE = 60_000;
const HEIGHT = 280;
const TOP = 30; // room for the peak's label
const BOTTOM = 44; // two lines: clock times, days
const COLUMN_WIDTH = 3;

/** An outlook drawn over the present one. */
export type Overlay = { way: string; color: string; outlook: Outlook };

const plotOf = (forecast: Forecast, width: number, most: number): Plot => {
  const ticks = countTicks(most);
  const left = 12 + 7 * (ticks.at(-1) ?? 0).toLocaleString("en").length;
  return {
    start: Date.parse(forecast.start),
    end: Date.parse(forecast.end),
    left,
    right: width - 1,
    top: TOP,
    bottom: HEIGHT - BOTTOM,
    most: Math.max(most, 1),
    ticks,
  };
};

const xOf = ({ start, end, left, right }: Plot, minute: number): number =>
  left + ((right - left) * minute * MINUTE) / (end - start);

/** Where a count is drawn; even one run is seen beside thousands. */
const yOf = ({ top, bottom, most }: Plot, runs: number): number =>
  runs === 0 ? bottom : Math.min(bottom - ((bottom - top) * runs) / most, bottom - 2);

/** From where to where a column is drawn, with a gap to the next one. */
function barOf(plot: Plot, { first, until }: Column): { x: number; width: number } {
  const x = xOf(plot, first);
  const room = xOf(plot, until) - x;
  return { x, width: room > 4 ? room - 1 : room * 0.8 };
}

function barsPath(plot: Plot, columns: Column[], counts: number[]): string {
  return columns
    .map((column) => {
      const { runs } = busiestOf(counts, column);
      const { x, width } = barOf(plot, column);
      return runs === 0 ? "" : `M${x} ${plot.bottom}V${yOf(plot, runs)}h${width}V${plot.bottom}z`;
    })
    .join("");
}

function outline(plot: Plot, columns: Column[], counts: number[]): string {
  const steps = columns.map((column) => `V${yOf(plot, busiestOf(counts, column).runs)}H${xOf(plot, column.until)}`);
  return `M${plot.left} ${plot.bottom}${steps.join("")}V${plot.bottom}`;
}

/** What a column tells, in lines: its busiest minute, how busy it would be otherwise, and who is in it. */
function told(forecast: Forecast, column: Column, overlays: Overlay[]): [title: string, ...more: string[]] {
  const at = (minute: number): number => Date.parse(forecast.start) + minute * MINUTE;
  const { minute, runs } = busiestOf(forecast.as_is.counts, column);
  const wide = column.until - column.first > 1;
  const stretch = `${minuteClock(at(column.first))}–${minuteClock(at(column.until))}`;
  const lines = overlays.map(({ way, outlook }) => {
    const spread = busiestOf(outlook.counts, column).runs;
    return `with ${way}: ${spread === 0 ? "no runs" : counted(spread, "run")}`;
  });
  if (at(minute) >= Date.parse(forecast.as_is.complete_until)) {
    lines.unshift("at least: not all could be counted");
  }
  if (runs === 0) {
    const when = wide ? `${minuteTime(at(column.first))}–${minuteClock(at(column.until))}` : minuteTime(at(minute));
    return [`${when}: no runs`, ...lines];
  }
  const busy = forecast.as_is.busiest.find((each) => Date.parse(each.minute) === at(minute));
  const names =
    busy && `${busy.schedules.join(", ")}${busy.more > 0 ? ` and ${busy.more.toLocaleString("en")} more` : ""}`;
  return [
    `${minuteTime(at(minute))}: ${counted(runs, "run")}`,
    ...(wide ? [`busiest minute of ${stretch}`] : []),
    ...lines,
    ...(names ? [names] : []),
  ];
}

type PeakProps = { plot: Plot; column: Column; minute: number; runs: number; named: boolean };

function PeakMark({ plot, column, minute, runs, named }: PeakProps) {
  const label = `${counted(runs, "run")} at ${minuteClock(plot.start + minute * MINUTE)}`;
  const half = label.length * 3.4;
  const bar = barOf(plot, column);
  const x = bar.x + bar.width / 2;
  const y = yOf(plot, runs);
  return (
    <g className="forecast-peak">
      <circle cx={x} cy={y} r={3.5} />
      {named && (
        <text x={Math.min(Math.max(x, half), plot.right - half)} y={y - 9} textAnchor="middle">
          {label}
        </text>
      )}
    </g>
  );
}

type Props = { forecast: Forecast; overlays: Overlay[]; busy: boolean };

/** Runs per minute as bars, each the busiest of its minutes; pointer, finger and arrow keys tell them one by one. */
export function ForecastChart({ forecast, overlays, busy }: Props) {
  const { ref, width } = useElementSize();
  const [pointed, setPointed] = useState<number | null>(null);
  const [focused, setFocused] = useState<number | null>(null);
  const { counts, peak, complete_until } = forecast.as_is;
  const most = Math.max(peak, ...overlays.map(({ outlook }) => outlook.peak));
  const plot = useMemo(() => plotOf(forecast, width, most), [forecast, width, most]);
  const columns = useMemo(
    () => columnsOf(forecast.start, counts.length, Math.max((plot.right - plot.left) / COLUMN_WIDTH, 1)),
    [forecast.start, counts.length, plot],
  );
  const bars = useMemo(() => barsPath(plot, columns, counts), [plot, columns, counts]);
  const busiest = counts.indexOf(peak);
  const peakColumn = columns.findIndex(({ until }) => until > busiest);
  const chosen = Math.min(focused ?? peakColumn, columns.length - 1);
  const shown = pointed ?? (focused === null ? null : chosen);
  const column = shown === null ? undefined : columns[shown];
  const tellChosen = columns[chosen] ? told(forecast, columns[chosen], overlays).join("; ") : "";
  const unsure = Math.max((Date.parse(complete_until) - plot.start) / MINUTE, 0);

  const point = (event: PointerEvent<HTMLElement>) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const minute = ((x - plot.left) / (plot.right - plot.left)) * counts.length;
    const found = columns.findIndex(({ first, until }) => minute >= first && minute < until);
    setPointed(found === -1 ? null : found);
  };
  const summary = `Runs per minute from ${minuteTime(forecast.start)} to ${minuteTime(forecast.end)}; the busiest minute is ${minuteTime(plot.start + busiest * MINUTE)} with ${counted(peak, "run")}`;

  return (
    <Box
      ref={ref}
      className="forecast-chart"
      h={HEIGHT}
      aria-busy={busy}
      onPointerMove={point}
      onPointerDown={point}
      onPointerLeave={({ pointerType }) => pointerType === "mouse" && setPointed(null)}
    >
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={summary}>
          <ForecastAxes plot={plot} />
          {!forecast.as_is.complete && unsure > 0 && (
            <rect
              className="forecast-unsure"
              x={xOf(plot, unsure)}
              y={plot.top}
              width={plot.right - xOf(plot, unsure)}
              height={plot.bottom - plot.top}
            />
          )}
          {column && (
            <rect
              className="forecast-pointed"
              x={xOf(plot, column.first) - 1}
              y={plot.top}
              width={xOf(plot, column.until) - xOf(plot, column.first) + 2}
              height={plot.bottom - plot.top}
            />
          )}
          <path className="forecast-bars" data-behind={overlays.length > 0 || undefined} d={bars} />
          {overlays.map(({ way, color, outlook }) => (
            <path key={way} className="forecast-overlay" color={color} d={outline(plot, columns, outlook.counts)} />
          ))}
          {columns[peakColumn] && (
            <PeakMark plot={plot} column={columns[peakColumn]} minute={busiest} runs={peak} named={!column} />
          )}
        </svg>
      )}
      <input
        type="range"
        className="forecast-keys"
        min={0}
        max={columns.length - 1}
        value={chosen}
        aria-label="Minute of the forecast"
        aria-valuetext={tellChosen}
        onChange={(event) => setFocused(Number(event.currentTarget.value))}
        onFocus={() => setFocused(chosen)}
        onBlur={() => setFocused(null)}
      />
      {column && (
        <Tip lines={told(forecast, column, overlays)} x={xOf(plot, (column.first + column.until) / 2)} width={width} />
      )}
    </Box>
  );
}

/** It stands left of its column where there is no room on the right. */
function Tip({ lines: [title, ...more], x, width }: { lines: [string, ...string[]]; x: number; width: number }) {
  const side = x > width / 2 ? { right: width - x + 10 } : { left: x + 10 };
  return (
    <div className="forecast-tip" style={side} aria-hidden>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      {more.map((line) => (
        <Text size="xs" c="dimmed" key={line}>
          {line}
        </Text>
      ))}
    </div>
  );
}
