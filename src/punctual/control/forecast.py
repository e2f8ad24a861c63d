"""What all active schedules will send in a window, minute by minute."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import MAXYEAR, datetime, timedelta
from uuid import UUID

from pydantic import ValidationError

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.clock import Clock
from punctual.domain.errors import Fault, InvalidInputError
from punctual.domain.forecast import Forecast, Forecaster, Limits, Upcoming
from punctual.domain.forecast_pattern import Window
from punctual.domain.schedule import ScheduleSpec, ScheduleState
from punctual.domain.stored_spec import read_stored
from punctual.domain.triggers.base import as_utc
from punctual.store import calendars, schedule_lists, schedules
from punctual.store.database import Database
from punctual.store.schedule_lists import ActiveSchedule

PAGE = 1000
"""Schedules read in one transaction."""

_FIRST_YEAR = 1970


@dataclass(frozen=True, slots=True)
class SystemForecast:
    """The forecast of the active schedules, and how many were left out: the paused, and those with an error."""

    forecast: Forecast
    paused: int
    errors: int


class Forecasts:
    """Forecasts of what is stored; nothing is changed."""

    def __init__(self, database: Database, clock: Clock, *, limits: Limits | None = None) -> None:
        """Read schedules and calendars from this database, by this time."""
        self._database = database
        self._clock = clock
        self._limits = limits

    def forecast(
        self, *, start: datetime | None, length: timedelta, jitter: timedelta, query: str | None
    ) -> SystemForecast:
        """Return the runs to come from `start` (its minute; without one, now) for so many whole minutes.

        `query` is looked for in names and tasks. Fire times that were decided on before are not among them. Raises
        InvalidInputError for a start beyond the calendar.
        """
        now = self._clock.now()
        first_minute = _minute_of(start or now)
        window = Window(first_minute, first_minute + length)
        forecaster = Forecaster(window, now=now, jitter=jitter, limits=self._limits)
        with self._database.read() as tx:
            paused = schedule_lists.count_in_state(tx, ScheduleState.PAUSED, query=query)
            errors = schedule_lists.count_in_state(tx, ScheduleState.ERROR, query=query)
        for page in self._pages(query):
            for upcoming in page:
                if upcoming is None:
                    forecaster.leave_out()
                else:
                    forecaster.add(upcoming)
        found = forecaster.result()
        return SystemForecast(found, paused, errors + found.as_is.errors)

    def _pages(self, query: str | None) -> Iterator[list[Upcoming | None]]:
        """Yield the active schedules, each page from a transaction of its own; None for what cannot be read."""
        after: UUID | None = None
        while True:
            with self._database.read() as tx:
                page = schedule_lists.list_active(tx, query=query, after=after, limit=PAGE)
                read = [(schedule, _spec(schedule)) for schedule in page]
                known = calendars.load(tx, {name for _, spec in read if spec for name in spec.calendars.names})
            yield [None if spec is None else _upcoming(schedule, spec, known) for schedule, spec in read]
            if len(page) < PAGE:
                return
            after = page[-1].id


def _minute_of(start: datetime) -> datetime:
    utc = as_utc(start)
    if utc is None or not _FIRST_YEAR <= utc.year < MAXYEAR:
        message = f"must be from the year {_FIRST_YEAR} on, and before {MAXYEAR}"
        raise InvalidInputError([Fault("start", "out_of_range", message, "Leave it out, to start now.")])
    return utc.replace(second=0, microsecond=0)


def _spec(schedule: ActiveSchedule) -> ScheduleSpec | None:
    try:
        return read_stored(schedule.document)
    except ValidationError:
        return None


def _upcoming(schedule: ActiveSchedule, spec: ScheduleSpec, known: Mapping[str, Calendar]) -> Upcoming | None:
    left = None if spec.max_runs is None else max(spec.max_runs - schedule.run_count, 0)
    try:
        timetable = replace(spec.timetable(str(schedule.id), known), skips=schedules.read_skips(schedule.skips))
    except (LookupError, ValidationError):  # a calendar is gone
        return None
    return Upcoming(schedule.name, spec, timetable, schedule.next_fire_time, left)
