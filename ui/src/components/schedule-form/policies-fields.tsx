import { Select, SimpleGrid, Stack, Text, TextInput, type TextInputProps } from "@mantine/core";
import type { ReactNode } from "react";
import type { Draft } from "../../form/draft";
import { areDefault, POLICY_FIELDS, type PoliciesDraft, readPolicies } from "../../form/policies";
import { CATCH_UP_POLICIES, catchUpInWords, LOST_RUNS, OVERLAPS, pausesInWords } from "../../words/policies";
import { Fold } from "../fold";

type Props = { draft: Draft; onChange: (draft: Draft) => void; faults: Record<string, string> };
type PartProps = {
  policies: PoliciesDraft;
  onChange: (part: Partial<PoliciesDraft>) => void;
  faults: Record<string, string>;
};

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="form-part">
      <legend>{title}</legend>
      <Stack gap="xs">{children}</Stack>
    </fieldset>
  );
}

/** A text input of one policy; a number is typed with the keys for numbers. */
function Entry({ number = false, ...props }: TextInputProps & { number?: boolean }) {
  return <TextInput {...props} autoComplete="off" inputMode={number ? "numeric" : undefined} />;
}

type ChoiceProps<T extends string> = {
  label: string;
  options: { value: T; label: string; description: string }[];
  value: T;
  onChange: (value: T) => void;
  error: string | undefined;
};

/** A choice, with a sentence on what the chosen one does. */
function Choice<T extends string>({ label, options, value, onChange, error }: ChoiceProps<T>) {
  const chosen = options.find((option) => option.value === value);
  return (
    <Select
      label={label}
      description={chosen?.description}
      inputWrapperOrder={["label", "input", "description", "error"]}
      data={options.map((option) => ({ value: option.value, label: option.label }))}
      value={value}
      onChange={(picked) => onChange(options.find((option) => option.value === picked)?.value ?? value)}
      allowDeselect={false}
      error={error}
    />
  );
}

function Meeting({ policies, onChange, faults }: PartProps) {
  return (
    <Part title="Runs that meet">
      <Choice
        label="While another run has not ended"
        options={OVERLAPS}
        value={policies.overlap}
        onChange={(overlap) => onChange({ overlap })}
        error={faults["overlap"]}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Entry
          label="Shared limit: key"
          description="Schedules with the same key are counted together"
          placeholder="none, or what they share, such as db"
          value={policies.key}
          onChange={(event) => onChange({ key: event.currentTarget.value })}
          error={faults["concurrency.key"]}
        />
        {policies.key.trim() !== "" && (
          <Entry
            label="Shared limit: runs at once"
            description="Further runs wait for their turn"
            value={policies.limit}
            onChange={(event) => onChange({ limit: event.currentTarget.value })}
            error={faults["concurrency.limit"]}
            number
          />
        )}
      </SimpleGrid>
    </Part>
  );
}

function Attempts({ policies, onChange, faults }: PartProps) {
  const { policies: read, faults: unread } = readPolicies(policies);
  const readable = !Object.keys(unread).some((field) => field.startsWith("retry."));
  const pauses = readable ? pausesInWords(read.retry) : null;
  return (
    <Part title="Attempts">
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
        <Entry
          label="Attempts in all"
          value={policies.attempts}
          onChange={(event) => onChange({ attempts: event.currentTarget.value })}
          error={faults["retry.attempts"]}
          number
        />
        {policies.attempts.trim() !== "1" && (
          <>
            <Entry
              label="First pause"
              value={policies.delay}
              onChange={(event) => onChange({ delay: event.currentTarget.value })}
              error={faults["retry.delay"]}
            />
            <Entry
              label="Each next: times"
              value={policies.backoff}
              onChange={(event) => onChange({ backoff: event.currentTarget.value })}
              error={faults["retry.backoff"]}
            />
            <Entry
              label="Longest pause"
              value={policies.maxDelay}
              onChange={(event) => onChange({ maxDelay: event.currentTarget.value })}
              error={faults["retry.max_delay"]}
            />
          </>
        )}
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        {pauses ?? "A run that fails is not attempted again."}
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Choice
          label="When its worker dies"
          options={LOST_RUNS}
          value={policies.onLost}
          onChange={(onLost) => onChange({ onLost })}
          error={faults["on_lost"]}
        />
        <Entry
          label="Pause after failures in a row"
          description="The schedule pauses itself, and says so"
          inputWrapperOrder={["label", "input", "description", "error"]}
          placeholder="never"
          value={policies.pauseAfterFailures}
          onChange={(event) => onChange({ pauseAfterFailures: event.currentTarget.value })}
          error={faults["pause_after_failures"]}
          number
        />
      </SimpleGrid>
    </Part>
  );
}

function Limits({ policies, onChange, faults }: PartProps) {
  return (
    <Part title="Time limits">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Entry
          label="Timeout"
          description="An attempt that runs longer is terminated, and has failed"
          placeholder="none, or such as 30m"
          value={policies.timeout}
          onChange={(event) => onChange({ timeout: event.currentTarget.value })}
          error={faults["timeout"]}
        />
        <Entry
          label="Expires"
          description="A run that has not started so long after its due time never will"
          placeholder="never, or such as 10m"
          value={policies.expires}
          onChange={(event) => onChange({ expires: event.currentTarget.value })}
          error={faults["expires"]}
        />
      </SimpleGrid>
    </Part>
  );
}

function Lateness({ policies, onChange, faults }: PartProps) {
  const { catchup } = policies;
  const change = (part: Partial<PoliciesDraft["catchup"]>) => onChange({ catchup: { ...catchup, ...part } });
  const { policies: read, faults: unread } = readPolicies(policies);
  const readable = !Object.keys(unread).some((field) => field.startsWith("catchup."));
  return (
    <Part title="Catch-up">
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
        <Select
          label="Fire times met late"
          data={CATCH_UP_POLICIES}
          value={catchup.policy}
          onChange={(policy) => change({ policy: policy ?? catchup.policy })}
          allowDeselect={false}
          error={faults["catchup.policy"]}
        />
        <Entry
          label="Late means after"
          value={catchup.grace}
          onChange={(event) => change({ grace: event.currentTarget.value })}
          error={faults["catchup.grace"]}
        />
        {catchup.policy !== "none" && (
          <Entry
            label="Look back"
            value={catchup.window}
            onChange={(event) => change({ window: event.currentTarget.value })}
            error={faults["catchup.window"]}
          />
        )}
        {catchup.policy === "all" && (
          <Entry
            label="At most"
            value={catchup.limit}
            onChange={(event) => change({ limit: event.currentTarget.value })}
            error={faults["catchup.limit"]}
            number
          />
        )}
      </SimpleGrid>
      {readable && (
        <Text size="sm" c="dimmed">
          {catchUpInWords(read.catchup)}
        </Text>
      )}
    </Part>
  );
}

/** What becomes of runs that meet, fail, take long or are late: folded away while all is as by default. */
export function PoliciesFields({ draft, onChange, faults }: Props) {
  const { policies } = draft;
  const change = (part: Partial<PoliciesDraft>) => onChange({ ...draft, policies: { ...policies, ...part } });
  const part = { policies, onChange: change, faults };
  return (
    <Fold
      title="Policies"
      hint="overlap, retry, time limits, failures, catch-up"
      opened={!areDefault(policies)}
      faulty={POLICY_FIELDS.some((field) => field in faults)}
    >
      <Stack pt="md" gap="lg">
        <Meeting {...part} />
        <Attempts {...part} />
        <Limits {...part} />
        <Lateness {...part} />
      </Stack>
    </Fold>
  );
}
