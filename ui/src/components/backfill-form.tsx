import { Button, Group, Modal, Radio, SegmentedControl, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type FormEvent, useRef, useState } from "react";
import { useBackfillPreview, useStartBackfill } from "../api/backfills";
import { asProblem, Problem } from "../api/problem";
import type { BackfillPreview, Schedule } from "../api/types";
import { type BackfillDraft, backfillZone, fieldOfBackfill, newBackfill, readBackfill } from "../form/backfill";
import { placeAt } from "../form/faults";
import { ORDERS, previewWords, REPROCESS } from "../words/backfill";
import { useNow } from "../words/now";
import { viewerZone } from "../words/time";
import { useFocusFirstFault } from "./first-fault";
import { ProblemNotice, tell } from "./notices";
import { Instant } from "./time";

type FieldsProps = {
  draft: BackfillDraft;
  zone: string;
  onChange: (part: Partial<BackfillDraft>) => void;
  faults: Record<string, string>;
};

function Fields({ draft, zone, onChange, faults }: FieldsProps) {
  const clock = zone === viewerZone() ? `on your clock (${zone})` : `on the clocks of ${zone}`;
  const shared = { type: "datetime-local", step: 1, className: "moment" };
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          {...shared}
          label="From"
          description={`The first fire time, ${clock}`}
          value={draft.from}
          onChange={(event) => onChange({ from: event.currentTarget.value })}
          error={faults["from"]}
          required
        />
        <TextInput
          {...shared}
          label="Until"
          description="Fire times before it; nothing is now"
          value={draft.until}
          onChange={(event) => onChange({ until: event.currentTarget.value })}
          error={faults["until"]}
        />
      </SimpleGrid>
      <Radio.Group
        label="What runs"
        value={draft.reprocess}
        onChange={(value) => onChange({ reprocess: value as BackfillDraft["reprocess"] })}
        error={faults["reprocess"]}
      >
        <Stack gap="xs" mt="xs">
          {REPROCESS.map(({ value, label, description }) => (
            <Radio key={value} value={value} label={label} description={description} />
          ))}
        </Stack>
      </Radio.Group>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          label="At once"
          description="So many of its runs at most, from 1 to 1000"
          inputMode="numeric"
          value={draft.parallelism}
          onChange={(event) => onChange({ parallelism: event.currentTarget.value })}
          error={faults["parallelism"]}
          required
        />
        <Stack gap={4} justify="flex-end">
          <SegmentedControl
            aria-label="Order"
            value={draft.order}
            onChange={(value) => onChange({ order: value as BackfillDraft["order"] })}
            data={ORDERS}
          />
        </Stack>
      </SimpleGrid>
    </>
  );
}

function PreviewLine({ preview, stale }: { preview: BackfillPreview; stale: boolean }) {
  return (
    <Stack gap={2} className="dry-run" aria-live="polite" data-stale={stale || undefined}>
      <Text size="sm" fw={600}>
        {previewWords(preview)}
      </Text>
      <Text size="sm" c="dimmed" component="div">
        From <Instant at={preview.first} /> to <Instant at={preview.last} />, by version {preview.schedule_version}
      </Text>
    </Stack>
  );
}

function BackfillForm({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const zone = backfillZone(schedule);
  const now = useNow();
  const [draft, setDraft] = useState(() => newBackfill(zone, now));
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const start = useStartBackfill(schedule.id);
  const { body, faults: own } = readBackfill(draft, zone);
  const [settled] = useDebouncedValue(draft, 400);
  const preview = useBackfillPreview(schedule.id, readBackfill(settled, zone).body);
  const stale = preview.isPlaceholderData || settled !== draft;

  const refused = start.error ?? preview.error;
  const problem = refused ? asProblem(refused) : null;
  const { fields, rest } = placeAt(problem?.faults ?? [], fieldOfBackfill);
  const faults = { ...fields, ...own };
  useFocusFirstFault(tried ? faults : {}, form);

  const change = (part: Partial<BackfillDraft>) => {
    start.reset();
    setTried(false);
    setDraft((before) => ({ ...before, ...part }));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (body !== null) {
      start.mutate(body, {
        onSuccess: () => {
          tell(`The backfill of ${schedule.name} runs`);
          onClose();
        },
      });
    }
  };
  const nothing = preview.data?.would_run === 0 && preview.data.fire_times_exact;

  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Stack>
        <Text size="sm" c="dimmed">
          Runs the fire times of a span of the past, each as a run of its own
          {schedule.status.paused && "; the schedule stays paused"}.
        </Text>
        {problem && (problem.faults.length === 0 || rest.length > 0) && (
          <ProblemNotice error={new Problem(problem.status, problem.code, problem.message, problem.fix, rest)} />
        )}
        <Fields draft={draft} zone={zone} onChange={change} faults={faults} />
        {preview.data && problem === null && <PreviewLine preview={preview.data} stale={stale} />}
        <Group justify="flex-end">
          <Button variant="subtle" color="gray" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={start.isPending} disabled={nothing && !stale}>
            Start the backfill
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Asks for a backfill of a schedule, and tells beforehand what it would do. */
export function BackfillDialog({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={`Backfill ${schedule.name}`} size="lg">
      <BackfillForm schedule={schedule} onClose={onClose} />
    </Modal>
  );
}
