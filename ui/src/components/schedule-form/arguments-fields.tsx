import { Button, Group, JsonInput, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconBraces, IconForms } from "@tabler/icons-react";
import { type Draft, nameArguments, spellArguments } from "../../form/draft";
import { type Field, fieldsOf } from "../../form/signature";

type Props = {
  draft: Draft;
  onChange: (draft: Draft) => void;
  faults: Record<string, string>;
  signature: Record<string, unknown> | null;
};

type FieldProps = { field: Field; text: string; onChange: (text: string) => void; error: string | undefined };

/** The input that fits one parameter. Left empty, it is not sent, and the task's default holds. */
function ArgumentField({ field, text, onChange, error }: FieldProps) {
  const fallback = field.defaultText === null ? "" : `default ${field.defaultText}`;
  const shared = {
    label: (
      <>
        <span className="mono">{field.name}</span>
        <Text span size="xs" c="dimmed" fw={400}>
          {" "}
          {field.typeText}
        </Text>
      </>
    ),
    "aria-label": field.name,
    description: field.description || undefined,
    placeholder: fallback,
    required: field.required,
    error,
  };
  const options = field.kind === "boolean" ? [true, false] : field.options;
  if (field.kind === "boolean" || field.kind === "enum") {
    return (
      <Select
        {...shared}
        data={options.map((value) => ({
          value: JSON.stringify(value),
          label: field.kind === "boolean" ? (value ? "yes" : "no") : String(value),
        }))}
        value={text || null}
        onChange={(value) => onChange(value ?? "")}
        clearable={!field.required}
      />
    );
  }
  if (field.kind === "json") {
    return (
      <JsonInput
        {...shared}
        value={text}
        onChange={onChange}
        autosize
        minRows={1}
        formatOnBlur
        classNames={{ input: "mono-input" }}
      />
    );
  }
  return (
    <TextInput
      {...shared}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
      inputMode={field.kind === "integer" ? "numeric" : field.kind === "number" ? "decimal" : undefined}
      autoComplete="off"
    />
  );
}

function JsonArguments({ draft, onChange, faults }: Omit<Props, "signature">) {
  return (
    <>
      <JsonInput
        label="Positional arguments"
        aria-label="Positional arguments"
        description="A JSON list"
        value={draft.argsText}
        onChange={(argsText) => onChange({ ...draft, argsText })}
        error={faults["args"]}
        autosize
        minRows={1}
        classNames={{ input: "mono-input" }}
      />
      <JsonInput
        label="Keyword arguments"
        aria-label="Keyword arguments"
        description="A JSON object"
        value={draft.kwargsText}
        onChange={(kwargsText) => onChange({ ...draft, kwargsText })}
        error={faults["kwargs"]}
        autosize
        minRows={2}
        classNames={{ input: "mono-input" }}
      />
    </>
  );
}

/** The task's arguments: a field for each parameter of its signature, or two JSON texts. */
export function ArgumentsFields({ draft, onChange, faults, signature }: Props) {
  const fields = signature === null ? [] : fieldsOf(signature);
  const named = draft.mode === "named" && signature !== null;
  const namedDraft = draft.mode === "json" && signature !== null ? nameArguments(draft, signature) : null;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={2}>Arguments</Title>
        {named && (
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconBraces size={14} />}
            onClick={() => onChange(spellArguments(draft, fields))}
          >
            Write as JSON
          </Button>
        )}
        {namedDraft && (
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconForms size={14} />}
            onClick={() => onChange(namedDraft)}
          >
            Use fields
          </Button>
        )}
      </Group>
      {named && fields.length === 0 && (
        <Text size="sm" c="dimmed">
          This task takes no arguments.
        </Text>
      )}
      {named &&
        fields.map((field) => (
          <ArgumentField
            key={field.name}
            field={field}
            text={draft.values[field.name] ?? ""}
            onChange={(text) => onChange({ ...draft, values: { ...draft.values, [field.name]: text } })}
            error={faults[`argument.${field.name}`]}
          />
        ))}
      {!named && draft.task !== "" && <JsonArguments draft={draft} onChange={onChange} faults={faults} />}
      {!named && draft.task === "" && (
        <Text size="sm" c="dimmed">
          Choose a task, and its arguments appear here.
        </Text>
      )}
    </Stack>
  );
}
