import { ActionIcon, Box, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** Text as it is, in a scrolling block that can be copied. */
export function Block({ text, label }: { text: string; label: string }) {
  return (
    <Box pos="relative">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
      <section className="block" tabIndex={0} aria-label={label}>
        {text}
      </section>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : "Copy"}>
            <ActionIcon
              pos="absolute"
              top={6}
              right={6}
              size="sm"
              variant="default"
              onClick={copy}
              aria-label={`Copy ${label.toLowerCase()}`}
            >
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Box>
  );
}

export function JsonBlock({ value, label }: { value: unknown; label: string }) {
  return <Block text={JSON.stringify(value, null, 2)} label={label} />;
}

/** A task's arguments as a call shows them: `"a", keep=3`. */
export function callText(args: unknown[], kwargs: Record<string, unknown>): string {
  return [
    ...args.map((value) => JSON.stringify(value)),
    ...Object.entries(kwargs).map(([name, value]) => `${name}=${JSON.stringify(value)}`),
  ].join(", ");
}
