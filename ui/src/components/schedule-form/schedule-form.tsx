import { Box, Button, Checkbox, Grid, Group, Stack, Textarea, TextInput } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { type FormEvent, useRef, useState } from "react";
import { useTasks } from "../../api/queries";
import { checkDraft, type Draft, nameArguments, type Spec } from "../../form/draft";
import { type Faults, serverFaults, signatureOf } from "../../form/served";
import { fieldsOf } from "../../form/signature";
import { useFocusFirstFault } from "../first-fault";
import { Section } from "../layout";
import { ProblemNotice } from "../notices";
import { AdvancedFields } from "./advanced-fields";
import { ArgumentsFields } from "./arguments-fields";
import { BoundsFields } from "./bounds-fields";
import { PoliciesFields } from "./policies-fields";
import { PreviewPanel, useTimingPreview } from "./preview-panel";
import { TaskField } from "./task-field";
import { TriggerFields } from "./trigger-fields";

type Props = {
  opened: Draft;
  /** The id of the schedule that is changed; null for a new one. */
  schedule: string | null;
  submitLabel: string;
  pending: boolean;
  error: unknown;
  /** Sends the spec; may give faults instead, where it finds that it cannot be sent. */
  onSubmit: (spec: Spec, draft: Draft, allowUnknownTask: boolean) => Faults | null;
  onCancel: () => void;
};

export function ScheduleForm({ opened, schedule, submitLabel, pending, error, onSubmit, onCancel }: Props) {
  const tasks = useTasks();
  const [draft, setDraft] = useState(opened);
  const [own, setOwn] = useState<Faults>({});
  const [allowUnknownTask, setAllowUnknownTask] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const preview = useTimingPreview(draft, schedule);
  const signature = signatureOf(tasks.data, draft.task);
  const server = serverFaults(error, signature, draft.mode === "named");
  const sent: Faults = { ...server.fields, ...own };
  useFocusFirstFault(sent, form);
  const faults: Faults = { ...sent, ...preview.faults };

  const change = (next: Draft) => {
    const other = next.task !== draft.task ? signatureOf(tasks.data, next.task) : null;
    // Another task: its arguments are asked for by name wherever what is there already allows it.
    setDraft(other === null ? next : (nameArguments({ ...next, mode: "json" }, other) ?? next));
    setOwn({});
  };

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    const usable = signature === null ? { ...draft, mode: "json" as const } : draft;
    const checked = checkDraft(usable, signature && fieldsOf(signature));
    setOwn(checked.faults ?? onSubmit(checked.spec, usable, allowUnknownTask) ?? {});
  };
  useHotkeys([["mod+Enter", () => submit()]], []);

  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 8 }}>
        <form ref={form} onSubmit={submit} noValidate>
          <Stack>
            {server.notice && <ProblemNotice error={server.notice} />}
            <Section label="What and when">
              <Stack>
                <TextInput
                  label="Name"
                  placeholder="nightly-report"
                  value={draft.name}
                  onChange={(event) => change({ ...draft, name: event.currentTarget.value })}
                  error={faults["name"]}
                  required
                  autoComplete="off"
                  data-autofocus
                />
                <TaskField
                  value={draft.task}
                  onChange={(task) => change({ ...draft, task })}
                  tasks={tasks.data ?? []}
                  error={faults["task"]}
                />
                {(server.unknownTask || allowUnknownTask) && (
                  <Checkbox
                    label="Save it although no worker has announced this task"
                    checked={allowUnknownTask}
                    onChange={(event) => setAllowUnknownTask(event.currentTarget.checked)}
                  />
                )}
                <TriggerFields
                  draft={draft.trigger}
                  onChange={(trigger) => change({ ...draft, trigger })}
                  faults={faults}
                  mark={preview.mark}
                />
                <BoundsFields draft={draft} onChange={change} faults={faults} />
                <Box hiddenFrom="md">
                  <PreviewPanel state={preview} />
                </Box>
              </Stack>
            </Section>
            <Section label="Arguments">
              <ArgumentsFields draft={draft} onChange={change} faults={faults} signature={signature} />
            </Section>
            <Section label="Policies">
              <PoliciesFields draft={draft} onChange={change} faults={faults} />
            </Section>
            <Section label="More">
              <Stack>
                <Textarea
                  label="Description"
                  placeholder="What it is for, and whom to ask"
                  value={draft.description}
                  onChange={(event) => change({ ...draft, description: event.currentTarget.value })}
                  error={faults["description"]}
                  autosize
                  minRows={2}
                />
                <AdvancedFields draft={draft} onChange={change} faults={faults} />
              </Stack>
            </Section>
            <Group>
              <Button type="submit" loading={pending} size="md">
                {submitLabel}
              </Button>
              <Button variant="subtle" color="gray" size="md" onClick={onCancel}>
                Cancel
              </Button>
            </Group>
          </Stack>
        </form>
      </Grid.Col>
      <Grid.Col span={4} visibleFrom="md">
        <Box pos="sticky" top={84}>
          <PreviewPanel state={preview} />
        </Box>
      </Grid.Col>
    </Grid>
  );
}
