import { Button, Group } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { useChangeCalendar, useCreateCalendar } from "../api/calendar-mutations";
import { useCalendar } from "../api/calendar-queries";
import type { Calendar } from "../api/types";
import { CalendarForm } from "../components/calendar/calendar-form";
import { ImportForm } from "../components/calendar/import-form";
import { STARTS, StartIcon } from "../components/calendar/starts";
import { PageHeader } from "../components/layout";
import { Loading, ProblemNotice, tell } from "../components/notices";
import { changeOfCalendar, draftOfCalendar, type Start, startedCalendar } from "../form/calendar";
import { viewerCountry } from "../words/countries";
import { viewerZone } from "../words/time";

const address = (name: string): string => `/calendars/${encodeURIComponent(name)}`;

function NewForm({ start }: { start: Start }) {
  const [, navigate] = useLocation();
  const create = useCreateCalendar();
  const [opened] = useState(() => startedCalendar(start, viewerZone(), viewerCountry()));
  return (
    <CalendarForm
      opened={opened}
      stored={false}
      submitLabel="Create calendar"
      pending={create.isPending}
      error={create.error}
      onCancel={() => navigate("/calendars")}
      onSubmit={(document) =>
        create.mutate(document, {
          onSuccess: ({ name }) => {
            tell(`${name} was created`);
            navigate(address(name));
          },
        })
      }
    />
  );
}

export function NewCalendarPage() {
  const [search] = useSearchParams();
  const [, navigate] = useLocation();
  const start = STARTS.find((known) => known.start === search.get("start"))?.start ?? "blank";
  return (
    <>
      <PageHeader title="New calendar" parent={{ label: "Calendars", href: "/calendars" }} />
      <Group gap={6} mb="md" component="nav" aria-label="Start with">
        {STARTS.map(({ start: other, label }) => (
          <Button
            key={other}
            component={Link}
            href={`/calendars/new?start=${other}`}
            size="compact-sm"
            radius="xl"
            variant={other === start ? "light" : "default"}
            aria-current={other === start ? "true" : undefined}
            leftSection={<StartIcon start={other} />}
            fw={500}
          >
            {label}
          </Button>
        ))}
      </Group>
      {start === "import" ? (
        <ImportForm onCancel={() => navigate("/calendars")} />
      ) : (
        <NewForm key={start} start={start} />
      )}
    </>
  );
}

/** The form of one version of a calendar: later versions, seen by polling, do not disturb what is being typed. */
function EditForm({ calendar: current }: { calendar: Calendar }) {
  const [calendar] = useState(current);
  const [opened] = useState(() => draftOfCalendar(calendar));
  const [, navigate] = useLocation();
  const change = useChangeCalendar();
  const back = () => navigate(address(calendar.name));
  return (
    <CalendarForm
      opened={opened}
      stored
      submitLabel="Save changes"
      pending={change.isPending}
      error={change.error}
      onCancel={back}
      onSubmit={(document, draft) =>
        change.mutate(
          { calendar, patch: changeOfCalendar(opened, draft, document) },
          {
            onSuccess: ({ name }) => {
              tell(`${name} was changed`);
              back();
            },
          },
        )
      }
    />
  );
}

export function EditCalendarPage({ name }: { name: string }) {
  const calendar = useCalendar(name);
  return (
    <>
      <PageHeader title={`Edit ${name}`} parent={{ label: name, href: address(name) }} />
      {calendar.data ? (
        <EditForm calendar={calendar.data} />
      ) : calendar.isError ? (
        <ProblemNotice error={calendar.error} onRetry={() => calendar.refetch()} />
      ) : (
        <Loading label="the calendar" />
      )}
    </>
  );
}
