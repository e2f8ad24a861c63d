import { ActionIcon, Menu } from "@mantine/core";
import { IconDotsVertical, IconTrash } from "@tabler/icons-react";
import { useLocation } from "wouter";
import { useCreateCalendar, useDeleteCalendar } from "../../api/calendar-mutations";
import type { Calendar } from "../../api/types";
import { checkCalendar, draftOfCalendar } from "../../form/calendar";
import { schedulesInWords } from "../../words/rules";
import { tell, tellProblem } from "../notices";

/** A mutation tells its failure itself. */
const told = () => undefined;

/** Delete leaves to the list and can be undone from there; a calendar in use says so instead. */
export function CalendarMenu({ calendar }: { calendar: Calendar }) {
  const [, navigate] = useLocation();
  const remove = useDeleteCalendar();
  const create = useCreateCalendar();
  const used = calendar.schedule_count > 0;

  // Awaited, not handed to `mutate`: by then the page with this menu is gone, and its callbacks with it.
  const undo = async () => {
    const { document } = checkCalendar(draftOfCalendar(calendar));
    if (document !== null) {
      const restored = await create.mutateAsync(document);
      tell(`${restored.name} is back`);
      navigate(`/calendars/${encodeURIComponent(restored.name)}`);
    }
  };
  const act = async () => {
    await remove.mutateAsync(calendar);
    navigate("/calendars");
    tell(`${calendar.name} was deleted`, { label: "Undo", act: () => undo().catch(tellProblem) });
  };

  return (
    <Menu position="bottom-end" width={280}>
      <Menu.Target>
        <ActionIcon size="lg" variant="default" aria-label={`More for ${calendar.name}`}>
          <IconDotsVertical size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {used && <Menu.Label>{schedulesInWords(calendar.schedule_count)} it; take it out first.</Menu.Label>}
        <Menu.Item leftSection={<IconTrash size={16} />} color="red" disabled={used} onClick={() => act().catch(told)}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
