"""When a stored schedule fires, with its calendars as they are now."""

import difflib
from collections.abc import Mapping
from datetime import datetime

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.errors import Fault, NotFoundError
from punctual.domain.schedule import Schedule
from punctual.domain.timetable import Timetable
from punctual.domain.timing import Timing
from punctual.store import calendars
from punctual.store.database import Transaction


def timetable_of(tx: Transaction, schedule: Schedule) -> Timetable:
    """Return when a schedule fires, with its calendars as they are; raises NotFoundError for one that is gone."""
    names = schedule.spec.calendars.names
    known = calendars.load(tx, names)
    for name in names:
        if name not in known:
            message = f"The calendar {name!r} of the schedule {schedule.spec.name!r} is gone."
            raise NotFoundError(message, fix="Make a calendar of that name, or change the schedule.")
    return schedule.spec.timetable(str(schedule.id), known)


def no_schedule(ref: str) -> NotFoundError:
    """Return the error for a reference that leads to no schedule."""
    return NotFoundError(f"There is no schedule {ref!r}.", fix="List the schedules to see their names and ids.")


def waiting(tx: Transaction, schedule: Schedule, now: datetime) -> Schedule:
    """Return the schedule at its first fire time after now."""
    status = schedule.status.waiting(schedule.spec, timetable_of(tx, schedule), now)
    return schedule.model_copy(update={"status": status})


def calendar_faults(tx: Transaction, timing: Timing, known: Mapping[str, Calendar]) -> list[Fault]:
    """Return a fault for each calendar that a timing names and that is not among the known ones."""
    faults = []
    for field, names in (("blackout", timing.calendars.blackout), ("allowed", timing.calendars.allowed)):
        for number, name in enumerate(names):
            if name not in known:
                close = difflib.get_close_matches(name, calendars.names(tx), n=1)
                fix = f"Did you mean {close[0]!r}?" if close else "Make the calendar first, or leave it out."
                path = f"calendars.{field}[{number}]"
                faults.append(Fault(path, "unknown_calendar", f"there is no calendar named {name!r}", fix))
    return faults
