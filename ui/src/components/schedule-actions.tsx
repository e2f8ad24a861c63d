import { ActionIcon, Button, Menu, Popover, Stack, Switch, Text, Textarea, Tooltip } from "@mantine/core";
import {
  IconAdjustments,
  IconBolt,
  IconDotsVertical,
  IconHistory,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerSkipForward,
  IconTrash,
} from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { useDelete, usePause, useRestore, useRunNow, useSkip } from "../api/mutations";
import type { Schedule } from "../api/types";
import { shortTime } from "../words/time";
import { BackfillDialog } from "./backfill-form";
import { tell } from "./notices";
import { RunNowDialog } from "./run-now-dialog";

type Props = { schedule: Schedule };

export function PauseSwitch({ schedule }: Props) {
  const pause = usePause();
  const { paused } = schedule.status;
  return (
    <Tooltip label={paused ? "Resume" : "Pause"}>
      <Switch
        checked={!paused}
        onChange={() => pause.mutate({ schedule, paused: !paused })}
        aria-label={`${paused ? "Resume" : "Pause"} ${schedule.name}`}
        withThumbIndicator={false}
      />
    </Tooltip>
  );
}

function useRunNowAndTell(schedule: Schedule) {
  const [, navigate] = useLocation();
  const run = useRunNow();
  const act = () =>
    run.mutate(schedule, {
      onSuccess: (started) =>
        tell(`${schedule.name} runs now`, { label: "See the run", act: () => navigate(`/runs/${started.id}`) }),
    });
  return { act, pending: run.isPending };
}

export function RunNowIcon({ schedule }: Props) {
  const { act, pending } = useRunNowAndTell(schedule);
  return (
    <Tooltip label="Run now">
      <ActionIcon onClick={act} loading={pending} size="lg" aria-label={`Run ${schedule.name} now`}>
        <IconBolt size={18} />
      </ActionIcon>
    </Tooltip>
  );
}

/** One click runs it as it is; the part beside asks for other arguments first. */
export function RunNowButton({ schedule }: Props) {
  const { act, pending } = useRunNowAndTell(schedule);
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button.Group>
        <Button leftSection={<IconBolt size={16} />} onClick={act} loading={pending}>
          Run now
        </Button>
        <Tooltip label="Run now with other arguments…">
          <Button px={8} onClick={() => setAsking(true)} aria-label="Run with other arguments">
            <IconAdjustments size={16} />
          </Button>
        </Tooltip>
      </Button.Group>
      {asking && <RunNowDialog schedule={schedule} onClose={() => setAsking(false)} />}
    </>
  );
}

/** Pause asks for a note that colleagues will read; resume needs nothing. */
export function PauseButton({ schedule }: Props) {
  const [open, setOpen] = useState(false);
  const [note, setNote] = useState("");
  const pause = usePause();

  if (schedule.status.paused) {
    return (
      <Button
        variant="default"
        leftSection={<IconPlayerPlay size={16} />}
        onClick={() => pause.mutate({ schedule, paused: false })}
      >
        Resume
      </Button>
    );
  }

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setOpen(false);
    pause.mutate({ schedule, paused: true, ...(note.trim() && { note: note.trim() }) });
    setNote("");
  };

  return (
    <Popover opened={open} onChange={setOpen} width={300} trapFocus position="bottom-end" shadow="md">
      <Popover.Target>
        <Button variant="default" leftSection={<IconPlayerPause size={16} />} onClick={() => setOpen(!open)}>
          Pause
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Textarea
              label="Why? (optional)"
              placeholder="Source system is down until Thursday"
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
              autosize
              minRows={2}
              data-autofocus
            />
            <Text size="xs" c="dimmed">
              It fires at no fire time until it is resumed. Runs that were sent go on.
            </Text>
            <Button type="submit">Pause the schedule</Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

/** A mutation tells its failure itself. */
const told = () => undefined;

/** Skip the next run, backfill, edit, delete. Delete leaves to the list and can be undone from there. */
export function ScheduleMenu({ schedule, withEdit = false }: Props & { withEdit?: boolean }) {
  const [, navigate] = useLocation();
  const remove = useDelete();
  const restore = useRestore();
  const skip = useSkip();
  const owner = schedule.declared_by;
  const [backfilling, setBackfilling] = useState(false);

  // Awaited, not handed to `mutate`: by then the row or page with this menu is gone, and its callbacks with it.
  const undo = async () => {
    const restored = await restore.mutateAsync(schedule);
    tell(`${restored.name} is back`);
    navigate(`/schedules/${restored.id}`);
  };
  const act = async () => {
    await remove.mutateAsync(schedule);
    navigate("/schedules");
    tell(`${schedule.name} was deleted`, { label: "Undo", act: () => undo().catch(told) });
  };

  const take = async () => {
    await skip.mutateAsync({ schedule, skip: false });
    tell(`${schedule.name} skips nothing`);
  };
  const skipNext = async () => {
    const changed = await skip.mutateAsync({ schedule, skip: true });
    const skipped = changed.status.skips.at(-1);
    tell(`${schedule.name} skips ${skipped ? shortTime(skipped.fire_time, Date.now()) : "its next run"}`, {
      label: "Undo",
      act: () => take().catch(told),
    });
  };

  return (
    <>
      {backfilling && <BackfillDialog schedule={schedule} onClose={() => setBackfilling(false)} />}
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <ActionIcon size="lg" variant={withEdit ? "subtle" : "default"} aria-label={`More for ${schedule.name}`}>
            <IconDotsVertical size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {owner !== null && <Menu.Label>Declared in the code of {owner}; change it there.</Menu.Label>}
          {withEdit && (
            <Menu.Item
              leftSection={<IconPencil size={16} />}
              disabled={owner !== null}
              onClick={() => navigate(`/schedules/${schedule.id}/edit`)}
            >
              Edit
            </Menu.Item>
          )}
          {schedule.status.state === "active" && (
            <Menu.Item leftSection={<IconPlayerSkipForward size={16} />} onClick={() => skipNext().catch(told)}>
              Skip the next run
            </Menu.Item>
          )}
          {schedule.status.skips.length > 0 && (
            <Menu.Item leftSection={<IconPlayerPlay size={16} />} onClick={() => take().catch(told)}>
              Skip nothing
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconHistory size={16} />} onClick={() => setBackfilling(true)}>
            Backfill…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconTrash size={16} />}
            color="red"
            disabled={owner !== null}
            onClick={() => act().catch(told)}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
