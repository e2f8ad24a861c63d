"""When a stored schedule fires, with its calendars as they are now."""

from dataclasses import replace
from uuid import UUID

from punctual.domain.errors import NotFoundError
from punctual.domain.schedule import Schedule, ScheduleSpec
from punctual.domain.timetable import Timetable
from punctual.store import calendars
from punctual.store.database import Transaction


def timetable_of(tx: Transaction, schedule: Schedule) -> Timetable:
    """Return when a schedule fires, with its calendars as they are and its skips; NotFoundError for a calendar gone."""
    return replace(timetable_of_spec(tx, schedule.id, schedule.spec), skips=schedule.status.skips)


def timetable_of_spec(tx: Transaction, schedule_id: UUID, spec: ScheduleSpec) -> Timetable:
    """Return when a version of a schedule fires, with its calendars as they are; NotFoundError for a calendar gone."""
    known = calendars.load(tx, spec.calendars.names)
    for name in spec.calendars.names:
        if name not in known:
            message = f"The calendar {name!r} of the schedule {spec.name!r} is gone."
            raise NotFoundError(message, fix="Make a calendar of that name, or change the schedule.")
    return spec.timetable(str(schedule_id), known)
