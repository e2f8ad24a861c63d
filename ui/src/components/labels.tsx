import { Badge, Group } from "@mantine/core";
import { Link } from "wouter";
import { type Labels, labelTexts } from "../form/labels";

/** The labels of a schedule; each leads to all schedules that have it. */
export function LabelChips({ labels }: { labels: Labels }) {
  return (
    <Group component="span" gap={6}>
      {labelTexts(labels).map((text) => (
        <Badge
          key={text}
          component={Link}
          href={`/schedules?label=${encodeURIComponent(text)}`}
          variant="default"
          tt="none"
          fw={500}
          style={{ cursor: "pointer" }}
        >
          {text}
        </Badge>
      ))}
    </Group>
  );
}
