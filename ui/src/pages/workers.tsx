import { Alert, Anchor, Badge, Code, Group, Paper, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconServer } from "@tabler/icons-react";
import { Link } from "wouter";
import { useWorkers } from "../api/queries";
import type { Worker } from "../api/types";
import { Facts, PageHeader } from "../components/layout";
import { Life } from "../components/life";
import { Empty, Loading, ProblemNotice } from "../components/notices";
import { Queues } from "../components/queues";
import { Relative } from "../components/time";
import { sentence } from "../words/sentence";
import { doneInWords, loadInWords, recordsInWords, versionsInWords } from "../words/workers";

function Running({ runs }: { runs: Worker["runs"] }) {
  return runs.map((run) => (
    <Text key={run.id} size="sm" component="div">
      <Anchor component={Link} href={`/runs/${run.id}`} size="sm">
        {run.schedule}
      </Anchor>
      {run.attempt > 1 && `, attempt ${run.attempt}`}, started{" "}
      <Text span inherit c="dimmed">
        <Relative at={run.started_at} />
      </Text>
    </Text>
  ));
}

function WorkerCard({ worker }: { worker: Worker }) {
  return (
    <Paper withBorder className="card" p="md" component="li" aria-label={worker.name}>
      <Group gap="sm" mb="sm">
        <Text component="h2" m={0} fw={600} style={{ overflowWrap: "anywhere" }}>
          {worker.name}
        </Text>
        <Life live={worker.live} />
        {!worker.live && (
          <Text size="sm" c="dimmed" component="div">
            since <Relative at={worker.seen_at} />
          </Text>
        )}
      </Group>
      {worker.warnings.length > 0 && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle />} mb="sm" role="status">
          {worker.warnings.map((text) => (
            <Text key={text} size="sm">
              {text}
            </Text>
          ))}
        </Alert>
      )}
      <Facts
        facts={[
          ["Now", worker.live && sentence(loadInWords(worker))],
          ["Runs", worker.live && worker.runs.length > 0 && <Running key="runs" runs={worker.runs} />],
          [
            "Queues",
            worker.queues.length > 0 && (
              <Group key="queues" gap={6}>
                {worker.queues.map((queue) => (
                  <Badge key={queue} variant="default" tt="none" fw={500}>
                    {queue}
                  </Badge>
                ))}
              </Group>
            ),
          ],
          ["Pool", worker.plugin && `${worker.pool} × ${worker.concurrency}`],
          [
            "It cannot",
            worker.cannot.length > 0 &&
              worker.cannot.map((text) => (
                <Text key={text} size="sm">
                  {text}
                </Text>
              )),
          ],
          ["Since it started", doneInWords(worker)],
          ["Records", recordsInWords(worker)],
          ["Host", `${worker.host}, process ${worker.pid}`],
          ["Started", <Relative key="started" at={worker.started_at} />],
          ["Versions", versionsInWords(worker)],
        ]}
      />
    </Paper>
  );
}

export function WorkersPage() {
  const workers = useWorkers();
  return (
    <>
      <PageHeader title="Workers" description="The queues of the broker, and the Celery workers." />
      <Stack>
        {workers.isPending && <Loading label="workers" />}
        {workers.isError && <ProblemNotice error={workers.error} onRetry={() => workers.refetch()} />}
        {workers.data?.length === 0 && (
          <Empty icon={<IconServer size={26} />} title="No worker with the plug-in runs">
            Put <Code>Punctual(app)</Code> beside your Celery app and run <Code>celery -A yourproject worker</Code>; or
            start <Code>punctual worker</Code> for the tasks that come with Punctual. Of workers without the plug-in,
            only what their events tell is known (<Code>-E</Code>).
          </Empty>
        )}
        <Queues />
        <Stack component="ul" m={0} p={0} gap="sm">
          {workers.data?.map((worker) => (
            <WorkerCard key={worker.name} worker={worker} />
          ))}
        </Stack>
      </Stack>
    </>
  );
}
