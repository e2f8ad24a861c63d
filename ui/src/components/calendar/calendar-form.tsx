import {
  ActionIcon,
  Alert,
  Button,
  Grid,
  Group,
  Menu,
  Paper,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { type FormEvent, useMemo, useRef, useState } from "react";
import { asProblem, Problem } from "../../api/problem";
import type { RuleKind } from "../../api/types";
import {
  type CalendarDocument,
  type CalendarDraft,
  checkCalendar,
  emptyRule,
  placeCalendarFaults,
  type RuleDraft,
} from "../../form/calendar";
import { viewerCountry } from "../../words/countries";
import { RULE_KINDS, ruleLabel } from "../../words/rules";
import { timeZones } from "../../words/time";
import { useFocusFirstFault } from "../first-fault";
import { Section } from "../layout";
import { ProblemNotice } from "../notices";
import { RuleInputs, RuleLabelInput } from "./rule-fields";
import { YearView } from "./year-view";

type Faults = Record<string, string>;

function RuleCard({
  rule,
  onChange,
  onRemove,
  faults,
}: {
  rule: RuleDraft;
  onChange: (rule: RuleDraft) => void;
  onRemove: () => void;
  faults: Faults;
}) {
  const fault = (field: string) => faults[`${rule.key}.${field}`];
  const whole = fault("kind");
  return (
    <Paper withBorder component="li" className="rule" p="md">
      <Group justify="space-between" mb="xs" wrap="nowrap">
        <Title order={3} size="sm">
          {ruleLabel(rule.kind)}
        </Title>
        <ActionIcon onClick={onRemove} aria-label={`Remove the rule ${ruleLabel(rule.kind)}`}>
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      <Stack gap="sm">
        {whole && (
          <Text size="sm" c="red" role="alert">
            {whole}
          </Text>
        )}
        <RuleInputs rule={rule} onChange={onChange} fault={fault} />
        <RuleLabelInput rule={rule} onChange={onChange} fault={fault} />
      </Stack>
    </Paper>
  );
}

function AddRule({ onAdd }: { onAdd: (kind: RuleKind) => void }) {
  return (
    <Menu position="bottom-start" width={300}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconPlus size={16} />}>
          Add a rule
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {RULE_KINDS.map(({ kind, label, hint }) => (
          <Menu.Item key={kind} onClick={() => onAdd(kind)}>
            {label}
            <Text size="xs" c="dimmed">
              {hint}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** The year of the calendar as it is being edited, a moment after typing stops; of the last draft that was complete. */
function DraftYear({ draft }: { draft: CalendarDraft }) {
  const [settled] = useDebouncedValue(draft, 400);
  const { document } = useMemo(() => checkCalendar({ ...settled, name: settled.name || "calendar" }), [settled]);
  const [complete, setComplete] = useState(document);
  if (document !== null && document !== complete) {
    setComplete(document);
  }
  return complete ? (
    <YearView shown={{ document: complete }} />
  ) : (
    <Section title="Year">
      <Text size="sm" c="dimmed">
        Add a rule and complete it, and the days that it covers appear here.
      </Text>
    </Section>
  );
}

type Props = {
  opened: CalendarDraft;
  /** Whether it is stored already: schedules refer to it by its name, which it keeps then. */
  stored: boolean;
  submitLabel: string;
  pending: boolean;
  error: unknown;
  onSubmit: (document: CalendarDocument, draft: CalendarDraft) => void;
  onCancel: () => void;
};

export function CalendarForm({ opened, stored, submitLabel, pending, error, onSubmit, onCancel }: Props) {
  const zones = useMemo(timeZones, []);
  const [draft, setDraft] = useState(opened);
  const [own, setOwn] = useState<Faults>({});
  const [sent, setSent] = useState<RuleDraft[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const problem = error ? asProblem(error) : null;
  const placed = placeCalendarFaults(problem?.faults ?? [], sent);
  const faults: Faults = { ...placed.fields, ...own };
  useFocusFirstFault(faults, form);
  const notice =
    problem && (problem.faults.length === 0 || placed.rest.length > 0)
      ? new Problem(problem.status, problem.code, problem.message, problem.fix, placed.rest)
      : null;

  const change = (part: Partial<CalendarDraft>) => {
    setDraft({ ...draft, ...part });
    setOwn({});
  };
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    const checked = checkCalendar(draft);
    setOwn(checked.faults ?? {});
    if (checked.document !== null) {
      setSent(draft.rules);
      onSubmit(checked.document, draft);
    }
  };
  useHotkeys([["mod+Enter", () => submit()]], []);

  return (
    <Grid>
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <form ref={form} onSubmit={submit} noValidate>
          <Stack>
            {notice && <ProblemNotice error={notice} />}
            <Section label="Calendar">
              <Stack>
                <Group align="flex-start" gap="sm">
                  <TextInput
                    label="Name"
                    description={stored ? "Schedules refer to it, so it stays" : "Schedules refer to it by this name"}
                    placeholder="public holidays"
                    value={draft.name}
                    onChange={(event) => change({ name: event.currentTarget.value })}
                    error={faults["name"]}
                    required={!stored}
                    disabled={stored}
                    autoComplete="off"
                    flex="2 1 240px"
                    data-autofocus
                  />
                  <Select
                    label="Time zone"
                    description="Whose clock the rules read"
                    data={zones}
                    value={draft.timezone}
                    onChange={(timezone) => change({ timezone: timezone ?? "UTC" })}
                    error={faults["timezone"]}
                    searchable
                    limit={80}
                    allowDeselect={false}
                    nothingFoundMessage="No such zone"
                    flex="1 1 200px"
                  />
                </Group>
                <Textarea
                  label="Description"
                  placeholder="What it is for, and whom to ask"
                  value={draft.description}
                  onChange={(event) => change({ description: event.currentTarget.value })}
                  error={faults["description"]}
                  autosize
                  minRows={1}
                />
              </Stack>
            </Section>
            <Section title="Rules">
              <Stack>
                <Text size="sm" c="dimmed">
                  The calendar holds every time that at least one of its rules names.
                </Text>
                {faults["rules"] && (
                  <Alert color="red" variant="light">
                    {faults["rules"]}
                  </Alert>
                )}
                {draft.rules.length > 0 && (
                  <Stack component="ul" m={0} p={0} gap="sm">
                    {draft.rules.map((rule) => (
                      <RuleCard
                        key={rule.key}
                        rule={rule}
                        faults={faults}
                        onChange={(changed) =>
                          change({ rules: draft.rules.map((other) => (other.key === rule.key ? changed : other)) })
                        }
                        onRemove={() => change({ rules: draft.rules.filter(({ key }) => key !== rule.key) })}
                      />
                    ))}
                  </Stack>
                )}
                <div>
                  <AddRule onAdd={(kind) => change({ rules: [...draft.rules, emptyRule(kind, viewerCountry())] })} />
                </div>
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
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <DraftYear draft={draft} />
      </Grid.Col>
    </Grid>
  );
}
