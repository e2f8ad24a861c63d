import { Alert, Button, FileInput, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconFileImport, IconInfoCircle } from "@tabler/icons-react";
import { type FormEvent, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useImportCalendar } from "../../api/calendar-mutations";
import { asProblem, Problem } from "../../api/problem";
import { placeAt } from "../../form/faults";
import { timeZones } from "../../words/time";
import { useFocusFirstFault } from "../first-fault";
import { Section } from "../layout";
import { ProblemNotice, tell } from "../notices";

/** The field for a fault's path; what is wrong inside the file is a fault of `file`. */
const FIELDS: Record<string, string> = { name: "name", timezone: "timezone", ics: "ics", file: "ics" };
const fieldOfPath = (path: string): string | null => FIELDS[path] ?? null;

/** A name for the calendar of a file: the file's own, without its ending. */
const nameOf = (file: File): string => file.name.replace(/\.[^.]*$/, "");

function Notes({ name, notes, onOpen }: { name: string; notes: string[]; onOpen: () => void }) {
  return (
    <Alert
      className="narrow"
      color="blue"
      variant="light"
      icon={<IconInfoCircle />}
      title={`${name} was made, with these notes`}
      role="status"
    >
      {notes.map((note) => (
        <Text size="sm" key={note}>
          {note}
        </Text>
      ))}
      <Button mt="sm" size="xs" onClick={onOpen}>
        Open the calendar
      </Button>
    </Alert>
  );
}

/** Makes a calendar of an iCalendar file, which calendar programs export. */
export function ImportForm({ onCancel }: { onCancel: () => void }) {
  const zones = useMemo(timeZones, []);
  const [, navigate] = useLocation();
  const bring = useImportCalendar();
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const [timezone, setTimezone] = useState<string | null>(null);
  const [own, setOwn] = useState<Record<string, string>>({});
  const form = useRef<HTMLFormElement>(null);

  const problem = bring.error ? asProblem(bring.error) : null;
  const { fields, rest } = placeAt(problem?.faults ?? [], fieldOfPath);
  const faults: Record<string, string> = { ...fields, ...own };
  useFocusFirstFault(faults, form);

  const open = (made: string) => navigate(`/calendars/${encodeURIComponent(made)}`);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setOwn({
      ...(name.trim() === "" && { name: "Give the calendar a name." }),
      ...(file === null && { ics: "Choose a file." }),
    });
    if (file !== null && name.trim() !== "") {
      bring.mutate(
        { name: name.trim(), ...(timezone && { timezone }), ics: await file.text() },
        {
          onSuccess: ({ calendar, notes }) => {
            if (notes.length === 0) {
              tell(`${calendar.name} was created`);
              open(calendar.name);
            }
          },
        },
      );
    }
  };

  if (bring.data) {
    const { calendar, notes } = bring.data;
    return <Notes name={calendar.name} notes={notes} onOpen={() => open(calendar.name)} />;
  }
  return (
    <form ref={form} onSubmit={submit} noValidate className="narrow">
      <Stack>
        {problem && (problem.faults.length === 0 || rest.length > 0) && (
          <ProblemNotice error={new Problem(problem.status, problem.code, problem.message, problem.fix, rest)} />
        )}
        <Section label="Import">
          <Stack>
            <FileInput
              label="File"
              description="An iCalendar file, as calendar programs export it"
              placeholder="holidays.ics"
              accept=".ics,text/calendar"
              leftSection={<IconFileImport size={16} />}
              value={file}
              onChange={(chosen) => {
                setFile(chosen);
                setName(chosen === null || name !== "" ? name : nameOf(chosen));
                setOwn({});
              }}
              error={faults["ics"]}
              clearable
              required
            />
            <Group align="flex-start" gap="sm">
              <TextInput
                label="Name"
                description="Schedules refer to it by this name"
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                error={faults["name"]}
                required
                autoComplete="off"
                flex="2 1 240px"
              />
              <Select
                label="Time zone"
                description="For events that name none"
                placeholder="The file’s own"
                data={zones}
                value={timezone}
                onChange={setTimezone}
                error={faults["timezone"]}
                searchable
                clearable
                limit={80}
                nothingFoundMessage="No such zone"
                flex="1 1 200px"
              />
            </Group>
          </Stack>
        </Section>
        <Group>
          <Button type="submit" loading={bring.isPending} size="md">
            Import calendar
          </Button>
          <Button variant="subtle" color="gray" size="md" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
