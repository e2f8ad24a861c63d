import { Badge, Button, Code, Group, Paper, Spoiler, Stack, Text, TextInput, Tooltip } from "@mantine/core";
import { IconCalendarPlus, IconSearch, IconStack2 } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import { useTasks } from "../api/queries";
import type { Task } from "../api/types";
import { PageHeader } from "../components/layout";
import { Life } from "../components/life";
import { Empty, Loading, ProblemNotice } from "../components/notices";
import { Relative } from "../components/time";
import { signatureText } from "../form/signature";

function TaskCard({ task }: { task: Task }) {
  return (
    <Paper withBorder className="card" p="md" component="li">
      <Group justify="space-between" align="flex-start" gap="md">
        <Stack gap={6} flex="1 1 300px" miw={0}>
          <Text component="h2" m={0} className="mono" fw={600} style={{ overflowWrap: "anywhere" }}>
            {task.name}
            {task.signature && (
              <Text span c="dimmed" fw={400} inherit>
                ({signatureText(task.signature)})
              </Text>
            )}
          </Text>
          {task.description && (
            <Spoiler maxHeight={21} showLabel="More" hideLabel="Less" classNames={{ control: "small" }}>
              <Text size="sm" c="dimmed" style={{ whiteSpace: "pre-line" }} maw={820}>
                {task.description}
              </Text>
            </Spoiler>
          )}
          <Group gap={8}>
            <Tooltip
              label={
                task.live ? "A worker that serves it is alive." : "No living worker serves it: its runs would wait."
              }
            >
              <span>
                <Life live={task.live} />
              </span>
            </Tooltip>
            {task.queues.map((queue) => (
              <Badge key={queue} variant="default" tt="none" fw={500}>
                queue {queue}
              </Badge>
            ))}
            {task.gone_since && (
              <Text size="xs" c="dimmed" component="div">
                served by no worker since <Relative at={task.gone_since} />
              </Text>
            )}
          </Group>
        </Stack>
        <Button
          component={Link}
          href={`/schedules/new?task=${encodeURIComponent(task.name)}`}
          variant="light"
          leftSection={<IconCalendarPlus size={16} />}
          aria-label={`Schedule ${task.name}`}
        >
          Schedule this
        </Button>
      </Group>
    </Paper>
  );
}

export function TasksPage() {
  const tasks = useTasks();
  const [text, setText] = useState("");
  const sought = text.trim().toLowerCase();
  const found = tasks.data?.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(sought));
  return (
    <>
      <PageHeader title="Tasks" description="What your workers announced, ready to be scheduled." />
      <Stack>
        {tasks.data && tasks.data.length > 0 && (
          <TextInput
            placeholder="Search"
            aria-label="Search tasks"
            leftSection={<IconSearch size={16} />}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            maw={380}
            type="search"
          />
        )}
        {tasks.isPending && <Loading label="tasks" />}
        {tasks.isError && <ProblemNotice error={tasks.error} onRetry={() => tasks.refetch()} />}
        {tasks.data?.length === 0 && (
          <Empty icon={<IconStack2 size={26} />} title="No worker has announced tasks">
            Start a Celery worker with the worker plug-in: put <Code>Punctual(app)</Code> beside your app and run{" "}
            <Code>celery -A yourproject worker</Code>. Its tasks appear here.
          </Empty>
        )}
        {found?.length === 0 && sought !== "" && <Text c="dimmed">No task fits “{text}”.</Text>}
        <Stack component="ul" m={0} p={0} gap="sm">
          {found?.map((task) => (
            <TaskCard key={task.name} task={task} />
          ))}
        </Stack>
      </Stack>
    </>
  );
}
