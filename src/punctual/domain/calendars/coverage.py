"""Which instants the rules of a calendar cover, looked up by the days of UTC.

For each day asked about, the stretches that touch it are gathered once. What is kept of them is bounded.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple, TypeVar, assert_never
from zoneinfo import ZoneInfo

from punctual.domain.calendars.public_holidays import PublicHolidays
from punctual.domain.calendars.rule_days import Dates, Yearly
from punctual.domain.calendars.rule_hours import Range, Weekly
from punctual.domain.calendars.rule_recurring import Recurring
from punctual.domain.calendars.rules import Rule
from punctual.domain.calendars.stretch import EARLIEST, LATEST, Stretch, first_instant, last_instant, whole_days
from punctual.domain.triggers.zone import load_zone

SEARCH_DAYS = 1827
"""Days that a search looks ahead: five years."""

MOST_WORK = 10_000
"""Stretches that a search looks at, about; calendars with hundreds of them a day are searched less far."""

_FIRST_DAY, _LAST_DAY = 4, date.max.toordinal() - 4
"""Days nearer to the ends of time are taken to have no stretches, so that no neighbour of a day is missing."""

_MOST_KEPT = 20_000
_MOST_LOCAL_DAYS = 8
_WORK_OF_AN_OCCURRENCE = 5
_A_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)

_Key = TypeVar("_Key")


class CoveredDay(NamedTuple):
    """What touches one day of UTC: the stretches in the order of their rules, and the time they cover, joined.

    `work` is what it takes to gather it, in stretches.
    """

    covered: tuple[tuple[datetime, datetime], ...]
    stretches: tuple[Stretch, ...]
    work: int

    def covers(self, instant: datetime) -> bool:
        """Whether a stretch holds this instant of the day."""
        return any(start <= instant < end for start, end in self.covered)


class _Placed(NamedTuple):
    """A stretch, and the number of its rule in the calendar."""

    number: int
    stretch: Stretch


def day_of(ordinal: int) -> tuple[datetime, datetime]:
    """Return the start and the end of the day of UTC with this ordinal."""
    start = datetime.fromordinal(ordinal).replace(tzinfo=UTC)
    return start, LATEST if ordinal == date.max.toordinal() else start + _A_DAY


def searched_days(ordinal: int) -> range:
    """Return the ordinals of the day with this ordinal and of those after it that a search may look at."""
    return range(max(ordinal, _FIRST_DAY), min(ordinal + SEARCH_DAYS, _LAST_DAY) + 1)


class Coverage:
    """The rules of a calendar in its zone, ready to be asked about a day."""

    def __init__(self, zone: ZoneInfo, rules: Sequence[Rule]) -> None:
        """Sort the rules by how their stretches are found."""
        self._zone = zone
        self._dates: dict[date, tuple[int, str]] = {}
        self._yearly: dict[tuple[int, int], tuple[int, str]] = {}
        self._weekly: tuple[list[tuple[int, Weekly]], ...] = tuple([] for _ in range(7))
        self._holidays: list[tuple[int, PublicHolidays]] = []
        self._recurring: list[_Recurrence] = []
        self._ranges: list[_Placed] = []
        self._days: dict[int, CoveredDay] = {}
        self._kept = 0
        self._local_days: dict[date, tuple[_Placed, ...]] = {}
        for number, rule in enumerate(rules):
            self._take(number, rule)
        self._ranges.sort(key=lambda placed: placed.stretch.start)
        self._ends = list(accumulate((placed.stretch.end for placed in self._ranges), max))

    def _take(self, number: int, rule: Rule) -> None:
        match rule:
            case Dates():
                _keep_first(self._dates, rule.labelled(), number)
            case Yearly():
                _keep_first(self._yearly, rule.labelled(), number)
            case Weekly():
                for weekday in rule.weekdays:
                    self._weekly[weekday].append((number, rule))
            case PublicHolidays():
                self._holidays.append((number, rule))
            case Range():
                self._ranges.append(_Placed(number, rule.placed(self._zone)))
            case Recurring():
                self._recurring.append(_Recurrence(number, rule, self._zone.key))
            case _:
                assert_never(rule)

    def day(self, ordinal: int) -> CoveredDay:
        """Return what touches the day of UTC with this ordinal (`date.toordinal`)."""
        known = self._days.get(ordinal)
        if known is None:
            known = self._gathered(ordinal)
            if self._kept > _MOST_KEPT:
                self._days.clear()
                self._kept = 0
            self._kept += known.work
            self._days[ordinal] = known
        return known

    def _gathered(self, ordinal: int) -> CoveredDay:
        if not _FIRST_DAY <= ordinal <= _LAST_DAY:
            return CoveredDay((), (), 1)
        start, end = day_of(ordinal)
        found = [*self._ranges_between(start, end)]
        local = start.astimezone(self._zone).date() - _A_DAY
        last = end.astimezone(self._zone).date()
        while local <= last:
            found.extend(self._of_date(local))
            local += _A_DAY
        occurrences = [placed for recurrence in self._recurring for placed in recurrence.between(start, end)]
        # A stretch that ends where the day starts is not of the day, but what it joins then did not begin there.
        touching = [
            placed for placed in found + occurrences if placed.stretch.start < end and placed.stretch.end >= start
        ]
        held = sorted((placed for placed in touching if placed.stretch.end > start), key=lambda placed: placed.number)
        return CoveredDay(
            _joined(touching),
            tuple(placed.stretch for placed in held),
            1 + len(held) + _WORK_OF_AN_OCCURRENCE * len(occurrences),
        )

    def _of_date(self, day: date) -> tuple[_Placed, ...]:
        """Return the stretches that begin on this day of the zone's calendar, which touches two or three of UTC."""
        known = self._local_days.get(day)
        if known is None:
            known = tuple(self._beginning_on(day))
            if len(self._local_days) >= _MOST_LOCAL_DAYS:
                self._local_days.clear()
            self._local_days[day] = known
        return known

    def _beginning_on(self, day: date) -> Iterator[_Placed]:
        whole = [self._dates.get(day), self._yearly.get((day.month, day.day))]
        for number, holidays in self._holidays:
            name = holidays.in_year(day.year).get(day)
            whole.append(None if name is None else (number, name))
        if any(whole):
            start, end = whole_days(self._zone, day, day)
            if start < end:
                yield from (_Placed(each[0], Stretch(start, end, each[1])) for each in whole if each)
        for number, weekly in self._weekly[day.weekday()]:
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall time
            first, last = weekly.minutes
            start = first_instant(self._zone, midnight + timedelta(minutes=first))
            end = last_instant(self._zone, midnight + timedelta(minutes=last))
            if start < end:
                yield _Placed(number, Stretch(start, end, weekly.label or "weekly hours"))

    def _ranges_between(self, start: datetime, end: datetime) -> Iterator[_Placed]:
        index = bisect_left(self._ranges, end, key=lambda placed: placed.stretch.start)
        while index and self._ends[index - 1] >= start:
            index -= 1
            yield self._ranges[index]


class _Recurrence:
    """The occurrences of one recurring rule."""

    def __init__(self, number: int, rule: Recurring, timezone: str) -> None:
        self._number = number
        self._rule = rule
        self._trigger = rule.trigger(timezone)
        self._zone = load_zone(self._trigger.timezone)
        self._quiet = (LATEST, EARLIEST)

    def between(self, start: datetime, end: datetime) -> list[_Placed]:
        """Return the occurrences that start before `end` and end at `start` or later.

        All occurrences last equally long, so of those before `start` the last one tells.
        """
        quiet_from, quiet_until = self._quiet  # known from the last time: no occurrence in between
        if quiet_from < start and end <= quiet_until:
            return []
        found, quiet_from, quiet_until = [], EARLIEST, LATEST
        at = self._trigger.previous_before(start) or self._trigger.next_after(start - _TICK)
        while at is not None:
            begun, finished = self._rule.lasting(at, self._zone)
            if begun >= end:
                quiet_until = begun
                break
            quiet_from = max(quiet_from, finished)
            if begun < finished and finished >= start:
                label = self._rule.label or "recurring event"
                found.append(_Placed(self._number, Stretch(begun, finished, label)))
            at = self._trigger.next_after(at)
        self._quiet = (quiet_from, quiet_until)
        return found


def _joined(placed: Sequence[_Placed]) -> tuple[tuple[datetime, datetime], ...]:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted((each.stretch.start, each.stretch.end) for each in placed):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def _keep_first(known: dict[_Key, tuple[int, str]], labelled: Iterable[tuple[_Key, str]], number: int) -> None:
    for key, label in labelled:
        known.setdefault(key, (number, label))
