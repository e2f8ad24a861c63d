import { minuteClock } from "../words/forecast";
import { daysOf, timeTicks } from "../words/forecast-chart";

/** The area that is drawn on, in pixels, and what its edges stand for: instants, and runs from 0 to `most`. */
export type Plot = {
  start: number;
  end: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  most: number;
  ticks: number[];
};

const TICK_WIDTH = 58;
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const shortDay = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });

function dayLabel(at: number, width: number): string {
  const format = [
    { format: longDay, needs: 84 },
    { format: shortDay, needs: 48 },
    { format: weekday, needs: 30 },
  ].find(({ needs }) => width >= needs)?.format;
  return format?.format(new Date(at)) ?? "";
}

function CountAxis({ left, right, top, bottom, most, ticks }: Plot) {
  return ticks.map((runs) => {
    const y = bottom - ((bottom - top) * runs) / most;
    return (
      <g key={runs}>
        <line className="forecast-line" x1={left} x2={right} y1={y} y2={y} />
        <text x={left - 6} y={y + 4} textAnchor="end">
          {runs.toLocaleString("en")}
        </text>
      </g>
    );
  });
}

function TimeAxis({ start, end, left, right, top, bottom }: Plot) {
  const scale = (right - left) / (end - start);
  const x = (at: number): number => left + (at - start) * scale;
  const fits = (at: number): boolean => x(at) >= left + 16 && x(at) <= right - 16;
  return (
    <>
      {timeTicks(start, end, TICK_WIDTH / scale).map((at) => (
        <g key={at}>
          <line className="forecast-line" x1={x(at)} x2={x(at)} y1={bottom} y2={bottom + 4} />
          {fits(at) && (
            <text x={x(at)} y={bottom + 17} textAnchor="middle">
              {minuteClock(at)}
            </text>
          )}
        </g>
      ))}
      {daysOf(start, end).map(({ from, until }) => (
        <g key={from}>
          {from > start && <line className="forecast-day" x1={x(from)} x2={x(from)} y1={top} y2={bottom + 40} />}
          <text className="forecast-day-name" x={x(from) + (from > start ? 6 : 0)} y={bottom + 37}>
            {dayLabel(from, x(until) - x(from))}
          </text>
        </g>
      ))}
    </>
  );
}

/** Lines and labels of a chart of runs over time, in the viewer's time zone. */
export function ForecastAxes({ plot }: { plot: Plot }) {
  return (
    <g aria-hidden className="forecast-axes">
      <CountAxis {...plot} />
      <TimeAxis {...plot} />
    </g>
  );
}
