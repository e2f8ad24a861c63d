import { Collapse, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useId, useState } from "react";

type Props = { title: string; hint: string; faulty: boolean; opened?: boolean; children: ReactNode };

/** A part of a form that is folded away until it is wanted, or until a fault is inside. */
export function Fold({ title, hint, faulty, opened = false, children }: Props) {
  const [open, setOpen] = useState(opened);
  const id = useId();
  const shown = open || faulty;
  return (
    <div>
      <UnstyledButton onClick={() => setOpen(!shown)} aria-expanded={shown} aria-controls={id} className="fold">
        <IconChevronRight size={16} style={{ rotate: shown ? "90deg" : undefined, transition: "rotate 120ms" }} />
        {title}
        <Text span size="sm" c="dimmed" fw={400}>
          {hint}
        </Text>
      </UnstyledButton>
      <Collapse expanded={shown} id={id}>
        {children}
      </Collapse>
    </div>
  );
}
