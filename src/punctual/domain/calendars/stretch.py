"""Stretches of time that people set on the wall clock of a zone, placed on the time line.

A stretch from one wall time to another begins at the first instant at which the clocks show its beginning or a later
time, and lasts as long as they still come to show a time before its end. So a boundary in a gap is the gap's end, a
stretch within a gap is none, and a stretch that begins or ends within a fold covers both its passes; a whole day is
what lies between its midnight and the next, however long and wherever midnight is missing.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from punctual.domain.triggers.zone import changeover_around, offset_at

_TICK = timedelta(microseconds=1)
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time: from `start` up to `end`, which is not included, both in UTC; the label is for people."""

    start: datetime
    end: datetime
    label: str


def first_instant(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the first instant, in UTC, at which the zone's clocks show this wall time or a later one.

    One without a year in UTC becomes the first or the last instant that has one.
    """
    wall = wall.replace(tzinfo=UTC, fold=0)
    offset = offset_at(zone, wall)
    if offset < offset_at(zone, wall.replace(fold=1)):  # a gap
        return changeover_around(zone, wall).instant
    return _taken_off(wall, offset)


def last_instant(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the instant, in UTC, from which on the zone's clocks no longer show a time before this wall time.

    One without a year in UTC becomes the first or the last instant that has one.
    """
    wall = wall.replace(tzinfo=UTC, fold=0)
    if wall == EARLIEST:
        return EARLIEST
    before = wall - _TICK
    offset = offset_at(zone, before.replace(fold=1))
    if offset_at(zone, before) < offset:  # a gap
        return changeover_around(zone, before).instant
    return _taken_off(wall, offset)


def whole_days(zone: ZoneInfo, first: date, last: date) -> tuple[datetime, datetime]:
    """Return the start and the end of the days from `first` to `last`, both included, on the clocks of the zone."""
    start = first_instant(zone, datetime.combine(first, time()))
    end = LATEST if last == date.max else last_instant(zone, datetime.combine(last + _A_DAY, time()))
    return start, end


def _taken_off(wall: datetime, offset: timedelta) -> datetime:
    try:
        return wall - offset
    except OverflowError:
        return EARLIEST if offset > timedelta(0) else LATEST
