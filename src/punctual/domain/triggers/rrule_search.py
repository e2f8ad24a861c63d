"""The nearest wall time that a recurrence rule gives, in either direction; no time zones here.

python-dateutil says which days of one year or one month a rule names. What remains is arithmetic: which periods an
INTERVAL counts, and the times of a day. So no search walks from DTSTART, however far away and however frequent it is.

A moment is a wall time as seconds: the ordinal of its day times 86400, plus the second of the day.
"""

from array import array
from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from itertools import product
from math import gcd
from typing import Any

from dateutil.rrule import MONTHLY as MONTHS
from dateutil.rrule import YEARLY as YEARS
from dateutil.rrule import rrule as expansion
from dateutil.rrule import weekday as weekday_of

from punctual.domain.triggers.cron_search import Wall
from punctual.domain.triggers.rrule_text import Rule

DAY = 86_400
YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY = range(7)

_MOST_YEARS = 9999
"""All of the calendar, for an INTERVAL may meet the other parts of a rule no more than once in a thousand years."""
_MOST_YEARS_OF_UNITS = 100
"""The same for hourly and more frequent rules, whose INTERVAL may hit upon a time of day very seldom."""
_LAST_MOMENT = (date.max.toordinal() + 1) * DAY - 1
_ONLY_ONE_YEAR = 9999
_ONLY_ONE_MONTH = 12 * 9999
"""Intervals that lead python-dateutil past its last year after one period."""


def moment_of(wall: Wall) -> int:
    """Return a wall time, whose second may be 60 or -1, as a moment."""
    year, month, day, hour, minute, second = wall
    return date(year, month, day).toordinal() * DAY + hour * 3600 + minute * 60 + second


def moment_at(wall: datetime) -> int:
    """Return a naive datetime as a moment."""
    return moment_of((wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second))


def wall_at(moment: int) -> Wall:
    """Return the wall time of a moment."""
    ordinal, second = divmod(moment, DAY)
    day = date.fromordinal(ordinal)
    return day.year, day.month, day.day, second // 3600, second // 60 % 60, second % 60


@lru_cache(maxsize=1024)
def search_of(rule: Rule, start: datetime) -> "RuleSearch":
    """Return the search for a rule that starts at this wall time, from a cache of the most used ones."""
    return RuleSearch(rule, start)


def completed(rule: Rule, start: datetime) -> Rule:
    """Return the rule with what it leaves open taken from its start, as the RFC says."""
    taken: dict[str, Any] = {}
    if all(part is None for part in (rule.byweekno, rule.byyearday, rule.bymonthday, rule.byday)):
        if rule.freq == WEEKLY:
            taken["byday"] = ((start.weekday(), 0),)
        elif rule.freq <= MONTHLY:
            taken["bymonthday"] = (start.day,)
        if rule.freq == YEARLY and rule.bymonth is None:
            taken["bymonth"] = (start.month,)
    if rule.freq < HOURLY and rule.byhour is None:
        taken["byhour"] = (start.hour,)
    if rule.freq <= HOURLY and rule.byminute is None:
        taken["byminute"] = (start.minute,)
    if rule.freq <= MINUTELY and rule.bysecond is None:
        taken["bysecond"] = (start.second,)
    return replace(rule, **taken)


class RuleSearch:
    """A rule from its start to its COUNT or its local UNTIL; a UNTIL in UTC is for the caller to heed."""

    def __init__(self, rule: Rule, start: datetime) -> None:
        """Find the end of the rule, if it has one."""
        rule = completed(rule, start)
        self._rule = rule
        self._start = moment_at(start)
        self._start_day = start.date()
        self._last: int | None = None
        self._most_years = _MOST_YEARS if rule.freq < HOURLY else _MOST_YEARS_OF_UNITS
        hours, minutes, seconds = (
            rule.byhour or tuple(range(24)),
            rule.byminute or tuple(range(60)),
            rule.bysecond or tuple(range(60)),
        )
        if rule.freq < HOURLY:
            # Up to 86400 numbers, of a thousand rules in the cache: a tuple would take ten times the memory.
            self._times = array("I", (h * 3600 + m * 60 + s for h, m, s in product(hours, minutes, seconds)))
            self._units: _Units | None = None
        else:
            self._units = _Units(rule, self._start, hours, minutes, seconds)
        if rule.until is not None and not rule.until_in_utc:
            self._last = moment_at(rule.until)
        if rule.count is not None:
            self._last = self._end_of_count(rule.count)

    def _end_of_count(self, count: int) -> int | None:
        if self._units is None and self._rule.bysetpos is None:
            return self._end_of_count_by_years(count)
        found = self.at_or_after(self._start)
        for _ in range(count - 1):
            following = None if found is None else self.at_or_after(found + 1)
            if following is None or (self._units and following - self._start > _MOST_YEARS_OF_UNITS * 366 * DAY):
                break
            found = following
        return found

    def _end_of_count_by_years(self, count: int) -> int | None:
        """Return the moment of this number where every day has the same times; None when the calendar ends before."""
        first, second = divmod(self._start, DAY)
        for year in self._years_from(self._start_day.year):
            days = self._days_of(year)
            if year == self._start_day.year:
                days = days[bisect_left(days, first) :]
                if days and days[0] == first:
                    count += bisect_left(self._times, second)  # those before the start do not count
            if count <= len(days) * len(self._times):
                day, place = divmod(count - 1, len(self._times))
                return days[day] * DAY + self._times[place]
            count -= len(days) * len(self._times)
        return None

    def at_or_after(self, moment: int) -> int | None:
        """Return the first moment of the rule at or after this one, or None."""
        moment = max(moment, self._start)
        end = _LAST_MOMENT if self._last is None else self._last
        if moment > end or (self._units and not self._units.possible):
            return None
        day, second = divmod(moment, DAY)
        for matching in self._days_from(day):
            if self._last is not None and matching * DAY > self._last:
                return None
            found = self._first_of_day(matching, second if matching == day else 0)
            if found is not None:
                result = matching * DAY + found
                return result if self._last is None or result <= self._last else None
        return None

    def at_or_before(self, moment: int) -> int | None:
        """Return the last moment of the rule at or before this one, or None."""
        if self._last is not None:
            moment = min(moment, self._last)
        if moment < self._start or (self._units and not self._units.possible):
            return None
        day, second = divmod(moment, DAY)
        for matching in self._days_back_from(day):
            found = self._last_of_day(matching, second if matching == day else DAY - 1)
            if found is not None:
                result = matching * DAY + found
                return result if result >= self._start else None
        return None

    def _days_from(self, day: int) -> Iterator[int]:
        year = date.fromordinal(day).year
        for number, each in enumerate(self._years_from(year)):
            if number > self._most_years:
                return
            days = self._days_of(each)
            yield from days[bisect_left(days, day) :] if each == year else days

    def _years_from(self, year: int) -> range:
        step = self._rule.interval if self._rule.freq == YEARLY else 1
        return range(year + (self._start_day.year - year) % step, date.max.year + 1, step)

    def _days_back_from(self, day: int) -> Iterator[int]:
        year, first = date.fromordinal(day).year, self._start_day
        step = self._rule.interval if self._rule.freq == YEARLY else 1
        for number, each in enumerate(range(year - (year - first.year) % step, first.year - 1, -step)):
            if number > self._most_years:
                return
            days = self._days_of(each)
            yield from reversed(days[: bisect_right(days, day)] if each == year else days)

    def _days_of(self, year: int) -> tuple[int, ...]:
        return _days_of(self._rule, self._start_day, year)

    def _first_of_day(self, day: int, second: int) -> int | None:
        if self._units:
            return self._units.at_or_after(day, second)
        times = self._times_of(day)
        index = bisect_left(times, second)
        return times[index] if index < len(times) else None

    def _last_of_day(self, day: int, second: int) -> int | None:
        if self._units:
            return self._units.at_or_before(day, second)
        times = self._times_of(day)
        index = bisect_right(times, second)
        return times[index - 1] if index else None

    def _times_of(self, day: int) -> Sequence[int]:
        """Return the seconds of the day at which the rule fires on a day that it names."""
        positions = self._rule.bysetpos
        if positions is None:
            return self._times
        days, times = self._period_of(day), self._times
        size = len(days) * len(times)
        chosen = {position - 1 if position > 0 else size + position for position in positions}
        return tuple(
            times[index % len(times)]
            for index in sorted(chosen)
            if 0 <= index < size and days[index // len(times)] == day
        )

    def _period_of(self, day: int) -> list[int]:
        """Return the days that the rule names in the year, month, week or day that this one is in."""
        if self._rule.freq == DAILY:
            return [day]
        whole = date.fromordinal(day)
        if self._rule.freq == WEEKLY:
            first = day - (whole.weekday() - self._rule.wkst) % 7
            years = {date.fromordinal(min(edge, date.max.toordinal())).year for edge in (first, first + 6)}
            return [each for year in sorted(years) for each in self._days_of(year) if first <= each < first + 7]
        days = self._days_of(whole.year)
        if self._rule.freq == YEARLY:
            return list(days)
        first = day - whole.day + 1
        return [each for each in days if first <= each and date.fromordinal(each).month == whole.month]


class _Units:
    """The hours, minutes or seconds of a day that a rule of such a frequency names, and its moments within each."""

    def __init__(
        self, rule: Rule, start: int, hours: tuple[int, ...], minutes: tuple[int, ...], seconds: tuple[int, ...]
    ) -> None:
        self._length = (3600, 60, 1)[rule.freq - HOURLY]
        self._per_hour = 3600 // self._length
        self._per_minute = max(self._per_hour // 60, 1)
        self._per_day = DAY // self._length
        self._phase, self._interval = start // self._length, rule.interval
        self._hours, self._minutes, self._seconds = (_bits(each) for each in (hours, minutes, seconds))
        within = product(minutes, seconds) if rule.freq == HOURLY else product((0,), seconds)
        offsets = [m * 60 + s for m, s in within] if self._length > 1 else [0]
        if rule.bysetpos is not None:
            size = len(offsets)
            chosen = {position - 1 if position > 0 else size + position for position in rule.bysetpos}
            offsets = [offsets[index] for index in sorted(chosen) if 0 <= index < size]
        self._offsets = offsets
        self.possible = bool(offsets) and self._first(0, 0, gcd(rule.interval, self._per_day)) is not None

    def at_or_after(self, day: int, second: int) -> int | None:
        """Return the first second of the day at or after this one."""
        unit, rest = divmod(second, self._length)
        found = self._first(day, unit, self._interval)
        if found == unit:
            index = bisect_left(self._offsets, rest)
            if index < len(self._offsets):
                return unit * self._length + self._offsets[index]
            found = self._first(day, unit + 1, self._interval)
        return None if found is None else found * self._length + self._offsets[0]

    def at_or_before(self, day: int, second: int) -> int | None:
        """Return the last second of the day at or before this one."""
        unit, rest = divmod(second, self._length)
        found = self._final(day, unit)
        if found == unit:
            index = bisect_right(self._offsets, rest)
            if index:
                return unit * self._length + self._offsets[index - 1]
            found = self._final(day, unit - 1)
        return None if found is None else found * self._length + self._offsets[-1]

    def _first(self, day: int, unit: int, interval: int) -> int | None:
        """Return the first unit of the day, at or after this one, that the interval counts and no part leaves out."""
        base = self._phase - day * self._per_day
        while True:
            unit += (base - unit) % interval
            if unit >= self._per_day:
                return None
            hour, rest = divmod(unit, self._per_hour)
            minute, second = divmod(rest, self._per_minute)
            if skipped := _lowest(self._hours >> hour):
                unit = (hour + skipped) * self._per_hour
            elif self._per_hour > 1 and (skipped := _lowest(self._minutes >> minute)):
                unit = min(unit - second + skipped * self._per_minute, (hour + 1) * self._per_hour)
            elif self._per_minute > 1 and (skipped := _lowest(self._seconds >> second)):
                unit = min(unit + skipped, unit - second + self._per_minute)
            else:
                return unit

    def _final(self, day: int, unit: int) -> int | None:
        """Return the last unit of the day, at or before this one, that the interval counts and no part leaves out."""
        base = self._phase - day * self._per_day
        while True:
            unit -= (unit - base) % self._interval
            if unit < 0:
                return None
            hour, rest = divmod(unit, self._per_hour)
            minute, second = divmod(rest, self._per_minute)
            if not self._hours >> hour & 1:
                unit = (_highest(self._hours & (1 << hour) - 1) + 1) * self._per_hour - 1
            elif self._per_hour > 1 and not self._minutes >> minute & 1:
                earlier = _highest(self._minutes & (1 << minute) - 1) + 1
                unit = hour * self._per_hour + earlier * self._per_minute - 1
            elif self._per_minute > 1 and not self._seconds >> second & 1:
                unit += _highest(self._seconds & (1 << second) - 1) - second
            else:
                return unit


def _bits(numbers: tuple[int, ...]) -> int:
    return sum(1 << number for number in numbers)


def _lowest(bits: int) -> int:
    """Return the place of the lowest bit; more than a day has of anything when there is none."""
    return (bits & -bits).bit_length() - 1 if bits else 60


def _highest(bits: int) -> int:
    return bits.bit_length() - 1


@lru_cache(maxsize=128)
def _days_of(rule: Rule, start: date, year: int) -> tuple[int, ...]:
    """Return the ordinals of the days of a year that a rule names, in the periods that its interval counts."""
    step = rule.interval
    if rule.freq == MONTHLY:
        counted = [m for m in range(1, 13) if ((year - start.year) * 12 + m - start.month) % step == 0]
        months = [m for m in counted if rule.bymonth is None or m in rule.bymonth]
        return tuple(day for month in months for day in days_named(rule, year, month))
    if step > 1 and rule.freq == DAILY:
        first = date(year, 1, 1).toordinal()
        counted_days = range(first + (start.toordinal() - first) % step, first + 365 + isleap(year), step)
        named = set(days_named(rule, year, None)) if counted_days else set()
        return tuple(day for day in counted_days if day in named)
    days = days_named(rule, year, None)
    if step > 1 and rule.freq == WEEKLY:
        first = start.toordinal() - (start.weekday() - rule.wkst) % 7
        return tuple(day for day in days if (day - first) // 7 % step == 0)
    return tuple(days)


def days_named(rule: Rule, year: int, month: int | None) -> list[int]:
    """Return the ordinals of the days that the day parts of a rule name in one year, or in one month of it."""
    first = date(year, 1, 1)
    model = _MODELS[first.weekday(), isleap(year), isleap(year - 1)]
    start = first.toordinal()
    return [start + day for day in _days_by_dateutil(replace(rule, **_WITHOUT_PERIOD), model, month)]


_MODELS = {(date(year, 1, 1).weekday(), isleap(year), isleap(year - 1)): year for year in range(2000, 2028)}
"""A year for each form that a year has; the length of the year before tells the number of its last week."""
_WITHOUT_PERIOD: dict[str, Any] = {"interval": 1} | dict.fromkeys(
    ("count", "until", "bysetpos", "byhour", "byminute", "bysecond")
)


@lru_cache(maxsize=1024)
def _days_by_dateutil(rule: Rule, year: int, month: int | None) -> tuple[int, ...]:
    """Return the days of the year, from 0, that the day parts of a rule name in it or in its month."""
    byday = rule.byday
    if byday is None and rule.byweekno is None and rule.byyearday is None and rule.bymonthday is None:
        byday = tuple((weekday, 0) for weekday in range(7))
    # python-dateutil takes "MO,-1FR" for Mondays that are the last Friday; the RFC means either.
    alternatives = [[day for day in byday or () if bool(day[1]) is numbered] for numbered in (False, True)]
    found: set[int] = set()
    for days in alternatives if byday else [[]]:
        if byday and not days:
            continue
        found.update(
            moment.toordinal()
            for moment in expansion(
                YEARS if month is None else MONTHS,
                dtstart=datetime(year, month or 1, 1),  # noqa: DTZ001 - a wall time
                interval=_ONLY_ONE_YEAR if month is None else _ONLY_ONE_MONTH,
                wkst=rule.wkst,
                bymonth=rule.bymonth,
                bymonthday=rule.bymonthday,
                byyearday=rule.byyearday,
                byweekno=rule.byweekno,
                byweekday=[weekday_of(weekday, number or None) for weekday, number in days] or None,
                byhour=0,
                byminute=0,
                bysecond=0,
            )
        )
    start = date(year, 1, 1).toordinal()
    return tuple(sorted(day - start for day in found))
