import { Text, Tooltip, UnstyledButton } from "@mantine/core";
import type { FireTime, Preview } from "../api/types";
import { useNow } from "../words/now";
import { fullTime, untilFireTime, viewerZone, wallTime, wallTimeBeside } from "../words/time";
import { wallOf } from "../words/zones";

type Props = {
  preview: Preview;
  /** Whether the trigger reads no clock, so that the viewer's own is shown. */
  clockless: boolean;
  /** Whether the due times are a guess: the jitter of a schedule is known once it is stored. */
  guessed?: boolean;
  /** Makes each fire time a button. */
  onPick?: (fireTime: string) => void;
};

const A_SECOND = 1000;

/** When the run is sent, if that is noticeably later than the fire time. */
function laterDue({ utc, due_time }: FireTime): string | null {
  return due_time !== null && Date.parse(due_time) - Date.parse(utc) >= A_SECOND ? due_time : null;
}

/** The notes that all fire times that run have in common; they are told once. */
function sharedNotes(times: FireTime[]): string[] {
  const [first, ...others] = times.filter(({ due_time }) => due_time !== null);
  return first && others.length > 0
    ? first.notes.filter((note) => others.every(({ notes }) => notes.includes(note)))
    : [];
}

type LineProps = { time: FireTime; zone: string; shared: string[] } & Pick<Props, "guessed" | "onPick">;

function FireTimeLine({ time, zone, shared, guessed, onPick }: LineProps) {
  const now = useNow();
  const { utc, due_time } = time;
  const notes = time.notes.filter((note) => !shared.includes(note));
  const local = wallOf(utc, zone) ?? time.local;
  const due = guessed ? null : laterDue(time);
  const dueLocal = due && wallOf(due, zone);
  const clock = (
    <time dateTime={utc} className="tabular">
      {wallTime(local, now)}
    </time>
  );
  return (
    <li data-skipped={due_time === null || undefined}>
      <span>
        <Tooltip label={`${fullTime(utc)} on your clock (${viewerZone()})`} multiline maw={320}>
          {onPick ? (
            <UnstyledButton
              className="fire-time-pick"
              onClick={() => onPick(utc)}
              aria-label={`Explain ${wallTime(local, now)}`}
            >
              {clock}
            </UnstyledButton>
          ) : (
            clock
          )}
        </Tooltip>
        {dueLocal && (
          <span className="fire-time-due tabular">
            <span aria-hidden> → </span>
            <span className="only-heard"> sent at </span>
            <time dateTime={due}>{wallTimeBeside(dueLocal, local, now)}</time>
          </span>
        )}
      </span>
      <Text span size="sm" c="dimmed" className="tabular">
        {due_time === null ? "skipped" : untilFireTime(utc, now)}
      </Text>
      {notes.map((note) => (
        <Text key={note} size="xs" c="dimmed" className="fire-time-note">
          {note}
        </Text>
      ))}
    </li>
  );
}

/** The next fire times: on the trigger's own clock, and how far away; on the viewer's clock on hover and focus. */
export function FireTimes({ preview, clockless, guessed = false, onPick }: Props) {
  if (preview.fire_times.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        It gives no further fire time.
      </Text>
    );
  }
  const shared = sharedNotes(preview.fire_times);
  const zone = clockless ? viewerZone() : (preview.fire_times[0]?.timezone ?? "UTC");
  return (
    <>
      <ol className="fire-times">
        {preview.fire_times.map((time) => (
          <FireTimeLine
            key={time.utc}
            time={time}
            zone={zone}
            shared={shared}
            guessed={guessed}
            {...(onPick && { onPick })}
          />
        ))}
      </ol>
      <Text size="xs" c="dimmed" mt={6}>
        {shared.map((note) => `Each: ${note}. `)}
        {zone} time
        {zone !== viewerZone() && `; yours is ${viewerZone()}`}
      </Text>
    </>
  );
}
