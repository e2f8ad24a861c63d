import { Anchor, Badge, Button, Group, Menu, Progress, Stack, Text, Tooltip } from "@mantine/core";
import { IconHistory, IconPlayerStop, IconSkull } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import { useBackfill, useBackfills, useCancelBackfill } from "../api/backfills";
import type { Backfill, Schedule } from "../api/types";
import { BACKFILL_MEANINGS, barParts, ORDERS, type Part, progressWords, shareDecided } from "../words/backfill";
import { BackfillDialog } from "./backfill-form";
import { Section } from "./layout";
import { Empty, Loading, ProblemNotice } from "./notices";
import { LoadMore } from "./table";
import { Instant, Relative } from "./time";

const STATE_COLORS: Record<Backfill["state"], string> = { running: "blue", done: "teal", cancelled: "gray" };
const PART_COLORS: Record<Part["kind"], string> = { succeeded: "teal", wrong: "red", open: "blue", "left out": "gray" };

function ProgressBar({ backfill }: { backfill: Backfill }) {
  const percent = Math.floor(shareDecided(backfill) * 100);
  return (
    <Tooltip.Floating label={`${percent} % decided on`}>
      <Progress.Root
        size="md"
        role="progressbar"
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-label={`Progress of the backfill from ${backfill.from}`}
      >
        {barParts(backfill).map(({ kind, percent: width }) => (
          <Progress.Section
            key={kind}
            value={width}
            color={PART_COLORS[kind]}
            striped={kind === "open"}
            animated={kind === "open"}
            withAria={false}
          />
        ))}
      </Progress.Root>
    </Tooltip.Floating>
  );
}

function CancelMenu({ backfill }: { backfill: Backfill }) {
  const cancel = useCancelBackfill();
  const act = (terminate: boolean) => cancel.mutate({ id: backfill.id, terminate });
  return (
    <Menu position="bottom-end" width={270}>
      <Menu.Target>
        <Button size="compact-sm" variant="default" loading={cancel.isPending}>
          {backfill.state === "running" ? "Cancel" : "Stop its runs"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {backfill.state === "running" && (
          <Menu.Item leftSection={<IconPlayerStop size={16} />} onClick={() => act(false)}>
            Cancel; what runs may end
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconSkull size={16} />} color="red" onClick={() => act(true)}>
          {backfill.state === "running" ? "Cancel and terminate what runs" : "Terminate what runs"}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Told({ backfill }: { backfill: Backfill }) {
  const { state, reprocess, parallelism, order } = backfill;
  const what = { none: "what had not run", failed: "what had not run or went wrong", all: "every fire time" }[
    reprocess
  ];
  const first = ORDERS.find(({ value }) => value === order)?.label.toLowerCase();
  return (
    <Text size="sm" c="dimmed" component="div">
      {what}, {first}, {parallelism} at once · version {backfill.schedule_version} · by {backfill.actor}{" "}
      <Relative at={backfill.created_at} />
      {state === "cancelled" && backfill.reason && ` · ${backfill.reason}`}
    </Text>
  );
}

function BackfillLine({ backfill, linked = true }: { backfill: Backfill; linked?: boolean }) {
  const open = backfill.state === "running" || (backfill.state === "cancelled" && backfill.progress.open > 0);
  return (
    <Stack gap={6} className="backfill">
      <Group justify="space-between" gap="sm">
        <Group gap="sm">
          <Tooltip label={BACKFILL_MEANINGS[backfill.state]}>
            <Badge variant="light" color={STATE_COLORS[backfill.state]} tt="none" miw="max-content">
              {backfill.state}
            </Badge>
          </Tooltip>
          <Text size="sm" fw={600} component="div">
            <Instant at={backfill.from} /> – <Instant at={backfill.until} />
          </Text>
        </Group>
        <Group gap="sm">
          {linked && backfill.progress.made > 0 && (
            <Anchor component={Link} href={`/runs?backfill=${backfill.id}`} size="sm">
              Its runs
            </Anchor>
          )}
          {open && <CancelMenu backfill={backfill} />}
        </Group>
      </Group>
      <ProgressBar backfill={backfill} />
      <Text size="sm">{progressWords(backfill)}</Text>
      <Told backfill={backfill} />
      {backfill.error && (
        <Text size="sm" c="red">
          It cannot go on, and is tried again: {backfill.error}
        </Text>
      )}
    </Stack>
  );
}

/** The backfills of a schedule, with their progress. */
export function Backfills({ schedule }: { schedule: Schedule }) {
  const backfills = useBackfills(schedule.id);
  const [asking, setAsking] = useState(false);
  const items = backfills.data?.pages.flatMap((page) => page.items) ?? [];
  const ask = (
    <Button size="compact-sm" variant="default" onClick={() => setAsking(true)}>
      Backfill…
    </Button>
  );
  return (
    <Section title="Backfills" flush aside={items.length > 0 && ask}>
      {asking && <BackfillDialog schedule={schedule} onClose={() => setAsking(false)} />}
      {backfills.isPending && <Loading label="backfills" />}
      {backfills.isError && <ProblemNotice error={backfills.error} onRetry={() => backfills.refetch()} />}
      {backfills.data && items.length === 0 && (
        <Empty icon={<IconHistory size={26} />} title="No backfills yet" action={ask}>
          A backfill runs the fire times of a span of the past: what was missed, what failed, or all of it again.
        </Empty>
      )}
      {items.map((backfill) => (
        <BackfillLine key={backfill.id} backfill={backfill} />
      ))}
      <LoadMore query={backfills} />
    </Section>
  );
}

/** One backfill, above the list of its runs. */
export function BackfillCard({ id }: { id: string }) {
  const query = useBackfill(id);
  if (query.isError) {
    return null; // the list below it tells
  }
  return (
    query.data && (
      <Section
        title={`Backfill of ${query.data.schedule}`}
        flush
        aside={
          <Anchor component={Link} href={`/schedules/${query.data.schedule_id}`} size="sm">
            The schedule
          </Anchor>
        }
      >
        <BackfillLine backfill={query.data} linked={false} />
      </Section>
    )
  );
}
