"""The day fields of a cron expression: which days of a month they match.

Days are bits of an int (bit 1 is the first of the month), weekdays are numbers from Sunday = 0. A month is told by the
weekday of its first day and its length: there are 28 such shapes, and a rule gives the same days for the same shape.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal

DayMatch = Literal["or", "and"]

WEEK = 7
_LONGEST_MONTH = 31
_SATURDAY = 6
_EVERY_WEEKDAY = (1 << WEEK) - 1

ALL_DAYS = tuple((2 << length) - 2 for length in range(_LONGEST_MONTH + 1))
"""By length of the month, the bits of all its days."""

_EACH_WEEK = sum(1 << day for day in range(1, _LONGEST_MONTH + 1, WEEK))
"""The bits of the days that are whole weeks after the first; it repeats a week's bits when it is multiplied by them."""

_MONTH_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY = 2


@lru_cache(maxsize=4096)
def month_shape(year: int, month: int) -> tuple[int, int]:
    """Return the weekday of the first day of the month (Sunday = 0) and the number of its days."""
    length = _MONTH_LENGTHS[month]
    if month == _FEBRUARY and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        length += 1
    return date(year, month, 1).isoweekday() % WEEK, length


def days_of_week(weekdays: int, first_weekday: int) -> int:
    """Return the bits of the days that fall on these weekdays (bits); bits past the month's end may be set."""
    from_the_first = (weekdays >> first_weekday | weekdays << WEEK - first_weekday) & _EVERY_WEEKDAY
    return from_the_first * _EACH_WEEK


@dataclass(frozen=True, slots=True)
class LastDay:
    """`L`, `L-3`: so many days before the last day of the month."""

    back: int

    def days(self, first_weekday: int, length: int) -> int:
        """Return the bit of the day, or none in a month too short for it."""
        del first_weekday
        return 1 << (length - self.back) if self.back < length else 0


@dataclass(frozen=True, slots=True)
class NearestWorkday:
    """`15W`, `LW`: the day from Monday to Friday nearest to the given one (None: the last), within the month."""

    day: int | None

    def days(self, first_weekday: int, length: int) -> int:
        """Return the bit of the day, or none in a month that has no such day."""
        day = self.day or length
        if day > length:
            return 0
        weekday = (first_weekday + day - 1) % WEEK
        if weekday == _SATURDAY:
            day += -1 if day > 1 else 2
        elif weekday == 0:
            day += 1 if day < length else -2
        return 1 << day


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """`5#2`: the second Friday of the month."""

    weekday: int
    nth: int

    def days(self, first_weekday: int, length: int) -> int:
        """Return the bit of the day, or none in a month with fewer of them."""
        day = 1 + (self.weekday - first_weekday) % WEEK + (self.nth - 1) * WEEK
        return 1 << day if day <= length else 0


@dataclass(frozen=True, slots=True)
class LastWeekday:
    """`5L`: the last Friday of the month."""

    weekday: int

    def days(self, first_weekday: int, length: int) -> int:
        """Return the bit of the day."""
        return 1 << (days_of_week(1 << self.weekday, first_weekday) & ALL_DAYS[length]).bit_length() - 1


SpecialDay = LastDay | NearestWorkday | NthWeekday | LastWeekday


@dataclass(slots=True)
class DayRule:
    """The two day fields taken together.

    A field that starts with `*` (or is `?`) is a star. When neither is one and `day_match` is `or`, a day that matches
    either field counts (POSIX, Vixie cron); otherwise both must match.
    """

    days_of_month: int
    weekdays: int
    special_days: tuple[SpecialDay, ...]
    special_weekdays: tuple[SpecialDay, ...]
    either: bool
    _known: dict[tuple[int, int], int] = field(default_factory=dict, init=False, compare=False, repr=False)

    def days(self, year: int, month: int) -> int:
        """Return the bits of the matching days of this month."""
        shape = month_shape(year, month)
        days = self._known.get(shape)
        if days is None:
            days = self._known[shape] = self._days_of_shape(*shape)
        return days

    def _days_of_shape(self, first_weekday: int, length: int) -> int:
        by_month = self.days_of_month
        for special in self.special_days:
            by_month |= special.days(first_weekday, length)
        by_week = days_of_week(self.weekdays, first_weekday)
        for special in self.special_weekdays:
            by_week |= special.days(first_weekday, length)
        return (by_month | by_week if self.either else by_month & by_week) & ALL_DAYS[length]
