import { Anchor, Button, Grid, List, Stack, Text } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { Link } from "wouter";
import { useCalendar, useSchedulesOfCalendar } from "../api/calendar-queries";
import type { Calendar } from "../api/types";
import { CalendarMenu } from "../components/calendar/calendar-menu";
import { YearView } from "../components/calendar/year-view";
import { Facts, PageHeader, Section } from "../components/layout";
import { Loading, ProblemNotice } from "../components/notices";
import { ScheduleStateBadge } from "../components/state";
import { Instant, Relative } from "../components/time";
import { ruleInWords, ruleLabel } from "../words/rules";

function Rules({ calendar }: { calendar: Calendar }) {
  return (
    <Section title="Rules">
      <Stack component="ul" m={0} p={0} gap={10} className="plain-list">
        {calendar.rules.map((rule, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rules have no identity but their place
          <li key={index}>
            <Text size="sm" fw={600}>
              {("label" in rule && rule.label) || ruleLabel(rule.kind)}
            </Text>
            <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {ruleInWords(rule)}
            </Text>
          </li>
        ))}
      </Stack>
    </Section>
  );
}

/** How a schedule uses a calendar, in one word. */
const roleOf = (name: string, blackout: string[]): string => (blackout.includes(name) ? "blackout" : "allowed");

function UsedBy({ name }: { name: string }) {
  const schedules = useSchedulesOfCalendar(name);
  return (
    <Section title="Used by">
      {schedules.isError && <ProblemNotice error={schedules.error} onRetry={() => schedules.refetch()} />}
      {schedules.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          No schedule uses it yet. Choose it under “When it may run” in the form of a schedule.
        </Text>
      )}
      {schedules.data && schedules.data.length > 0 && (
        <List listStyleType="none" spacing={8}>
          {schedules.data.map(({ id, name: schedule, calendars, status }) => (
            <List.Item key={id} styles={{ itemWrapper: { width: "100%" }, itemLabel: { width: "100%" } }}>
              <span className="used-by">
                <Anchor component={Link} href={`/schedules/${id}`} size="sm" style={{ overflowWrap: "anywhere" }}>
                  {schedule}
                </Anchor>
                <Text span size="xs" c="dimmed">
                  {roleOf(name, calendars.blackout)}
                </Text>
                <ScheduleStateBadge state={status.state} size="sm" />
              </span>
            </List.Item>
          ))}
        </List>
      )}
    </Section>
  );
}

export function CalendarPage({ name }: { name: string }) {
  const query = useCalendar(name);
  const calendar = query.data;
  if (calendar === undefined) {
    return query.isError ? (
      <ProblemNotice error={query.error} onRetry={() => query.refetch()} />
    ) : (
      <Loading label="the calendar" />
    );
  }
  return (
    <>
      <PageHeader
        title={calendar.name}
        parent={{ label: "Calendars", href: "/calendars" }}
        description={calendar.description}
        actions={
          <>
            <Button
              component={Link}
              href={`/calendars/${encodeURIComponent(name)}/edit`}
              variant="default"
              leftSection={<IconPencil size={16} />}
            >
              Edit
            </Button>
            <CalendarMenu calendar={calendar} />
          </>
        }
      />
      <Grid>
        <Grid.Col span={{ base: 12, md: 8 }}>
          <YearView shown={{ stored: calendar }} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack>
            <Rules calendar={calendar} />
            <UsedBy name={calendar.name} />
            <Section title="Details">
              <Facts
                facts={[
                  ["Time zone", calendar.timezone],
                  [
                    "Changed",
                    <span key="changed">
                      <Relative at={calendar.updated_at} /> by {calendar.updated_by} (version {calendar.version})
                    </span>,
                  ],
                  ["Created", <Instant key="created" at={calendar.created_at} />],
                ]}
              />
            </Section>
          </Stack>
        </Grid.Col>
      </Grid>
    </>
  );
}
