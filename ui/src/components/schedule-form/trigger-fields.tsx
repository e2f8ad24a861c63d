import { Button, Group, Select, Stack, TextInput } from "@mantine/core";
import { useMemo } from "react";
import type { Mark } from "../../form/faults";
import { EXAMPLES, kindOfText, type TriggerDraft, ZONED, zoneInText } from "../../form/trigger";
import { timeZones, viewerZone } from "../../words/time";

type Props = {
  draft: TriggerDraft;
  onChange: (draft: TriggerDraft) => void;
  faults: Record<string, string>;
  /** What is typed, with the place at fault, where one is known. */
  mark: Mark | null;
};

/** What is wrong with the trigger; below it the text, with the faulty part underlined for those who see it. */
function TriggerFault({ message, mark }: { message: string; mark: Mark | null }) {
  return (
    <>
      {message}
      {mark && (
        <code className="marked" aria-hidden>
          {mark.before}
          <mark>{mark.part || "\u00a0"}</mark>
          {mark.after}
        </code>
      )}
    </>
  );
}

export function TriggerFields({ draft, onChange, faults, mark }: Props) {
  const zones = useMemo(timeZones, []);
  const zoneApplies = ZONED.has(kindOfText(draft.text)) && zoneInText(draft.text) === null && !draft.text.includes("=");
  const change = (part: Partial<TriggerDraft>) => onChange({ ...draft, ...part });
  return (
    <Stack gap="sm">
      <Group align="flex-start" gap="sm">
        <TextInput
          label="Trigger"
          description="Cron, an interval, a date and time, RRULE, a solar event; or several, joined by |"
          placeholder="every 10s"
          value={draft.text}
          onChange={(event) => change({ text: event.currentTarget.value })}
          error={faults["trigger"] && <TriggerFault message={faults["trigger"]} mark={mark} />}
          required
          flex="2 1 260px"
          spellCheck={false}
          autoComplete="off"
          classNames={{ input: "mono-input" }}
        />
        {zoneApplies && (
          <Select
            label="Time zone"
            description="Whose clock the trigger reads"
            data={zones}
            value={draft.timezone}
            onChange={(zone) => change({ timezone: zone ?? "UTC" })}
            error={faults["timezone"]}
            searchable
            limit={80}
            allowDeselect={false}
            nothingFoundMessage="No such zone"
            flex="1 1 200px"
          />
        )}
      </Group>
      <Group gap={6} role="group" aria-label="Examples">
        {EXAMPLES.map(({ label, text }) => (
          <Button
            key={text}
            size="compact-xs"
            radius="xl"
            variant={draft.text.trim() === text ? "light" : "default"}
            fw={500}
            onClick={() => change({ text })}
          >
            {label}
          </Button>
        ))}
        {zoneApplies && draft.timezone !== viewerZone() && (
          <Button size="compact-xs" radius="xl" variant="subtle" onClick={() => change({ timezone: viewerZone() })}>
            Use my zone
          </Button>
        )}
      </Group>
    </Stack>
  );
}
