"""How a schedule uses calendars, and what follows: when it is open, and when it is closed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from punctual.domain.calendars.calendar import Calendar, CalendarName
from punctual.domain.calendars.coverage import MOST_WORK, day_of, searched_days
from punctual.domain.calendars.stretch import EARLIEST, LATEST
from punctual.domain.errors import CalendarError
from punctual.domain.triggers.base import as_utc

MOST_CALENDARS = 20
"""Calendars of each sort that one schedule may use."""

_MOST_KEPT = 1000

_Interval = tuple[datetime, datetime]
_Names = Annotated[tuple[CalendarName, ...], Field(max_length=MOST_CALENDARS)]


class WhenClosed(StrEnum):
    """What becomes of a fire time at which the schedule is closed."""

    SKIP = "skip"
    NEXT_OPEN = "next_open"


class CalendarUse(BaseModel):
    """The calendars of a schedule: it is open inside every allowed one and outside every blackout."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    blackout: _Names = Field(
        default=(), description="Names of calendars in which the schedule does not fire.", examples=[["holidays"]]
    )
    allowed: _Names = Field(
        default=(),
        description="Names of calendars of which each must hold an instant for the schedule to fire then.",
        examples=[["office hours"]],
    )
    when_closed: WhenClosed = Field(
        default=WhenClosed.SKIP,
        description=(
            "A fire time at which the schedule is closed: `skip` leaves it out, `next_open` moves it to the instant "
            "at which the schedule opens again."
        ),
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        seen: set[str] = set()
        for field, names in (("blackout", self.blackout), ("allowed", self.allowed)):
            for name in names:
                if name in seen:
                    raise CalendarError(
                        message=f'the calendar "{name}" is named twice', fix="Name it once.", field=field
                    )
                seen.add(name)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all calendars used."""
        return self.blackout + self.allowed


@dataclass(frozen=True, slots=True)
class Closure:
    """That a schedule is closed at an instant.

    `until` is the first instant at which it is open again; None when there is none within five years, or fewer where
    calendars have very many stretches. `reason` is a clause for people.
    """

    until: datetime | None
    reason: str


class OpenTimes:
    """When a schedule with these calendars is open; all instants are aware (TriggerError otherwise)."""

    def __init__(self, blackout: Sequence[Calendar], allowed: Sequence[Calendar]) -> None:
        """Take the calendars that the schedule names."""
        self._blackout = tuple(blackout)
        self._allowed = tuple(allowed)
        self._openings: dict[int, datetime | None] = {}  # by the day that was searched after

    def closure_at(self, instant: datetime) -> Closure | None:
        """Return why the schedule is closed at the instant and until when, or None when it is open."""
        utc = as_utc(instant)
        reason = None if utc is None else self._reason(utc)
        if utc is None or reason is None:
            return None
        ordinal = utc.toordinal()
        until = next((start for start, _ in self._open_on(ordinal) if start > utc), None)
        return Closure(until or self._opening_after(ordinal), reason)

    def closed_since(self, instant: datetime) -> datetime:
        """Return an instant since which a closed schedule has been closed: its closing, or the start of the UTC day."""
        utc = as_utc(instant)
        if utc is None:
            return instant
        ordinal = utc.toordinal()
        ends = [end for _, end in self._open_on(ordinal) if end <= utc]
        return max(ends, default=day_of(ordinal)[0])

    def open_until(self, instant: datetime, limit: datetime) -> datetime:
        """Return up to when the schedule stays open from an instant on at which it is: at most to the limit.

        A schedule that stays open for longer than a search looks ahead is told to be open up to there. At an instant
        at which it is closed, that instant itself is returned.
        """
        utc, last = as_utc(instant), as_utc(limit)
        if utc is None or last is None:
            return limit
        work = 0
        reached = utc
        for ordinal in searched_days(utc.toordinal()):
            if reached >= last or work > MOST_WORK:
                break
            work += self._work_of(ordinal)
            end = next((end for start, end in self._open_on(ordinal) if start <= reached < end), None)
            if end is None:
                break
            reached = end
            if end < day_of(ordinal)[1]:
                break
        return min(reached, last)

    def _reason(self, utc: datetime) -> str | None:
        for calendar in self._blackout:
            stretch = calendar.stretch_at(utc)
            if stretch is not None:
                return f'closed by the calendar "{calendar.name}" ({stretch.label})'
        for calendar in self._allowed:
            if calendar.stretch_at(utc) is None:
                return f'outside the allowed calendar "{calendar.name}"'
        return None

    def _opening_after(self, ordinal: int) -> datetime | None:
        """Return the first instant after the day at which the schedule is open."""
        try:
            return self._openings[ordinal]
        except KeyError:
            opening = self._search_after(ordinal)
        if len(self._openings) >= _MOST_KEPT:
            self._openings.clear()
        self._openings[ordinal] = opening
        return opening

    def _search_after(self, ordinal: int) -> datetime | None:
        work = 0
        for following in searched_days(ordinal)[1:]:
            if work > MOST_WORK:
                return None
            work += self._work_of(following)
            for start, _ in self._open_on(following):
                return start
        return None

    def _work_of(self, ordinal: int) -> int:
        return sum(calendar.coverage.day(ordinal).work for calendar in (*self._blackout, *self._allowed))

    def _open_on(self, ordinal: int) -> list[_Interval]:
        """Return when the schedule is open on a day of UTC, in order."""
        found = [day_of(ordinal)]
        for calendar in self._allowed:
            found = list(_within(found, calendar.coverage.day(ordinal).covered))
        for calendar in self._blackout:
            covered = calendar.coverage.day(ordinal).covered
            if covered:
                found = list(_within(found, _gaps(covered)))
        return found


def _gaps(covered: Sequence[_Interval]) -> list[_Interval]:
    """Return what lies before, between and after intervals that are in order."""
    starts = [EARLIEST, *(end for _, end in covered)]
    ends = [*(start for start, _ in covered), LATEST]
    return list(zip(starts, ends, strict=True))


def _within(some: Sequence[_Interval], others: Sequence[_Interval]) -> Iterable[_Interval]:
    """Yield the parts of the intervals that are also in the others; all are in order."""
    first = second = 0
    while first < len(some) and second < len(others):
        start = max(some[first][0], others[second][0])
        end = min(some[first][1], others[second][1])
        if start < end:
            yield start, end
        if some[first][1] < others[second][1]:
            first += 1
        else:
            second += 1
