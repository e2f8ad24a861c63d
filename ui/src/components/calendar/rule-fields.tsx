import {
  Autocomplete,
  Chip,
  Group,
  Input,
  type OptionsFilter,
  SimpleGrid,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { useMemo } from "react";
import { type RuleDraft, type RuleFields, WEEKDAYS, type Weekday } from "../../form/calendar";
import { countries, countryName } from "../../words/countries";

type Of<K extends RuleDraft["kind"]> = Extract<RuleDraft, { kind: K }>;
type Props<R extends RuleDraft> = {
  rule: R;
  onChange: (part: Partial<Omit<R, "kind" | "key">>) => void;
  fault: (field: string) => string | undefined;
};

const LABEL_HINT = "What people are told when it closes or opens a schedule";

function LabelField({
  value,
  onChange,
  error,
}: {
  value: string;
  onChange: (text: string) => void;
  error?: string | undefined;
}) {
  return (
    <TextInput
      label="Label"
      description={LABEL_HINT}
      placeholder="Company holidays"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={error}
      autoComplete="off"
    />
  );
}

function Weekdays({
  days,
  onChange,
  error,
}: {
  days: Weekday[];
  onChange: (days: Weekday[]) => void;
  error?: string | undefined;
}) {
  return (
    <Input.Wrapper label="Days" error={error} labelElement="div" role="group" aria-label="Days">
      <Chip.Group multiple value={days} onChange={(chosen) => onChange(WEEKDAYS.filter((day) => chosen.includes(day)))}>
        <Group gap={6} mt={6}>
          {WEEKDAYS.map((day) => (
            <Chip key={day} value={day} size="xs" variant="outline">
              {day.charAt(0).toUpperCase() + day.slice(1)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
    </Input.Wrapper>
  );
}

function WeeklyFields({ rule, onChange, fault }: Props<Of<"weekly">>) {
  const hour = { classNames: { input: "mono-input" }, autoComplete: "off", inputMode: "numeric" as const };
  return (
    <>
      <Weekdays days={rule.days} onChange={(days) => onChange({ days })} error={fault("days")} />
      <SimpleGrid cols={{ base: 2 }} spacing="sm">
        <TextInput
          {...hour}
          label="From"
          description="Empty: the whole day"
          placeholder="00:00"
          value={rule.from}
          onChange={(event) => onChange({ from: event.currentTarget.value })}
          error={fault("from")}
        />
        <TextInput
          {...hour}
          label="Until"
          description="Earlier: the next day"
          placeholder="24:00"
          value={rule.until}
          onChange={(event) => onChange({ until: event.currentTarget.value })}
          error={fault("until")}
        />
      </SimpleGrid>
    </>
  );
}

/** Two days; or two moments, as soon as a time of day is wanted. One with an offset is only a text. */
function RangeFields({ rule, onChange, fault }: Props<Of<"range">>) {
  const timed = rule.from.includes("T") || rule.until.includes("T");
  const offset = /T.*([Zz]|[+-]\d{2}:?\d{2})$/.test(rule.from + rule.until);
  const type = offset ? "text" : timed ? "datetime-local" : "date";
  const day = (text: string) => text.slice(0, 10);
  const atMidnight = (text: string) => (text === "" ? "" : `${day(text)}T00:00`);
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          type={type}
          label="From"
          value={rule.from}
          onChange={(event) => onChange({ from: event.currentTarget.value })}
          error={fault("from")}
        />
        <TextInput
          type={type}
          label={timed ? "Until" : "Until, included"}
          value={rule.until}
          onChange={(event) => onChange({ until: event.currentTarget.value })}
          error={fault("until")}
        />
      </SimpleGrid>
      <Switch
        label="With times of day"
        checked={timed}
        disabled={rule.from === "" && rule.until === ""}
        onChange={(event) => {
          const to = event.currentTarget.checked ? atMidnight : day;
          onChange({ from: to(rule.from), until: to(rule.until) });
        }}
      />
    </>
  );
}

function HolidayFields({ rule, onChange, fault }: Props<Of<"holidays">>) {
  const known = useMemo(countries, []);
  const byName: OptionsFilter = ({ options, search }) => {
    const sought = search.trim().toLowerCase();
    return options.filter(
      (option) =>
        "value" in option &&
        (option.value.toLowerCase().startsWith(sought) || countryName(option.value)?.toLowerCase().includes(sought)),
    );
  };
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Autocomplete
          label="Country"
          description={countryName(rule.country.trim().toUpperCase()) ?? "Its code, or search by its name"}
          placeholder="DE"
          data={known.map(({ code }) => code)}
          filter={byName}
          renderOption={({ option }) => (
            <Group justify="space-between" wrap="nowrap" w="100%">
              <Text span size="sm">
                {countryName(option.value)}
              </Text>
              <Text span size="sm" c="dimmed">
                {option.value}
              </Text>
            </Group>
          )}
          limit={60}
          maxDropdownHeight={280}
          value={rule.country}
          onChange={(country) => onChange({ country })}
          error={fault("country")}
          required
        />
        <TextInput
          label="Region"
          description="Its code or name; empty for the whole country’s"
          placeholder="BY, ENG, CA"
          value={rule.region}
          onChange={(event) => onChange({ region: event.currentTarget.value })}
          error={fault("region")}
          autoComplete="off"
        />
      </SimpleGrid>
      <TextInput
        label="Categories"
        description="Empty for the public ones; others are for example bank, school"
        value={rule.categories}
        onChange={(event) => onChange({ categories: event.currentTarget.value })}
        error={fault("categories")}
        autoComplete="off"
      />
      <Switch
        label="Also the days on which holidays of a weekend are observed"
        checked={rule.observed}
        onChange={(event) => onChange({ observed: event.currentTarget.checked })}
      />
    </>
  );
}

function RecurringFields({ rule, onChange, fault }: Props<Of<"recurring">>) {
  return (
    <>
      <TextInput
        label="Recurrence set"
        description="DTSTART, RRULE, RDATE and EXDATE of RFC 5545"
        placeholder="DTSTART:20260105T090000 RRULE:FREQ=WEEKLY;INTERVAL=2"
        value={rule.expression}
        onChange={(event) => onChange({ expression: event.currentTarget.value })}
        error={fault("expression")}
        classNames={{ input: "mono-input" }}
        spellCheck={false}
        required
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          label="Each lasts"
          description="Such as 90m or 1h30m"
          value={rule.duration}
          onChange={(event) => onChange({ duration: event.currentTarget.value })}
          error={fault("duration")}
          autoComplete="off"
        />
        <TextInput
          label="Or whole days"
          description="Its own day is the first"
          value={rule.days}
          onChange={(event) => onChange({ days: event.currentTarget.value })}
          error={fault("days")}
          inputMode="numeric"
          autoComplete="off"
        />
      </SimpleGrid>
    </>
  );
}

type RuleProps = { rule: RuleDraft; onChange: (rule: RuleDraft) => void; fault: (field: string) => string | undefined };

/** The inputs that fit the kind of a rule. */
export function RuleInputs({ rule, onChange, fault }: RuleProps) {
  const change = (part: Partial<RuleFields>) => onChange({ ...rule, ...part } as RuleDraft);
  switch (rule.kind) {
    case "holidays":
      return <HolidayFields rule={rule} onChange={change} fault={fault} />;
    case "weekly":
      return <WeeklyFields rule={rule} onChange={change} fault={fault} />;
    case "range":
      return <RangeFields rule={rule} onChange={change} fault={fault} />;
    case "recurring":
      return <RecurringFields rule={rule} onChange={change} fault={fault} />;
    case "dates":
      return (
        <TextInput
          label="Dates"
          description="Separated by commas"
          placeholder="2026-12-24, 2026-12-31"
          value={rule.dates}
          onChange={(event) => change({ dates: event.currentTarget.value })}
          error={fault("dates")}
          classNames={{ input: "mono-input" }}
          autoComplete="off"
        />
      );
    case "yearly":
      return (
        <TextInput
          label="Days of the year"
          description="Month and day, and ranges with two dots; separated by commas"
          placeholder="12-24..01-02, 05-01"
          value={rule.days}
          onChange={(event) => change({ days: event.currentTarget.value })}
          error={fault("days")}
          classNames={{ input: "mono-input" }}
          autoComplete="off"
        />
      );
  }
}

/** The label that all rules have but public holidays, which have names of their own. */
export function RuleLabelInput({ rule, onChange, fault }: RuleProps) {
  return rule.kind === "holidays" ? null : (
    <LabelField value={rule.label} onChange={(label) => onChange({ ...rule, label })} error={fault("label")} />
  );
}
