import { Button, Center, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";

type Column = { label: string; hidden?: boolean; visibleFrom?: "xs" | "sm" | "md" | "lg"; width?: number | string };

/** A table of rows that lead somewhere; on a phone, columns marked with `visibleFrom` give way. */
export function Rows({ label, columns, children }: { label: string; columns: Column[]; children: ReactNode }) {
  return (
    <Table className="rows" verticalSpacing="sm" horizontalSpacing="md" aria-label={label}>
      <Table.Thead>
        <Table.Tr>
          {columns.map((column) => (
            <Table.Th key={column.label} visibleFrom={column.visibleFrom} w={column.width}>
              {column.hidden ? <span className="only-heard">{column.label}</span> : column.label}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>{children}</Table.Tbody>
    </Table>
  );
}

type MoreProps = { query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown } };

export function LoadMore({ query }: MoreProps) {
  if (!query.hasNextPage) {
    return null;
  }
  return (
    <Center p="md">
      <Button variant="default" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
        Load more
      </Button>
    </Center>
  );
}

export function Dash() {
  return (
    <Text span c="dimmed" aria-label="none">
      –
    </Text>
  );
}
