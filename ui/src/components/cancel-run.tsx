import { ActionIcon, Alert, Button, Group, Modal, Radio, Stack, Text, TextInput, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconCircleX } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useCancel } from "../api/mutations";
import { useSystem } from "../api/queries";
import type { Run } from "../api/types";
import { tell } from "./notices";

type Props = { run: Run };
type DialogProps = Props & { onClose: () => void };
type HowProps = { run: Run; terminate: boolean; onChange: (terminate: boolean) => void };

const INTERRUPTED = {
  cancel: "The task may clean up; the run is cancelled once it has ended.",
  terminate: "It is ended at once, and cleans up nothing.",
};

const RUNS_ON = {
  cancel: "The run ends when the task does, and is not attempted again.",
  terminate: "The run is cancelled at once; what the task still does is not heeded.",
};

/** The two ways to stop a run that runs, told as its worker's pool can carry them out. */
function HowToStop({ run, terminate, onChange }: HowProps) {
  const worker = useSystem().data?.workers.find(({ name }) => name === run.worker);
  const runsOn = worker?.interrupts === false;
  const effects = runsOn ? RUNS_ON : INTERRUPTED;
  return (
    <>
      {runsOn && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle />} title="The task runs on">
          {worker.name} cannot interrupt a task that it has begun (pool {worker.pool}).
        </Alert>
      )}
      <Radio.Group
        label="How"
        value={terminate ? "terminate" : "cancel"}
        onChange={(value) => onChange(value === "terminate")}
      >
        <Stack gap="xs" mt={6}>
          <Radio value="cancel" label="Ask it to stop" description={effects.cancel} />
          <Radio value="terminate" label="Terminate it" description={effects.terminate} />
        </Stack>
      </Radio.Group>
    </>
  );
}

function CancelDialog({ run, onClose }: DialogProps) {
  const cancel = useCancel();
  const [terminate, setTerminate] = useState(false);
  const [note, setNote] = useState("");
  const running = run.state === "running";

  const submit = (event: FormEvent) => {
    event.preventDefault();
    cancel.mutate(
      { run, terminate: running && terminate, note: note.trim() },
      { onSuccess: ({ message }) => tell(message), onSettled: onClose },
    );
  };

  return (
    <Modal opened onClose={onClose} title={`Cancel this run of ${run.schedule}?`}>
      <form onSubmit={submit}>
        <Stack>
          {running ? (
            <HowToStop run={run} terminate={terminate} onChange={setTerminate} />
          ) : (
            <Text size="sm">It is {run.state}. Once it is cancelled, no worker starts it any more.</Text>
          )}
          <TextInput
            label="Why? (optional)"
            description="The run tells it, and who asked"
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            maxLength={2000}
            autoComplete="off"
            data-autofocus
          />
          <Group>
            <Button type="submit" color="red" loading={cancel.isPending}>
              {running && !terminate ? "Ask it to stop" : running ? "Terminate the run" : "Cancel the run"}
            </Button>
            <Button variant="subtle" color="gray" onClick={onClose}>
              Keep it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export function CancelButton({ run }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" leftSection={<IconCircleX size={16} />} onClick={() => setOpen(true)}>
        Cancel
      </Button>
      {open && <CancelDialog run={run} onClose={() => setOpen(false)} />}
    </>
  );
}

export function CancelIcon({ run }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Tooltip label="Cancel">
        <ActionIcon onClick={() => setOpen(true)} aria-label={`Cancel the run of ${run.schedule}`}>
          <IconCircleX size={18} />
        </ActionIcon>
      </Tooltip>
      {open && <CancelDialog run={run} onClose={() => setOpen(false)} />}
    </>
  );
}
