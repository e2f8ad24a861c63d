"""When a stored schedule fires, with its calendars as they are now."""

from dataclasses import replace

from punctual.domain.errors import NotFoundError
from punctual.domain.schedule import Schedule
from punctual.domain.timetable import Timetable
from punctual.store import calendars
from punctual.store.database import Transaction


def timetable_of(tx: Transaction, schedule: Schedule) -> Timetable:
    """Return when a schedule fires, with its calendars as they are and its skips; NotFoundError for a calendar gone."""
    names = schedule.spec.calendars.names
    known = calendars.load(tx, names)
    for name in names:
        if name not in known:
            message = f"The calendar {name!r} of the schedule {schedule.spec.name!r} is gone."
            raise NotFoundError(message, fix="Make a calendar of that name, or change the schedule.")
    return replace(schedule.spec.timetable(str(schedule.id), known), skips=schedule.status.skips)
