"""What people do with calendars: create, import, change, delete, and look at what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from punctual.control.documents import merge_patch
from punctual.control.faults import faults_of
from punctual.domain.calendars.calendar import Calendar
from punctual.domain.calendars.icalendar_import import calendar_from_ics
from punctual.domain.calendars.stretch import Stretch
from punctual.domain.clock import Clock
from punctual.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError, StaleVersionError
from punctual.store import calendars, schedules
from punctual.store.calendars import StoredCalendar
from punctual.store.database import Database, Transaction
from punctual.store.paging import Page
from punctual.store.settle import settle

LONGEST_WINDOW = timedelta(days=400)
"""As much of a calendar is told at once: a year, and a little around it."""

_USERS_TOLD = 5


@dataclass(frozen=True, slots=True)
class Imported:
    """A calendar made of an .ics file, and what of the file was left out."""

    stored: StoredCalendar
    notes: tuple[str, ...]


class Calendars:
    """Every write is one transaction, and holds for the fire times after it.

    NotFoundError, ConflictError and InvalidInputError leave all as it was.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database, by this time."""
        self._database = database
        self._clock = clock

    def create(self, document: Mapping[str, Any], *, actor: str) -> StoredCalendar:
        """Store a new calendar."""
        return self._insert(read_calendar(document), actor)

    def import_ics(
        self, ics: str, *, name: str, timezone: str | None, include_free: bool = False, actor: str
    ) -> Imported:
        """Store a new calendar of the events in an iCalendar file (RFC 5545); those shown as free only when asked."""
        try:
            found = calendar_from_ics(ics, name=name, timezone=timezone, include_free=include_free)
        except ValidationError as error:
            raise InvalidInputError(faults_of(error, Calendar)) from None
        return Imported(self._insert(found.calendar, actor), found.notes)

    def get(self, name: str) -> StoredCalendar:
        """Return a calendar."""
        with self._database.read() as tx:
            found = calendars.get(tx, name)
        if found is None:
            raise _no_calendar(name)
        return found

    def list(self, *, limit: int, cursor: str | None) -> Page[StoredCalendar]:
        """Return calendars by name."""
        with self._database.read() as tx:
            return calendars.list_page(tx, limit=limit, cursor=cursor)

    def change(
        self, name: str, patch: Mapping[str, Any], *, actor: str, expected_version: int | None = None
    ) -> StoredCalendar:
        """Apply a merge patch (RFC 7396) to a calendar; what was due up to now is decided by the calendar as it was."""
        now = self._clock.now()
        with self._database.write() as tx:
            stored = _lock(tx, name, expected_version)
            document = stored.calendar.model_dump(mode="json")
            changed = read_calendar(merge_patch(document, patch))
            if changed.name != name:
                fix = "Make a calendar of the new name, and change the schedules that use this one."
                raise InvalidInputError([Fault("name", "fixed", "cannot be changed: schedules refer to it", fix)])
            if changed.model_dump(mode="json") == document:
                return stored
            self._settle_users(tx, name, now, actor)
            version = stored.version + 1
            stored = replace(stored, calendar=changed, version=version, updated_at=now, updated_by=actor)
            calendars.save(tx, stored)
            tx.changed = True
        return stored

    def delete(self, name: str, *, expected_version: int | None = None) -> None:
        """Remove a calendar that no schedule uses; raises ConflictError, naming some, where schedules use it."""
        with self._database.write() as tx:
            _lock(tx, name, expected_version)
            used_by = calendars.user_names(tx, name, limit=_USERS_TOLD + 1)
            if used_by:
                shown = ", ".join(repr(user) for user in used_by[:_USERS_TOLD])
                more = " and others" if len(used_by) > _USERS_TOLD else ""
                message = f"The calendar {name!r} is used by {shown}{more}."
                raise ConflictError(message, fix="Take it out of these schedules first.")
            calendars.remove(tx, name)

    def _insert(self, calendar: Calendar, actor: str) -> StoredCalendar:
        now = self._clock.now()
        stored = StoredCalendar(calendar, 1, created_at=now, updated_at=now, updated_by=actor)
        with self._database.write() as tx:
            calendars.insert(tx, stored)
        return stored

    def _settle_users(self, tx: Transaction, name: str, now: datetime, actor: str) -> None:
        for schedule_id in calendars.due_users(tx, name, now):
            schedule = schedules.lock(tx, schedule_id)
            if schedule is not None:
                schedules.save(tx, settle(tx, schedule, now), actor=actor)


def read_calendar(document: Mapping[str, Any]) -> Calendar:
    """Return the calendar that a document describes; raises InvalidInputError with every fault."""
    try:
        return Calendar.model_validate(document)
    except ValidationError as error:
        raise InvalidInputError(faults_of(error, Calendar)) from None


def stretches_of(calendar: Calendar, start: datetime, end: datetime) -> list[Stretch]:
    """Return the stretches of a calendar that touch a window, in order; raises InvalidInputError for a bad window."""
    if end <= start:
        raise InvalidInputError([Fault("until", "not_after_from", "must be after from", "Choose a later instant.")])
    if end - start > LONGEST_WINDOW:
        message = f"is more than {LONGEST_WINDOW.days} days after from"
        raise InvalidInputError([Fault("until", "window_too_long", message, "Ask for a shorter window.")])
    days = range(start.toordinal() - 1, end.toordinal() + 2)
    found = {stretch for day in days for stretch in calendar.coverage.day(day).stretches}
    touching = [stretch for stretch in found if stretch.start < end and stretch.end > start]
    return sorted(touching, key=lambda stretch: (stretch.start, stretch.end, stretch.label))


def _lock(tx: Transaction, name: str, expected_version: int | None) -> StoredCalendar:
    stored = calendars.lock(tx, name)
    if stored is None:
        raise _no_calendar(name)
    if expected_version is not None and expected_version != stored.version:
        message = f"The calendar {name!r} is at version {stored.version}, not {expected_version}."
        raise StaleVersionError(message, fix="Read it again, look at what changed, and repeat your change.")
    return stored


def _no_calendar(name: str) -> NotFoundError:
    return NotFoundError(f"There is no calendar {name!r}.", fix="List the calendars to see their names.")
