import { Group, Progress, Text } from "@mantine/core";
import type { Run } from "../api/types";
import { isOpen, progressInWords, progressShare } from "../words/runs";
import { Relative } from "./time";

/** How far the task says that it is. */
export function RunProgress({ run, progress }: { run: Run; progress: NonNullable<Run["progress"]> }) {
  const share = progressShare(progress);
  const words = progressInWords(progress);
  return (
    <>
      {share !== null && (
        <Progress.Root size="lg" radius="sm" mb={6}>
          <Progress.Section
            value={share * 100}
            animated={run.state === "running"}
            color={run.state === "failed" || run.state === "lost" ? "red" : undefined}
            aria-label="Progress"
            aria-valuetext={words}
          />
        </Progress.Root>
      )}
      <Group justify="space-between" gap="sm">
        <Text size="sm" className="tabular">
          {words}
        </Text>
        {isOpen(run) && (
          <Text size="sm" c="dimmed">
            <Relative at={progress.at} />
          </Text>
        )}
      </Group>
      {progress.note && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {progress.note}
        </Text>
      )}
    </>
  );
}
