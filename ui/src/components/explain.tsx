import { Alert, Button, Group, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { IconCircleCheck, IconCircleOff } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useExplanation } from "../api/queries";
import type { Explanation, FireTime, Schedule } from "../api/types";
import { useNow } from "../words/now";
import { sentence } from "../words/sentence";
import { viewerZone, wallTime, wallTimeBeside } from "../words/time";
import { instantOf, wallInput, wallOf } from "../words/zones";
import { Section } from "./layout";
import { ProblemNotice } from "./notices";

/** The zone whose clocks a schedule is told in: that of its trigger where it reads one, else the viewer's. */
export const zoneOf = ({ trigger }: Schedule): string => ("timezone" in trigger ? trigger.timezone : viewerZone());

type NeighbourProps = { label: string; time: FireTime | null; zone: string; onPick: (instant: string) => void };

function Neighbour({ label, time, zone, onPick }: NeighbourProps) {
  const now = useNow();
  return (
    <Group gap={6} justify="space-between">
      <Text span size="sm" c="dimmed">
        {label}
      </Text>
      {time === null ? (
        <Text span size="sm" c="dimmed">
          none
        </Text>
      ) : (
        <Button
          size="compact-sm"
          variant="subtle"
          color={time.due_time === null ? "gray" : undefined}
          className="tabular"
          td={time.due_time === null ? "line-through" : undefined}
          onClick={() => onPick(time.utc)}
        >
          {wallTime(wallOf(time.utc, zone) ?? time.local, now)}
        </Button>
      )}
    </Group>
  );
}

type VerdictProps = { explanation: Explanation; zone: string; onPick: (instant: string) => void };

function Verdict({ explanation, zone, onPick }: VerdictProps) {
  const now = useNow();
  const { fires, reasons, notes, instant, due_time, previous, next } = explanation;
  const local = wallOf(instant, zone) ?? explanation.local;
  const due = due_time !== null && Date.parse(due_time) - Date.parse(instant) >= 1000 ? wallOf(due_time, zone) : null;
  return (
    <Stack gap="xs">
      <Alert
        variant="light"
        color={fires ? "teal" : "gray"}
        icon={fires ? <IconCircleCheck /> : <IconCircleOff />}
        title={`${fires ? "It fires" : "It does not fire"} on ${wallTime(local, now)}`}
        role="status"
      >
        {due && <Text size="sm">Its run is sent at {wallTimeBeside(due, local, now)}.</Text>}
        {[...reasons, ...notes].map((text) => (
          <Text size="sm" key={text}>
            {sentence(text)}
          </Text>
        ))}
      </Alert>
      <div>
        <Neighbour label="Fire time before" time={previous} zone={zone} onPick={onPick} />
        <Neighbour label="Fire time after" time={next} zone={zone} onPick={onPick} />
      </div>
    </Stack>
  );
}

type Props = { schedule: Schedule; asked: string; onAsk: (instant: string) => void };

/** Tells for any instant whether the schedule fires then, and why not. */
export function Explain({ schedule, asked, onAsk }: Props) {
  const zone = zoneOf(schedule);
  const [opened] = useState(useNow());
  const sensible = schedule.status.next_fire_time ?? `${new Date(opened).toISOString().slice(0, 16)}:00Z`;
  const [typed, setTyped] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const shown = typed ?? wallInput(asked || sensible, zone);
  const explanation = useExplanation(schedule, asked);

  const ask = (instant: string) => {
    setTyped(null);
    setFault(null);
    onAsk(instant);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const instant = instantOf(shown, zone);
    if (instant === null) {
      setFault("Enter a date and a time.");
    } else {
      ask(typed === null && asked ? asked : instant);
    }
  };

  return (
    <Section title="Explain">
      <Stack gap="sm">
        <form onSubmit={submit} noValidate>
          <Group align="flex-end" gap="xs">
            <TextInput
              type="datetime-local"
              step={1}
              label="Does it fire at this time?"
              description={zone === viewerZone() ? `On your clock (${zone})` : `On the clocks of ${zone}`}
              value={shown}
              onChange={(event) => setTyped(event.currentTarget.value)}
              error={fault}
              flex="1 1 200px"
            />
            <Button type="submit" variant="default">
              Explain
            </Button>
          </Group>
        </form>
        {asked !== "" && explanation.isPending && <Skeleton height={96} />}
        {explanation.isError && <ProblemNotice error={explanation.error} />}
        {explanation.data && <Verdict explanation={explanation.data} zone={zone} onPick={ask} />}
      </Stack>
    </Section>
  );
}
