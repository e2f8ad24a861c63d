import { IconBriefcase, IconConfetti, IconFileImport, IconPencil } from "@tabler/icons-react";
import type { Start } from "../../form/calendar";

/** What a new calendar may begin with. */
export const STARTS: { start: Start; label: string }[] = [
  { start: "holidays", label: "Public holidays" },
  { start: "hours", label: "Office hours" },
  { start: "import", label: "Import .ics" },
  { start: "blank", label: "Own rules" },
];

const ICONS = { holidays: IconConfetti, hours: IconBriefcase, import: IconFileImport, blank: IconPencil };

export function StartIcon({ start }: { start: Start }) {
  const Icon = ICONS[start];
  return <Icon size={16} aria-hidden />;
}
