import { Text, Tooltip } from "@mantine/core";
import type { Preview } from "../api/types";
import { useNow } from "../words/now";
import { fullTime, shortTime, untilFireTime, viewerZone, wallTime } from "../words/time";

type Props = {
  preview: Preview /** Whether the trigger reads no clock, so that the viewer's own is shown. */;
  clockless: boolean;
};

/** The next fire times: on the trigger's own clock, and how far away; on the viewer's clock on hover and focus. */
export function FireTimes({ preview, clockless }: Props) {
  const now = useNow();
  if (preview.fire_times.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        It gives no further fire time.
      </Text>
    );
  }
  const zone = clockless ? viewerZone() : (preview.fire_times[0]?.timezone ?? "UTC");
  return (
    <>
      <ol className="fire-times">
        {preview.fire_times.map(({ utc, local, notes }) => (
          <li key={utc}>
            <Tooltip label={`${fullTime(utc)} on your clock (${viewerZone()})`} multiline maw={320}>
              <time dateTime={utc} className="tabular">
                {clockless ? shortTime(utc, now) : wallTime(local, now)}
              </time>
            </Tooltip>
            <Text span size="sm" c="dimmed" className="tabular">
              {untilFireTime(utc, now)}
            </Text>
            {notes.map((note) => (
              <Text key={note} size="xs" c="dimmed" className="fire-time-note">
                {note}
              </Text>
            ))}
          </li>
        ))}
      </ol>
      <Text size="xs" c="dimmed" mt={6}>
        {zone} time
        {zone !== viewerZone() && `; yours is ${viewerZone()}`}
      </Text>
    </>
  );
}
