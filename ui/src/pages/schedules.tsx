import { Button, Group, Kbd, Pill, SegmentedControl, Stack, Table, Text, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { IconAlertTriangle, IconCalendarTime, IconPlus, IconSearch } from "@tabler/icons-react";
import { useRef } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { useSchedules } from "../api/queries";
import type { Schedule, ScheduleState } from "../api/types";
import { PageHeader, Section } from "../components/layout";
import { Empty, Loading, ProblemNotice } from "../components/notices";
import { RunDots } from "../components/run-strip";
import { PauseSwitch, RunNowIcon, ScheduleMenu } from "../components/schedule-actions";
import { ScheduleStateBadge } from "../components/state";
import { Dash, LoadMore, Rows } from "../components/table";
import { Upcoming } from "../components/time";
import { UnservedChips } from "../components/unserved";
import { failuresInARow } from "../words/runs";

const STATES: { value: ScheduleState | ""; label: string }[] = [
  { value: "", label: "All" },
  { value: "active", label: "Active" },
  { value: "paused", label: "Paused" },
  { value: "finished", label: "Finished" },
  { value: "error", label: "Error" },
];

const COLUMNS = [
  { label: "On", hidden: true, width: 64 },
  { label: "Schedule" },
  { label: "Trigger", visibleFrom: "sm" },
  { label: "Next fire time", visibleFrom: "xs" },
  { label: "Last runs", visibleFrom: "md" },
  { label: "Actions", hidden: true, width: 104 },
] as const;

function NextFireTime({ schedule }: { schedule: Schedule }) {
  const { state, next_fire_time, error } = schedule.status;
  if (state === "error") {
    return (
      <Tooltip label={error ?? ""} multiline maw={320}>
        <Group gap={6} c="red" wrap="nowrap" w="fit-content" className="above">
          <IconAlertTriangle size={16} aria-hidden />
          <Text size="sm">error</Text>
        </Group>
      </Tooltip>
    );
  }
  if (state !== "active") {
    return <ScheduleStateBadge state={state} size="sm" />;
  }
  return next_fire_time ? <Upcoming at={next_fire_time} /> : <Dash />;
}

/** It lies above the row's link to show its words, so it leads to the same page; the keyboard needs one of the two. */
function TriggerText({ schedule: { id, status } }: { schedule: Schedule }) {
  return (
    <Link href={`/schedules/${id}`} className="trigger-text above" title={status.trigger_words} tabIndex={-1}>
      {status.trigger_text}
    </Link>
  );
}

function ScheduleRow({ schedule }: { schedule: Schedule }) {
  return (
    <Table.Tr>
      <Table.Td>
        <div className="above">
          <PauseSwitch schedule={schedule} />
        </div>
      </Table.Td>
      <Table.Td>
        <Link href={`/schedules/${schedule.id}`} className="row-link">
          {schedule.name}
        </Link>
        <Text size="sm" c="dimmed" className="mono" lineClamp={1} style={{ wordBreak: "break-all" }}>
          {schedule.task}
        </Text>
        <UnservedChips warnings={schedule.warnings} />
        {schedule.status.failure_streak > 1 && (
          <Text size="sm" c="red">
            {failuresInARow(schedule.status.failure_streak)}
          </Text>
        )}
        <Group gap={8} hiddenFrom="xs" mt={6}>
          <TriggerText schedule={schedule} />
          <NextFireTime schedule={schedule} />
        </Group>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <TriggerText schedule={schedule} />
      </Table.Td>
      <Table.Td visibleFrom="xs">
        <NextFireTime schedule={schedule} />
      </Table.Td>
      <Table.Td visibleFrom="md">
        <div className="above">
          <RunDots schedule={schedule} />
        </div>
      </Table.Td>
      <Table.Td>
        <Group gap={4} wrap="nowrap" justify="flex-end" className="above">
          <RunNowIcon schedule={schedule} />
          <ScheduleMenu schedule={schedule} withEdit />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <Empty
        icon={<IconSearch size={26} />}
        title="No schedule fits"
        action={
          <Button variant="default" onClick={onClear}>
            Show all schedules
          </Button>
        }
      >
        Search looks at names, tasks and descriptions.
      </Empty>
    );
  }
  return (
    <Empty
      icon={<IconCalendarTime size={28} />}
      title="Make your first schedule"
      action={
        <>
          <Button component={Link} href="/schedules/new?sample" size="md">
            Try a sample
          </Button>
          <Button component={Link} href="/schedules/new" size="md" variant="default">
            Start from scratch
          </Button>
        </>
      }
    >
      A schedule is a trigger and a task: <b>when</b>, and <b>what</b>. The sample runs{" "}
      <Text span className="mono">
        punctual.heartbeat
      </Text>{" "}
      every 10 seconds, so that you see runs come in within moments.
    </Empty>
  );
}

export function SchedulesPage() {
  const [search, setSearch] = useSearchParams();
  const [, navigate] = useLocation();
  const field = useRef<HTMLInputElement>(null);
  const q = search.get("q") ?? "";
  const state = STATES.find(({ value }) => value === search.get("state"))?.value ?? "";
  const [settled] = useDebouncedValue(q, 200);
  const service = search.get("service") ?? "";
  const labels = search.getAll("label");
  const schedules = useSchedules({ q: settled.trim(), state, service, labels });
  const items = schedules.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = q !== "" || state !== "" || service !== "" || labels.length > 0;

  const set = (name: string, value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === "") {
          after.delete(name);
        } else {
          after.set(name, value);
        }
        return after;
      },
      { replace: true },
    );

  const withoutLabel = (label: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        after.delete("label", label);
        return after;
      },
      { replace: true },
    );

  useHotkeys([
    ["/", () => field.current?.focus()],
    ["n", () => navigate("/schedules/new")],
  ]);

  const showTools = filtered || items.length > 0;
  return (
    <>
      <PageHeader
        title="Schedules"
        description="What fires, when it fires next, and how it went."
        actions={
          <Tooltip
            label={
              <>
                Press <Kbd size="xs">n</Kbd>
              </>
            }
          >
            <Button component={Link} href="/schedules/new" leftSection={<IconPlus size={16} />}>
              New schedule
            </Button>
          </Tooltip>
        }
      />
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
              aria-label="State"
              value={state}
              onChange={(value) => set("state", value)}
              data={STATES}
              size="sm"
            />
          </Group>
        )}
        {(service !== "" || labels.length > 0) && (
          <Group gap="xs">
            {service !== "" && (
              <Pill withRemoveButton onRemove={() => set("service", "")}>
                service {service}
              </Pill>
            )}
            {labels.map((label) => (
              <Pill key={label} withRemoveButton onRemove={() => withoutLabel(label)}>
                {label}
              </Pill>
            ))}
          </Group>
        )}
        {schedules.isError && <ProblemNotice error={schedules.error} onRetry={() => schedules.refetch()} />}
        {schedules.isPending && <Loading label="schedules" />}
        {schedules.data && (
          <Section flush label="Schedules">
            {items.length === 0 ? (
              <Nothing filtered={filtered} onClear={() => setSearch({}, { replace: true })} />
            ) : (
              <Rows label="Schedules" columns={[...COLUMNS]}>
                {items.map((schedule) => (
                  <ScheduleRow key={schedule.id} schedule={schedule} />
                ))}
              </Rows>
            )}
            <LoadMore query={schedules} />
          </Section>
        )}
      </Stack>
    </>
  );
}
