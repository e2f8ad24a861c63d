import { ActionIcon, Box, Group, Skeleton, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, type SyntheticEvent, useMemo, useState } from "react";
import { type Shown, useStretches } from "../../api/calendar-queries";
import { asProblem } from "../../api/problem";
import { sentence } from "../../form/faults";
import { useNow } from "../../words/now";
import { type Day, type Month, monthsOf, yearBounds } from "../../words/year";
import { wallOf } from "../../words/zones";
import { Section } from "../layout";
import { ProblemNotice } from "../notices";

const COVERED: Record<Day["covered"], string> = { none: "not in it", part: "part of the day", full: "whole day" };
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const INITIALS = ["M", "T", "W", "T", "F", "S", "S"];
const KEYED = INITIALS.map((initial, index) => ({ initial, key: `${initial}${index}` }));

const dayName = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
  timeZone: "UTC",
});

const inWords = ({ date, covered, labels }: Day): string => {
  const what = labels.length > 0 ? `${labels.join(", ")} (${COVERED[covered]})` : COVERED[covered];
  return `${dayName.format(new Date(`${date}T00:00Z`))}: ${what}`;
};

function MonthGrid({ month, today, chosen }: { month: Month; today: string; chosen: string }) {
  return (
    <section aria-label={month.name} className="month">
      <Text size="sm" fw={600} mb={4}>
        {month.name}
      </Text>
      <div className="month-days">
        {KEYED.map(({ initial, key }) => (
          <span key={key} className="month-initial" aria-hidden>
            {initial}
          </span>
        ))}
        {month.days.map((day, index) => (
          <button
            key={day.date}
            type="button"
            className="day"
            data-date={day.date}
            data-covered={day.covered}
            data-today={day.date === today || undefined}
            style={index === 0 ? { gridColumnStart: month.lead + 1 } : undefined}
            tabIndex={day.date === chosen ? 0 : -1}
            title={day.covered === "none" ? undefined : inWords(day)}
            aria-label={inWords(day)}
          >
            {index + 1}
          </button>
        ))}
      </div>
    </section>
  );
}

type Props = { shown: Shown };

/** The days that a calendar covers in a year, month by month; what covers a day is told where the pointer or focus is. */
export function YearView({ shown }: Props) {
  const now = useNow();
  const { timezone } = "document" in shown ? shown.document : shown.stored;
  const today = (wallOf(new Date(now).toISOString(), timezone) ?? new Date(now).toISOString()).slice(0, 10);
  const [year, setYear] = useState(() => Number(today.slice(0, 4)));
  const [picked, setPicked] = useState<string | null>(null);
  const { from, until } = useMemo(() => yearBounds(year, timezone), [year, timezone]);
  const stretches = useStretches(shown, from, until);
  const problem = stretches.error && asProblem(stretches.error);
  const months = useMemo(() => monthsOf(stretches.data ?? [], year, timezone), [stretches.data, year, timezone]);
  const days = months.flatMap((month) => month.days);
  const told = days.find(({ date }) => date === picked);
  const chosen = told?.date ?? (today.startsWith(`${year}-`) ? today : `${year}-01-01`);

  const show = (event: SyntheticEvent) => {
    const date = event.target instanceof HTMLElement ? event.target.dataset["date"] : undefined;
    if (date !== undefined) {
      setPicked(date);
    }
  };
  const move = (event: KeyboardEvent<HTMLElement>) => {
    const step = STEPS[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = days[days.findIndex(({ date }) => date === chosen) + step];
      event.currentTarget.querySelector<HTMLElement>(`[data-date="${next?.date}"]`)?.focus();
    }
  };

  return (
    <Section
      title={`Year ${year}`}
      aside={
        <Group gap={4}>
          <ActionIcon onClick={() => setYear(year - 1)} aria-label={`Year ${year - 1}`}>
            <IconChevronLeft size={18} />
          </ActionIcon>
          <ActionIcon onClick={() => setYear(year + 1)} aria-label={`Year ${year + 1}`}>
            <IconChevronRight size={18} />
          </ActionIcon>
        </Group>
      }
    >
      {problem?.faults.map((fault) => (
        <Text key={fault.path} size="sm" c="red">
          {sentence(fault)}
        </Text>
      ))}
      {problem?.faults.length === 0 && <ProblemNotice error={problem} onRetry={() => stretches.refetch()} />}
      {stretches.isPending && <Skeleton height={420} />}
      {stretches.data && (
        <>
          <Text size="sm" role="status" className="year-told" fw={told && told.covered !== "none" ? 600 : 400}>
            {told ? inWords(told) : "Point at a day to see what covers it."}
          </Text>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: it only listens for its days, which are buttons */}
          <div
            className="year-box"
            aria-busy={stretches.isPlaceholderData}
            onMouseOver={show}
            onFocus={show}
            onKeyDown={move}
          >
            <div className="year">
              {months.map((month) => (
                <MonthGrid key={month.name} month={month} today={today} chosen={chosen} />
              ))}
            </div>
          </div>
          <Group gap="md" mt="md">
            {(["full", "part"] as const).map((covered) => (
              <Group key={covered} gap={6}>
                <Box component="span" className="day" data-covered={covered} data-sample aria-hidden />
                <Text size="xs" c="dimmed">
                  {COVERED[covered]}
                </Text>
              </Group>
            ))}
            <Text size="xs" c="dimmed">
              {timezone} time
            </Text>
          </Group>
        </>
      )}
    </Section>
  );
}
