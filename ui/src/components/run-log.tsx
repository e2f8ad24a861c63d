import { Badge, Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useRunLog } from "../api/run-log";
import type { LogLine, Run } from "../api/types";
import { isOpen } from "../words/runs";
import { fullTime } from "../words/time";
import { Section } from "./layout";
import { ProblemNotice } from "./notices";

const COLORS: Record<LogLine["level"], string> = {
  debug: "gray",
  info: "blue",
  warning: "yellow",
  error: "red",
  critical: "red",
};

const CLOCK: Intl.DateTimeFormatOptions = {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
};

const clock = (at: string): string => new Date(at).toLocaleTimeString("en-GB", CLOCK);

function Line({ line, attempts }: { line: LogLine; attempts: boolean }) {
  return (
    <div className="log-line">
      <time dateTime={line.at} title={fullTime(line.at)}>
        {clock(line.at)}
      </time>
      <Badge size="xs" radius="sm" variant="light" color={COLORS[line.level]} tt="none" miw={58}>
        {line.level}
      </Badge>
      {attempts && <span className="log-attempt">attempt {line.attempt}</span>}
      <span className="log-text">{line.text}</span>
    </div>
  );
}

/** The lines that the task keeps with its run, as they come; while the end is in sight, it stays there. */
export function RunLog({ run }: { run: Run }) {
  const log = useRunLog(run);
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  const lines = log.data?.items ?? [];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the number of lines is what moves the end
  useEffect(() => {
    if (box.current && atEnd.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [lines.length]);
  if (log.isError) {
    return (
      <Section title="Log">
        <ProblemNotice error={log.error} onRetry={() => log.refetch()} />
      </Section>
    );
  }
  if (log.data === undefined || run.started_at === null) {
    return null;
  }
  if (lines.length === 0) {
    return (
      <Section title="Log">
        <Text size="sm" c="dimmed">
          {isOpen(run) ? "Nothing yet." : "Nothing."} A task keeps lines here with{" "}
          <span className="mono">punctual.current_run().log(…)</span>.
        </Text>
      </Section>
    );
  }
  const attempts = lines.some(({ attempt }) => attempt > 1);
  return (
    <Section title="Log" aside={isOpen(run) && <Badge variant="dot">live</Badge>}>
      {/* biome-ignore-start lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
      <section
        ref={box}
        className="block log"
        tabIndex={0}
        aria-label="Lines of the log"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
        }}
      >
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
          <Line key={index} line={line} attempts={attempts} />
        ))}
      </section>
      {/* biome-ignore-end lint/a11y/noNoninteractiveTabindex: see above */}
    </Section>
  );
}
