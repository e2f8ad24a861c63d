import { Anchor, Box, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";

type HeaderProps = {
  title: string;
  /** Stands beside the title: a badge. */
  beside?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  parent?: { label: string; href: string };
};

export function PageHeader({ title, beside, description, actions, parent }: HeaderProps) {
  useDocumentTitle(`${title} · Punctual`);
  return (
    <Box mb="lg">
      {parent && (
        <Anchor component={Link} href={parent.href} size="sm" c="dimmed" className="back">
          <IconArrowLeft size={15} aria-hidden />
          {parent.label}
        </Anchor>
      )}
      <Group justify="space-between" align="flex-start" gap="md">
        <Box miw={0} flex="1 1 260px">
          <Group gap="sm" wrap="nowrap">
            <Title order={1} style={{ overflowWrap: "anywhere" }}>
              {title}
            </Title>
            {beside}
          </Group>
          {description && (
            <Text c="dimmed" mt={4} component="div" style={{ whiteSpace: "pre-line" }}>
              {description}
            </Text>
          )}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
    </Box>
  );
}

type SectionProps = { title?: string; aside?: ReactNode; children: ReactNode; flush?: boolean; label?: string };

/** A card with an optional heading; `flush` lets a table reach its edges. */
export function Section({ title, aside, children, flush = false, label }: SectionProps) {
  return (
    <Paper withBorder component="section" aria-label={title ?? label} className="card">
      {title && (
        <Group justify="space-between" px="md" pt="sm" pb={flush ? "xs" : 0} wrap="nowrap">
          <Title order={2}>{title}</Title>
          {aside}
        </Group>
      )}
      <Box p={flush ? 0 : "md"} pt={flush || !title ? undefined : "xs"}>
        {children}
      </Box>
    </Paper>
  );
}

/** Names and values, one pair a line. Pairs with nothing to say are left out. */
export function Facts({ facts }: { facts: [label: string, value: ReactNode][] }) {
  return (
    <Stack component="dl" gap={10} m={0}>
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "")
        .map(([label, value]) => (
          <div key={label} className="fact">
            <Text component="dt" size="sm" c="dimmed">
              {label}
            </Text>
            <Text component="dd" size="sm" m={0} miw={0} style={{ overflowWrap: "anywhere" }}>
              {value}
            </Text>
          </div>
        ))}
    </Stack>
  );
}
