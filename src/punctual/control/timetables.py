"""Where a stored schedule stands in time, for what people ask of it."""

import difflib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.errors import ConflictError, Fault, NotFoundError
from punctual.domain.schedule import Schedule
from punctual.domain.timing import Timing
from punctual.store import calendars, runs
from punctual.store.database import Transaction
from punctual.store.timetables import timetable_of

_TICK = timedelta(microseconds=1)
_SEARCHED = timedelta(days=5 * 365)
_LATEST = datetime.max.replace(tzinfo=UTC)


def next_run(tx: Transaction, schedule: Schedule) -> datetime:
    """Return the next fire time that would run, past those closed or skipped; raises ConflictError if there is none."""
    status, name = schedule.status, schedule.spec.name
    if status.paused:
        message = f"The schedule {name!r} is paused: it has no next run."
        raise ConflictError(message, fix="Resume it first.")
    first = status.next_fire_time
    found = None
    if first is not None:
        last = first + _SEARCHED if _LATEST - first > _SEARCHED else _LATEST
        found = timetable_of(tx, schedule).next_open(first - _TICK, until=last)
    if found is None:
        message = f"The schedule {name!r} has no further fire time that would run."
        raise ConflictError(message, fix="Preview it to see why.")
    return found


def no_schedule(ref: str) -> NotFoundError:
    """Return the error for a reference that leads to no schedule."""
    return NotFoundError(f"There is no schedule {ref!r}.", fix="List the schedules to see their names and ids.")


def waiting(tx: Transaction, schedule: Schedule, now: datetime) -> Schedule:
    """Return the schedule at its first fire time after now, past those decided on before a clock was set back."""
    since = max(now, runs.last_decided(tx, schedule.id) or now)
    status = schedule.status.waiting(schedule.spec, timetable_of(tx, schedule), since)
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
