import { Paper, Skeleton, Text, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo } from "react";
import { asProblem } from "../../api/problem";
import { usePreview } from "../../api/queries";
import { type Draft, readTiming } from "../../form/draft";
import { placeFaults } from "../../form/faults";
import { kindOfText } from "../../form/trigger";
import { FireTimes } from "../fire-times";
import { ProblemNotice } from "../notices";

/** The preview of what is typed, a moment after typing stops; a refusal becomes a message at its field. */
export function useTimingPreview({ trigger, bounds }: Draft, schedule: string | null) {
  const timing = useMemo(() => readTiming({ trigger, bounds }), [trigger, bounds]);
  const [settled] = useDebouncedValue(timing, 250);
  const preview = usePreview(settled, schedule);
  const problem = preview.error === null ? null : asProblem(preview.error);
  const refused = problem?.status === 422;
  const placed = placeFaults(refused ? problem.faults : [], null);
  return {
    input: settled.trigger,
    guessed: settled.jitter > 0 && schedule === null,
    preview,
    faults: placed.fields,
    mark: placed.marks["trigger"] ?? null,
    broken: refused ? null : problem,
  };
}

type PanelProps = { state: ReturnType<typeof useTimingPreview> };

export function PreviewPanel({ state: { input, guessed, preview, faults, broken } }: PanelProps) {
  const refused = Object.values(faults).length > 0;
  return (
    <Paper withBorder className="card" p="md" component="section" aria-label="Preview" aria-live="polite">
      <Title order={2}>It would fire</Title>
      <div style={{ marginTop: 8, minHeight: 190 }}>
        {input === "" && (
          <Text size="sm" c="dimmed">
            Say when, and the next five fire times appear here while you type.
          </Text>
        )}
        {refused && input !== "" && (
          <Text size="sm" c="red">
            {Object.values(faults).join(" ")}
          </Text>
        )}
        {broken && <ProblemNotice error={broken} />}
        {input !== "" && preview.isPending && <Skeleton height={170} />}
        {input !== "" && preview.data && !preview.isError && (
          <>
            <Text size="sm" mb="xs">
              {preview.data.words}
            </Text>
            <FireTimes preview={preview.data} clockless={kindOfText(input) === "interval"} guessed={guessed} />
          </>
        )}
      </div>
    </Paper>
  );
}
