import { SimpleGrid, Stack, Textarea, TextInput } from "@mantine/core";
import type { Draft } from "../../form/draft";
import type { MessageDraft } from "../../form/message";

type Props = { draft: Draft; onChange: (draft: Draft) => void; faults: Record<string, string> };
type EntryProps = {
  label: string;
  description: string;
  placeholder?: string;
  value: string;
  onChange: (text: string) => void;
  error: string | undefined;
};

function Entry({ onChange, ...props }: EntryProps) {
  return (
    <TextInput
      {...props}
      inputWrapperOrder={["label", "input", "description", "error"]}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="off"
    />
  );
}

/** How the messages are sent: what is left empty, the task and the app's routing decide. */
export function MessageFields({ draft, onChange, faults }: Props) {
  const { message } = draft;
  const change = (part: Partial<MessageDraft>) => onChange({ ...draft, message: { ...message, ...part } });
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Entry
          label="Queue"
          description="Without one, the app’s own routing decides"
          value={draft.queue}
          onChange={(queue) => onChange({ ...draft, queue })}
          error={faults["queue"]}
        />
        <Entry
          label="Priority"
          description="0 to 255. RabbitMQ: higher goes first. Redis: lower, in steps 0, 3, 6, 9"
          placeholder="by the app"
          value={message.priority}
          onChange={(priority) => change({ priority })}
          error={faults["priority"]}
        />
        <Entry
          label="Exchange"
          description="In place of a queue, with a routing key"
          value={message.exchange}
          onChange={(exchange) => change({ exchange })}
          error={faults["exchange"]}
        />
        <Entry
          label="Routing key"
          description="For the exchange, or for the topic of a queue"
          value={message.routingKey}
          onChange={(routingKey) => change({ routingKey })}
          error={faults["routing_key"]}
        />
        <Entry
          label="Soft time limit"
          description="Celery raises SoftTimeLimitExceeded in the task; pools of threads and solo do not"
          placeholder="none, or such as 50s"
          value={message.softTimeLimit}
          onChange={(softTimeLimit) => change({ softTimeLimit })}
          error={faults["soft_time_limit"]}
        />
        <Entry
          label="Time limit"
          description="Celery kills the process; pools of threads and solo let it run. See also Timeout"
          placeholder="none, or such as 1m"
          value={message.timeLimit}
          onChange={(timeLimit) => change({ timeLimit })}
          error={faults["time_limit"]}
        />
      </SimpleGrid>
      <Textarea
        label="Headers"
        description="A JSON object; the task reads them from self.request"
        placeholder={'{"tenant": "a"}'}
        value={message.headers}
        onChange={(event) => change({ headers: event.currentTarget.value })}
        error={faults["headers"]}
        classNames={{ input: "mono" }}
        autosize
        minRows={1}
        maxRows={8}
        spellCheck={false}
      />
    </Stack>
  );
}
