import { Button, Stack, Table, Text } from "@mantine/core";
import { IconCalendarMonth, IconPlus } from "@tabler/icons-react";
import { Link } from "wouter";
import { useCalendars } from "../api/calendar-queries";
import type { Calendar } from "../api/types";
import { STARTS, StartIcon } from "../components/calendar/starts";
import { PageHeader, Section } from "../components/layout";
import { Empty, Loading, ProblemNotice } from "../components/notices";
import { Dash, Rows } from "../components/table";
import { Relative } from "../components/time";
import { ruleInWords } from "../words/rules";

const COLUMNS = [
  { label: "Calendar" },
  { label: "Time zone", visibleFrom: "sm" },
  { label: "Schedules" },
  { label: "Changed", visibleFrom: "md" },
] as const;

const SHOWN_RULES = 3;

function Rules({ calendar: { rules } }: { calendar: Calendar }) {
  const more = rules.length - SHOWN_RULES;
  const words = rules.slice(0, SHOWN_RULES).map((rule) => ("label" in rule && rule.label) || ruleInWords(rule));
  return (
    <Text size="sm" c="dimmed" lineClamp={2}>
      {words.join("; ")}
      {more > 0 && `; and ${more} more`}
    </Text>
  );
}

function CalendarRow({ calendar }: { calendar: Calendar }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Link href={`/calendars/${encodeURIComponent(calendar.name)}`} className="row-link">
          {calendar.name}
        </Link>
        <Rules calendar={calendar} />
      </Table.Td>
      <Table.Td visibleFrom="sm">{calendar.timezone}</Table.Td>
      <Table.Td>{calendar.schedule_count || <Dash />}</Table.Td>
      <Table.Td visibleFrom="md">
        <Relative at={calendar.updated_at} c="dimmed" />
      </Table.Td>
    </Table.Tr>
  );
}

function Nothing() {
  return (
    <Empty
      icon={<IconCalendarMonth size={28} />}
      title="Say when schedules must not run, or may"
      action={STARTS.filter(({ start }) => start !== "blank").map(({ start, label }, index) => (
        <Button
          key={start}
          component={Link}
          href={`/calendars/new?start=${start}`}
          size="md"
          variant={index === 0 ? "filled" : "default"}
          leftSection={<StartIcon start={start} />}
        >
          {label}
        </Button>
      ))}
    >
      A calendar names stretches of time, once for all schedules: public holidays, office hours, a change freeze. As a{" "}
      <b>blackout</b> of a schedule it keeps fire times inside it from running; as an <b>allowed</b> one, all those
      outside it.
    </Empty>
  );
}

export function CalendarsPage() {
  const calendars = useCalendars();
  return (
    <>
      <PageHeader
        title="Calendars"
        description="Stretches of time in which schedules must not run, or may."
        actions={
          <Button component={Link} href="/calendars/new" leftSection={<IconPlus size={16} />}>
            New calendar
          </Button>
        }
      />
      <Stack>
        {calendars.isError && <ProblemNotice error={calendars.error} onRetry={() => calendars.refetch()} />}
        {calendars.isPending && <Loading label="calendars" />}
        {calendars.data && (
          <Section flush label="Calendars">
            {calendars.data.length === 0 ? (
              <Nothing />
            ) : (
              <Rows label="Calendars" columns={[...COLUMNS]}>
                {calendars.data.map((calendar) => (
                  <CalendarRow key={calendar.name} calendar={calendar} />
                ))}
              </Rows>
            )}
          </Section>
        )}
      </Stack>
    </>
  );
}
