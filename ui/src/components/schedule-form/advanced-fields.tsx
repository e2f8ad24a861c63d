import { Group, Select, Stack, TagsInput, TextInput } from "@mantine/core";
import type { Draft } from "../../form/draft";
import { isEmptyMessage, MESSAGE_FIELDS } from "../../form/message";
import { kindOfText } from "../../form/trigger";
import { Fold } from "../fold";
import { MessageFields } from "./message-fields";

type Props = { draft: Draft; onChange: (draft: Draft) => void; faults: Record<string, string> };

function CronFields({ draft, onChange }: Props) {
  const { trigger } = draft;
  const change = (part: Partial<Draft["trigger"]>) => onChange({ ...draft, trigger: { ...trigger, ...part } });
  return (
    <Group align="flex-start" grow preventGrowOverflow={false} gap="sm">
      <Select
        label="Both day fields set"
        data={[
          { value: "or", label: "Either may match" },
          { value: "and", label: "Both must match" },
        ]}
        value={trigger.dayMatch}
        onChange={(dayMatch) => change({ dayMatch: dayMatch === "and" ? "and" : "or" })}
        allowDeselect={false}
        miw={160}
      />
      <Select
        label="Clock put forward"
        data={[
          { value: "shift", label: "Fire right after the gap" },
          { value: "skip", label: "Do not fire" },
        ]}
        placeholder="As Debian’s cron"
        value={trigger.onGap || null}
        onChange={(onGap) => change({ onGap: onGap ?? "" })}
        clearable
        miw={160}
      />
      <Select
        label="Clock put back"
        data={[
          { value: "first", label: "Fire the first time" },
          { value: "second", label: "Fire the second time" },
          { value: "both", label: "Fire both times" },
        ]}
        placeholder="As Debian’s cron"
        value={trigger.onFold || null}
        onChange={(onFold) => change({ onFold: onFold ?? "" })}
        clearable
        miw={160}
      />
    </Group>
  );
}

/** What most schedules never need: folded away, and unfolded by itself when a fault is inside. */
export function AdvancedFields({ draft, onChange, faults }: Props) {
  const cron = kindOfText(draft.trigger.text) === "cron" && !draft.trigger.text.includes("=");
  return (
    <Fold
      title="Advanced"
      hint="queue, priority, Celery’s time limits, service, labels, clock changes"
      opened={!isEmptyMessage(draft.message)}
      faulty={["queue", "service", "labels", ...MESSAGE_FIELDS].some((field) => field in faults)}
    >
      <Stack pt="md">
        <MessageFields draft={draft} onChange={onChange} faults={faults} />
        <TextInput
          label="Service"
          description="The owner of the schedule"
          placeholder="default"
          value={draft.service}
          onChange={(event) => onChange({ ...draft, service: event.currentTarget.value })}
          error={faults["service"]}
          maw={320}
        />
        <TagsInput
          label="Labels"
          description="To find schedules by, such as team=payments; Enter after each"
          value={draft.labels}
          onChange={(labels) => onChange({ ...draft, labels })}
          splitChars={[]}
          acceptValueOnBlur
          error={faults["labels"]}
        />
        {cron && <CronFields draft={draft} onChange={onChange} faults={faults} />}
      </Stack>
    </Fold>
  );
}
