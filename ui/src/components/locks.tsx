import { Button, Menu, Table, Text } from "@mantine/core";
import { IconLockOpen } from "@tabler/icons-react";
import { useLocks, useReleaseLock } from "../api/locks";
import type { Lock } from "../api/types";
import { Section } from "./layout";
import { LoadMore, Rows } from "./table";
import { Relative } from "./time";

const COLUMNS = [
  { label: "Key" },
  { label: "Function", visibleFrom: "sm" as const },
  { label: "Held by", visibleFrom: "xs" as const },
  { label: "Since" },
  { label: "Actions", hidden: true, width: 110 },
];

function Release({ lock }: { lock: Lock }) {
  const release = useReleaseLock();
  return (
    <Menu position="bottom-end" width={270}>
      <Menu.Target>
        <Button size="compact-sm" variant="default" loading={release.isPending} aria-label={`Release ${lock.key}`}>
          Release
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconLockOpen size={16} />} color="red" onClick={() => release.mutate(lock.id)}>
          Let others take it; its task goes on
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function LockLine({ lock }: { lock: Lock }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
          {lock.key}
        </Text>
        <Text size="sm" c="dimmed">
          {lock.purpose}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm" style={{ overflowWrap: "anywhere" }}>
        {lock.function}
      </Table.Td>
      <Table.Td visibleFrom="xs">
        {lock.worker ?? lock.host}
        <Text size="sm" c="dimmed">
          process {lock.pid}
        </Text>
      </Table.Td>
      <Table.Td>
        <Relative at={lock.acquired_at} />
      </Table.Td>
      <Table.Td>
        <Release lock={lock} />
      </Table.Td>
    </Table.Tr>
  );
}

/** The locks that tasks hold; nothing where none does, for most people use none. */
export function Locks() {
  const locks = useLocks();
  const held = locks.data?.pages.flatMap((page) => page.items) ?? [];
  if (held.length === 0) {
    return null;
  }
  return (
    <Section title="Locks" flush>
      <Rows label="Locks" columns={COLUMNS}>
        {held.map((lock) => (
          <LockLine key={lock.id} lock={lock} />
        ))}
      </Rows>
      <LoadMore query={locks} />
    </Section>
  );
}
