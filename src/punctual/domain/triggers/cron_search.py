"""The nearest wall time that a cron rule matches, in either direction; no time zones here.

A wall time is six numbers, from the year to the second. Sets of numbers are bits of an int: `bits >> n` leaves those
from n on, `x & -x` the lowest of them, and `bit_length` tells the highest.
"""

from datetime import datetime

from punctual.domain.triggers.cron_expression import LARGEST_YEAR, CronRule

Wall = tuple[int, int, int, int, int, int]

_MOST_YEARS = 400
"""The calendar repeats after it: a rule without a match in so many years of its own has none."""


def wall_of(moment: datetime) -> Wall:
    """Return the wall time that a datetime shows, without its fraction of a second."""
    return moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second


def at_or_after(rule: CronRule, wall: Wall) -> Wall | None:
    """Return the first match at or after the wall time; None when there is none up to year 9999.

    The second may be 60, to search strictly after second 59.
    """
    year, month, day, hour, minute, second = wall
    if (
        rule.months >> month & 1
        and (rule.years is None or rule.years >> year & 1)
        and rule.days.days(year, month) >> day & 1
    ):
        if rule.hours >> hour & 1:
            if rule.minutes >> minute & 1 and (later := rule.seconds >> second):
                return year, month, day, hour, minute, second + _lowest(later)
            minute += 1
            if later := rule.minutes >> minute:
                return year, month, day, hour, minute + _lowest(later), _lowest(rule.seconds)
        hour += 1
        if later := rule.hours >> hour:
            return year, month, day, hour + _lowest(later), _lowest(rule.minutes), _lowest(rule.seconds)
    date = _date_from(rule, year, month, day + 1)
    return date and (*date, _lowest(rule.hours), _lowest(rule.minutes), _lowest(rule.seconds))


def at_or_before(rule: CronRule, wall: Wall) -> Wall | None:
    """Return the last match at or before the wall time; None when there is none back to year 1.

    The second may be -1, to search strictly before second 0.
    """
    year, month, day, hour, minute, second = wall
    if (
        rule.months >> month & 1
        and (rule.years is None or rule.years >> year & 1)
        and rule.days.days(year, month) >> day & 1
    ):
        if rule.hours >> hour & 1:
            if rule.minutes >> minute & 1 and (earlier := _up_to(rule.seconds, second)):
                return year, month, day, hour, minute, _highest(earlier)
            if earlier := _up_to(rule.minutes, minute - 1):
                return year, month, day, hour, _highest(earlier), _highest(rule.seconds)
        if earlier := _up_to(rule.hours, hour - 1):
            return year, month, day, _highest(earlier), _highest(rule.minutes), _highest(rule.seconds)
    date = _date_back_from(rule, year, month, day - 1)
    return date and (*date, _highest(rule.hours), _highest(rule.minutes), _highest(rule.seconds))


def _date_from(rule: CronRule, year: int, month: int, day: int) -> tuple[int, int, int] | None:
    """Return the first matching date at or after this one; `day` may be one past the month's end."""
    examined = 0
    while year <= LARGEST_YEAR and examined <= _MOST_YEARS:
        if rule.years is None or rule.years >> year & 1:
            while months := rule.months >> month:
                skipped = _lowest(months)
                if skipped:
                    month, day = month + skipped, 1
                if days := rule.days.days(year, month) >> day:
                    return year, month, day + _lowest(days)
                month, day = month + 1, 1
            year += 1
        else:
            later = rule.years >> year
            if not later:
                return None
            year += _lowest(later)
        month, day = 1, 1
        examined += 1
    return None


def _date_back_from(rule: CronRule, year: int, month: int, day: int) -> tuple[int, int, int] | None:
    """Return the last matching date at or before this one; `day` may be zero."""
    examined = 0
    while year >= 1 and examined <= _MOST_YEARS:
        if rule.years is None or rule.years >> year & 1:
            while months := _up_to(rule.months, month):
                latest = _highest(months)
                if latest != month:
                    month, day = latest, 31
                if days := _up_to(rule.days.days(year, month), day):
                    return year, month, _highest(days)
                month, day = month - 1, 31
            year -= 1
        else:
            earlier = _up_to(rule.years, year)
            if not earlier:
                return None
            year = _highest(earlier)
        month, day = 12, 31
        examined += 1
    return None


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _highest(bits: int) -> int:
    return bits.bit_length() - 1


def _up_to(bits: int, number: int) -> int:
    return bits & ((2 << number) - 1) if number >= 0 else 0
