"""Time zones by IANA name, and what a wall clock reading means where clocks are changed.

Every zone comes from the `tzdata` package, never from the files of the machine: so all machines agree on fire times.
A gap is a stretch of wall time that never was (clocks put forward); a fold is one that came twice (clocks put back).
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]  # it has data, and two version strings

from punctual.domain.errors import TriggerError

OnGap = Literal["shift", "skip"]
OnFold = Literal["first", "second", "both"]

LONGEST_ZONE_NAME = 100
"""Characters; the longest name in the database has about thirty."""

LONGEST_SHIFT = timedelta(hours=3)
"""Debian cron takes only changes up to this as daylight saving; a longer gap is a change of the calendar."""

TZDATA_VERSION: str = tzdata.IANA_VERSION
"""The release of the time zone database in use, as IANA names it: `2026f`."""

_PACKAGE = files(tzdata)
_NOT_FOR_SCHEDULES = frozenset({"Factory"})
_LONGEST_ABBREVIATION = 4
_SECOND = timedelta(seconds=1)


class _PackagedZone(ZoneInfo):
    """A zone that is copied and pickled by its name, which `ZoneInfo` refuses for one that was read from a file."""

    def __reduce__(self) -> tuple[Callable[[str], ZoneInfo], tuple[str]]:
        return load_zone, (self.key,)


def find_zone(name: str) -> ZoneInfo | None:
    """Return the zone of this IANA name, or None for a name that the database does not have."""
    return _read_zone(name) if name in zone_names() else None


@cache
def _read_zone(name: str) -> ZoneInfo:
    with _PACKAGE.joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return _PackagedZone.from_file(file, key=name)


def load_zone(name: str) -> ZoneInfo:
    """Return the zone of this IANA name; raises TriggerError (field `timezone`) where `find_zone` finds none."""
    zone = find_zone(name)
    if zone is None:
        raise TriggerError(
            message=f'unknown time zone "{name}"', fix=_zone_advice(name), field="timezone", text=name, position=0
        )
    return zone


@cache
def zone_names() -> frozenset[str]:
    """Return the IANA names that a trigger accepts."""
    return frozenset(_PACKAGE.joinpath("zones").read_text("utf-8").split()) - _NOT_FOR_SCHEDULES


def _zone_advice(name: str) -> str:
    by_form = {known.casefold(): known for known in zone_names()}
    wanted = name.strip().replace(" ", "_").casefold()
    by_city = {form.rpartition("/")[2]: known for form, known in sorted(by_form.items(), reverse=True)}
    exactness = 0.75 if len(wanted) > _LONGEST_ABBREVIATION else 1.0  # CEST is like EST, and far from it
    for candidates in (by_form, by_city):
        close = difflib.get_close_matches(wanted, candidates, n=1, cutoff=exactness)
        if close:
            return f'Did you mean "{candidates[close[0]]}"?'
    return 'Use an IANA name such as "Europe/Berlin", "America/New_York" or "UTC".'


@dataclass(frozen=True, slots=True)
class Changeover:
    """One change of a zone's offset: `before` holds up to `instant` (not included), `after` from it on."""

    instant: datetime
    before: timedelta
    after: timedelta

    @property
    def wall_from(self) -> datetime:
        """The first wall time that is missing or comes twice."""
        return self.instant + min(self.before, self.after)

    @property
    def wall_to(self) -> datetime:
        """The first wall time after those that are missing or come twice."""
        return self.instant + max(self.before, self.after)

    @property
    def shiftable(self) -> bool:
        """Whether fire times in this gap may move to its end: not where whole days were left out."""
        return self.after - self.before <= LONGEST_SHIFT


def offset_at(zone: ZoneInfo, wall: datetime) -> timedelta:
    """Return the offset where the zone's clocks show this wall time; its `fold` chooses the reading, as in PEP 495.

    Of a wall time only the numbers count: its own `tzinfo` is ignored, here and below.
    """
    offset = zone.utcoffset(wall)
    if offset is None:  # a ZoneInfo always knows its offset at a datetime
        raise AssertionError(zone, wall)
    return offset


def changeover_around(zone: ZoneInfo, wall: datetime) -> Changeover:
    """Return the changeover that makes this wall time missing or repeated.

    Offsets are whole seconds, and no zone changes twice within the hours at stake, so bisection finds the second.
    """
    wall = wall.replace(tzinfo=UTC, fold=0, microsecond=0)
    before, after = offset_at(zone, wall), offset_at(zone, wall.replace(fold=1))
    start, end = sorted((wall - before, wall - after))
    still_before, already_after = 0, (end - start) // _SECOND
    while already_after - still_before > 1:
        middle = (still_before + already_after) // 2
        if (start + middle * _SECOND).astimezone(zone).utcoffset() == before:
            still_before = middle
        else:
            already_after = middle
    return Changeover(start + already_after * _SECOND, before, after)


def instants_of(zone: ZoneInfo, wall: datetime, on_gap: OnGap, on_fold: OnFold) -> tuple[datetime, ...]:
    """Return the UTC instants, in order, at which something set for this wall time happens: none, one or two.

    Raises OverflowError where UTC has no year for it.
    """
    wall = wall.replace(tzinfo=UTC, fold=0)
    first, second = offset_at(zone, wall), offset_at(zone, wall.replace(fold=1))
    if first < second:
        changeover = changeover_around(zone, wall)
        return (changeover.instant,) if on_gap == "shift" and changeover.shiftable else ()
    earlier, later = wall - first, wall - second
    if first == second or on_fold == "first":
        return (earlier,)
    return (later,) if on_fold == "second" else (earlier, later)
