import { Autocomplete, Button, Group, Select, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconActivity, IconX } from "@tabler/icons-react";
import { useSearchParams } from "wouter";
import { useRuns, useSchedules } from "../api/queries";
import type { RunState } from "../api/types";
import { BackfillCard } from "../components/backfills";
import { PageHeader, Section } from "../components/layout";
import { Empty, Loading, ProblemNotice } from "../components/notices";
import { RunsTable } from "../components/runs-table";
import { LoadMore } from "../components/table";
import { CAUSES, RUN_STATES } from "../words/runs";

/** Any schedule's name; the known ones are offered. Runs outlive their schedule, so other names are taken too. */
function ScheduleFilter({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const [settled] = useDebouncedValue(value, 200);
  const schedules = useSchedules({ q: settled, state: "" });
  const names = schedules.data?.pages.flatMap((page) => page.items.map(({ name }) => name)) ?? [];
  return (
    <Autocomplete
      aria-label="Schedule"
      placeholder="Any schedule"
      value={value}
      onChange={onChange}
      data={names}
      limit={20}
      clearable
      flex="1 1 220px"
      maw={320}
    />
  );
}

export function RunsPage() {
  const [search, setSearch] = useSearchParams();
  const schedule = search.get("schedule") ?? "";
  const state = RUN_STATES.find((known) => known === search.get("state")) ?? "";
  const cause = CAUSES.find(({ value }) => value === search.get("cause"))?.value ?? "";
  const backfill = search.get("backfill") ?? "";
  const [settled] = useDebouncedValue(schedule, 300);
  const runs = useRuns({ schedule: settled, state, cause, backfill });
  const items = runs.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = schedule !== "" || state !== "" || cause !== "" || backfill !== "";

  const set = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        after.delete(name);
        if (value) {
          after.set(name, value);
        }
        return after;
      },
      { replace: true },
    );

  return (
    <>
      <PageHeader title="Runs" description="What became of every fire time, the newest first." />
      <Stack>
        <Group>
          <ScheduleFilter value={schedule} onChange={(name) => set("schedule", name)} />
          <Select<RunState>
            aria-label="State"
            placeholder="Any state"
            data={RUN_STATES}
            value={state || null}
            onChange={(value) => set("state", value)}
            clearable
            w={150}
          />
          <Select
            aria-label="Cause"
            placeholder="Any cause"
            data={CAUSES}
            value={cause || null}
            onChange={(value) => set("cause", value)}
            clearable
            w={150}
          />
          {filtered && (
            <Button
              variant="subtle"
              color="gray"
              leftSection={<IconX size={14} />}
              onClick={() => setSearch({}, { replace: true })}
            >
              Clear
            </Button>
          )}
        </Group>
        {backfill !== "" && <BackfillCard id={backfill} />}
        {runs.isError && <ProblemNotice error={runs.error} onRetry={() => runs.refetch()} />}
        {runs.isPending && <Loading label="runs" />}
        {runs.data && (
          <Section flush label="Runs">
            {items.length === 0 ? (
              <Empty icon={<IconActivity size={26} />} title={filtered ? "No run fits" : "No runs yet"}>
                {filtered
                  ? "Loosen the filters to see more."
                  : "As soon as a schedule fires, its run appears here by itself."}
              </Empty>
            ) : (
              <RunsTable runs={items} schedule />
            )}
            <LoadMore query={runs} />
          </Section>
        )}
      </Stack>
    </>
  );
}
