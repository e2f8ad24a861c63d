import { Autocomplete, Badge, Group, Stack, Text } from "@mantine/core";
import type { Task } from "../../api/types";

type Props = { value: string; onChange: (name: string) => void; tasks: Task[]; error: string | undefined };

const firstLine = (text: string): string => text.trim().split("\n")[0] ?? "";

/** The tasks that workers announced, with their first line of docs; any other name can be written too. */
export function TaskField({ value, onChange, tasks, error }: Props) {
  const known = new Map(tasks.map((task) => [task.name, task]));
  const chosen = known.get(value);
  return (
    <Autocomplete
      label="Task"
      placeholder="Search the tasks of your workers"
      description={chosen ? firstLine(chosen.description) : "The Celery task to run"}
      data={tasks.toSorted((one, other) => Number(other.live) - Number(one.live)).map(({ name }) => name)}
      value={value}
      onChange={onChange}
      error={error}
      required
      limit={50}
      maxDropdownHeight={320}
      spellCheck={false}
      classNames={{ input: "mono-input" }}
      renderOption={({ option }) => {
        const task = known.get(option.value);
        return (
          <Stack gap={0} w="100%">
            <Group justify="space-between" wrap="nowrap">
              <Text span className="mono">
                {option.value}
              </Text>
              {task && !task.live && (
                <Badge size="xs" color="gray" variant="light" tt="none">
                  gone
                </Badge>
              )}
            </Group>
            {task?.description && (
              <Text size="xs" c="dimmed" lineClamp={1}>
                {firstLine(task.description)}
              </Text>
            )}
          </Stack>
        );
      }}
    />
  );
}
