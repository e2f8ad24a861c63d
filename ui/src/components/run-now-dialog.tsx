import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { IconBolt } from "@tabler/icons-react";
import { type FormEvent, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useRunNowWith } from "../api/mutations";
import { useTasks } from "../api/queries";
import type { Schedule, Task } from "../api/types";
import { callOf, draftOfSchedule, nameArguments } from "../form/draft";
import { type Faults, serverFaults, signatureOf } from "../form/served";
import { fieldsOf } from "../form/signature";
import { useFocusFirstFault } from "./first-fault";
import { Loading, ProblemNotice, tell } from "./notices";
import { ArgumentsFields } from "./schedule-form/arguments-fields";

type Props = { schedule: Schedule; onClose: () => void };

function RunNowForm({ schedule, tasks, onClose }: Props & { tasks: Task[] }) {
  const [, navigate] = useLocation();
  const run = useRunNowWith();
  const form = useRef<HTMLFormElement>(null);
  const signature = signatureOf(tasks, schedule.task);
  const [opened] = useState(() => {
    const draft = draftOfSchedule(schedule);
    return (signature && nameArguments(draft, signature)) ?? draft;
  });
  const [draft, setDraft] = useState(opened);
  const [own, setOwn] = useState<Faults>({});
  const server = serverFaults(run.error, signature, draft.mode === "named");
  const faults: Faults = { ...server.fields, ...own };
  useFocusFirstFault(faults, form);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { call, faults: found } = callOf(schedule, opened, draft, signature && fieldsOf(signature));
    setOwn(found);
    if (Object.keys(found).length > 0) {
      return;
    }
    run.mutate(
      { schedule, call },
      {
        onSuccess: (started) => {
          tell(`${schedule.name} runs now`);
          onClose();
          navigate(`/runs/${started.id}`);
        },
      },
    );
  };

  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Stack>
        {server.notice && <ProblemNotice error={server.notice} />}
        <Text size="sm" c="dimmed">
          For this one run of <span className="mono">{schedule.task}</span>; the schedule stays as it is.
        </Text>
        <ArgumentsFields
          draft={draft}
          onChange={(next) => {
            setDraft(next);
            setOwn({});
          }}
          faults={faults}
          signature={signature}
        />
        <Group>
          <Button type="submit" leftSection={<IconBolt size={16} />} loading={run.isPending}>
            Run now
          </Button>
          <Button variant="subtle" color="gray" onClick={onClose}>
            Close
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Asks for the arguments of one run, filled with those of the schedule. */
export function RunNowDialog({ schedule, onClose }: Props) {
  const tasks = useTasks();
  return (
    <Modal opened onClose={onClose} title={`Run ${schedule.name} now`} size="lg">
      {tasks.data ? (
        <RunNowForm schedule={schedule} tasks={tasks.data} onClose={onClose} />
      ) : tasks.isError ? (
        <ProblemNotice error={tasks.error} />
      ) : (
        <Loading label="the task" />
      )}
    </Modal>
  );
}
