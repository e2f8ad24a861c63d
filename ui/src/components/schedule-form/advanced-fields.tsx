import { Group, Select, Stack, Text, TextInput } from "@mantine/core";
import type { Draft } from "../../form/draft";
import { kindOfText } from "../../form/trigger";
import { readDuration } from "../../words/duration";
import { CATCH_UP_POLICIES, catchUpInWords } from "../../words/policies";
import { Fold } from "../fold";

type Props = { draft: Draft; onChange: (draft: Draft) => void; faults: Record<string, string> };

const OWN_FIELDS = ["queue", "catchup.policy", "catchup.grace", "catchup.window", "catchup.limit"];

function CatchUpFields({ draft, onChange, faults }: Props) {
  const { catchup } = draft;
  const change = (part: Partial<Draft["catchup"]>) => onChange({ ...draft, catchup: { ...catchup, ...part } });
  const [grace, window] = [readDuration(catchup.grace), readDuration(catchup.window)];
  const limit = Number(catchup.limit);
  return (
    <Stack gap="xs">
      <Group align="flex-start" grow preventGrowOverflow={false} gap="sm">
        <Select
          label="Fire times met late"
          data={CATCH_UP_POLICIES}
          value={catchup.policy}
          onChange={(policy) => change({ policy: policy ?? "latest" })}
          allowDeselect={false}
          error={faults["catchup.policy"]}
          miw={170}
        />
        <TextInput
          label="Late means after"
          value={catchup.grace}
          onChange={(event) => change({ grace: event.currentTarget.value })}
          error={faults["catchup.grace"]}
          miw={110}
        />
        <TextInput
          label="Look back"
          value={catchup.window}
          onChange={(event) => change({ window: event.currentTarget.value })}
          error={faults["catchup.window"]}
          miw={110}
        />
        <TextInput
          label="At most"
          value={catchup.limit}
          onChange={(event) => change({ limit: event.currentTarget.value })}
          error={faults["catchup.limit"]}
          inputMode="numeric"
          miw={90}
        />
      </Group>
      {grace !== null && window !== null && Number.isInteger(limit) && (
        <Text size="sm" c="dimmed">
          {catchUpInWords({ policy: catchup.policy, grace, window, limit })}
        </Text>
      )}
    </Stack>
  );
}

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
    <Fold title="Advanced" hint="queue, lateness, clock changes" faulty={OWN_FIELDS.some((field) => field in faults)}>
      <Stack pt="md">
        <TextInput
          label="Queue"
          description="Without one, the app’s own routing decides"
          value={draft.queue}
          onChange={(event) => onChange({ ...draft, queue: event.currentTarget.value })}
          error={faults["queue"]}
          maw={320}
        />
        <CatchUpFields draft={draft} onChange={onChange} faults={faults} />
        {cron && <CronFields draft={draft} onChange={onChange} faults={faults} />}
      </Stack>
    </Fold>
  );
}
