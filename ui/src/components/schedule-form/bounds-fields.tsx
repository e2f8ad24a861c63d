import { Anchor, MultiSelect, Radio, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useCalendars } from "../../api/calendar-queries";
import { asProblem } from "../../api/problem";
import { BOUNDS_FIELDS, type BoundsDraft, boundsZone, isUnbounded } from "../../form/bounds";
import type { Draft } from "../../form/draft";
import { WHEN_CLOSED } from "../../words/policies";
import { viewerZone } from "../../words/time";
import { Fold } from "../fold";

type Props = { draft: Draft; onChange: (draft: Draft) => void; faults: Record<string, string> };
type PartProps = {
  bounds: BoundsDraft;
  onChange: (part: Partial<BoundsDraft>) => void;
  faults: Record<string, string>;
};

function Moments({ bounds, onChange, faults, zone }: PartProps & { zone: string }) {
  const clock = zone === viewerZone() ? `on your clock (${zone})` : `on the clocks of ${zone}`;
  const shared = { type: "datetime-local", step: 1, className: "moment" };
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
      <TextInput
        {...shared}
        label="Start"
        description={`No fire time before it, ${clock}`}
        value={bounds.startAt}
        onChange={(event) => onChange({ startAt: event.currentTarget.value })}
        error={faults["start_at"]}
      />
      <TextInput
        {...shared}
        label="End"
        description={`No fire time after it, ${clock}`}
        value={bounds.endAt}
        onChange={(event) => onChange({ endAt: event.currentTarget.value })}
        error={faults["end_at"]}
      />
    </SimpleGrid>
  );
}

function Calendars({ bounds, onChange, faults }: PartProps) {
  const calendars = useCalendars();
  const names = calendars.data?.map(({ name }) => name) ?? [];
  const none = calendars.isSuccess && names.length === 0;
  const placeholder = (chosen: string[], text: string) =>
    chosen.length > 0 ? undefined : none ? "No calendars yet" : text;
  const used = bounds.blackout.length + bounds.allowed.length > 0;
  const shared = {
    searchable: true,
    clearable: true,
    hidePickedOptions: true,
    nothingFoundMessage: "No such calendar",
  };
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <MultiSelect
          {...shared}
          label="Blackout calendars"
          description="It does not run inside any of these"
          placeholder={placeholder(bounds.blackout, "Holidays, freezes")}
          data={[...new Set([...names, ...bounds.blackout])].filter((name) => !bounds.allowed.includes(name))}
          value={bounds.blackout}
          onChange={(blackout) => onChange({ blackout })}
          error={faults["calendars.blackout"]}
        />
        <MultiSelect
          {...shared}
          label="Allowed calendars"
          description="It runs only inside all of these"
          placeholder={placeholder(bounds.allowed, "Office hours")}
          data={[...new Set([...names, ...bounds.allowed])].filter((name) => !bounds.blackout.includes(name))}
          value={bounds.allowed}
          onChange={(allowed) => onChange({ allowed })}
          error={faults["calendars.allowed"]}
        />
      </SimpleGrid>
      {calendars.isError && (
        <Text size="sm" c="red">
          The calendars could not be listed. {asProblem(calendars.error).message}
        </Text>
      )}
      {none && (
        <Text size="sm" c="dimmed">
          A calendar names stretches of time, such as public holidays or office hours.{" "}
          <Anchor href="/calendars/new" target="_blank" size="sm">
            Make one in a new tab
          </Anchor>
        </Text>
      )}
      {used && (
        <Radio.Group
          label="A fire time in closed time"
          value={bounds.whenClosed}
          onChange={(value) => onChange({ whenClosed: value === "next_open" ? "next_open" : "skip" })}
          error={faults["calendars.when_closed"]}
        >
          <Stack gap="xs" mt={6}>
            {WHEN_CLOSED.map(({ value, label, description }) => (
              <Radio key={value} value={value} label={label} description={description} />
            ))}
          </Stack>
        </Radio.Group>
      )}
    </Stack>
  );
}

/** When it may run: the bounds of the trigger, its jitter and its calendars; folded away while there are none. */
export function BoundsFields({ draft, onChange, faults }: Props) {
  const { bounds } = draft;
  const change = (part: Partial<BoundsDraft>) => onChange({ ...draft, bounds: { ...bounds, ...part } });
  const part = { bounds, onChange: change, faults };
  return (
    <Fold
      title="When it may run"
      hint="start, end, calendars, jitter"
      opened={!isUnbounded(bounds)}
      faulty={BOUNDS_FIELDS.some((field) => field in faults)}
    >
      <Stack pt="md" gap="md">
        <Moments {...part} zone={boundsZone(draft.trigger)} />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TextInput
            label="Number of runs"
            description="Then it is finished; those asked for do not count"
            placeholder="any"
            value={bounds.maxRuns}
            onChange={(event) => change({ maxRuns: event.currentTarget.value })}
            error={faults["max_runs"]}
            inputMode="numeric"
            autoComplete="off"
          />
          <TextInput
            label="Jitter"
            description="Sends each run up to so much later, to spread load"
            placeholder="none, or such as 30s, 5m"
            value={bounds.jitter}
            onChange={(event) => change({ jitter: event.currentTarget.value })}
            error={faults["jitter"]}
            autoComplete="off"
          />
        </SimpleGrid>
        <Calendars {...part} />
      </Stack>
    </Fold>
  );
}
