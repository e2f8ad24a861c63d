"""The days of a cron rule, in words."""

from collections.abc import Sequence
from typing import NamedTuple

from punctual.domain.explain.day_phrases import (
    ALL_MONTHS,
    SHORTEST_MONTHS,
    in_months,
    nth_word,
    of_months,
    one_weekday,
    plural_weekdays,
    weekday_names,
)
from punctual.domain.explain.phrases import WEEKDAYS, items_of, listed, numbers_of, ordinal, runs_of, step_of
from punctual.domain.triggers.cron_days import (
    WEEK,
    DayRule,
    LastDay,
    LastWeekday,
    NearestWorkday,
    NthWeekday,
    SpecialDay,
)
from punctual.domain.triggers.cron_expression import CronRule

_ALL_DAYS = list(range(1, 32))
_FEWEST_IN_RUN = 3
_NOT_ALWAYS_THERE = 5


class DayWords(NamedTuple):
    """The words for the days: before a named time (`every weekday`), after a rhythm (` on weekdays`).

    `leads` tells that the words stand before a named time, and `pause` that a comma parts them; `daily` that the rule
    fires every day of every year.
    """

    before: str
    after: str
    leads: bool
    pause: bool = False
    daily: bool = False


class _Days(NamedTuple):
    """A day field: plain numbers, and the days that depend on the month, each kept once and in order."""

    numbers: list[int]
    special: list[SpecialDay]


def day_words(rule: CronRule) -> DayWords:
    """Return the words for the days, months and years of a rule."""
    months, years = numbers_of(rule.months), _years(rule)
    days, weekdays = _fields(rule.days)
    if days is None and weekdays is None:
        when = in_months(months) + years
        return DayWords(f"every day{when}", when, leads=True, daily=not when)
    if days is None and weekdays is not None:
        return _weekday_words(weekdays, months, years)
    if days is None:
        raise AssertionError(rule)
    existing = _where_it_exists(days, months)
    dates = f"{_date_words(days)} of {of_months(months)}{existing}"
    if weekdays is None:
        yearly = " every year" if months != ALL_MONTHS and not years and not existing else ""
        text = f"on {dates}{yearly}{years}"
        return DayWords(text, f" {text}", leads=False)
    years = years and f",{years}"
    if rule.days.either:
        text = f"on {dates}, or on {_every_weekday(weekdays, months)}{years}"
        return DayWords(text, f" {text}", leads=True, pause=True)
    text = f"on {dates}, but only if it is {_one_weekday(weekdays)}{years}"
    return DayWords(text, f" {text}", leads=False, pause=True)


def _fields(rule: DayRule) -> tuple[_Days | None, _Days | None]:
    """Return the day of month and the day of week, None where it restricts nothing."""
    days = _Days(numbers_of(rule.days_of_month), _ordered(rule.special_days))
    weekdays = _Days(numbers_of(rule.weekdays), _ordered(rule.special_weekdays))
    any_day = days.numbers == _ALL_DAYS
    any_weekday = len(weekdays.numbers) == WEEK
    if rule.either and (any_day or any_weekday):
        return None, None
    return None if any_day else days, None if any_weekday else weekdays


def _ordered(special: Sequence[SpecialDay]) -> list[SpecialDay]:
    return sorted(set(special), key=lambda day: (type(day).__name__, repr(day)))


def _weekday_words(weekdays: _Days, months: list[int], years: str) -> DayWords:
    every = _every_weekday(weekdays, months)
    if weekdays.special:
        both = bool(weekdays.numbers)
        text = f"on {every}{',' if both and years else ''}{years}"
        return DayWords(text, f" {text}", leads=both, pause=both)
    every += years
    plural = plural_weekdays(weekdays.numbers)
    if plural is None:
        return DayWords(every, f" on {every}", leads=True)
    return DayWords(every, f" on {plural}{in_months(months)}{years}", leads=True)


def _every_weekday(weekdays: _Days, months: list[int]) -> str:
    """Return `every weekday`, `every Monday in June`, `the second Friday of every month`, or both kinds."""
    parts = []
    if weekdays.numbers:
        parts.append(f"every {weekday_names(weekdays.numbers)}{in_months(months)}")
    if weekdays.special:
        fifth = all(isinstance(day, NthWeekday) and day.nth == _NOT_ALWAYS_THERE for day in weekdays.special)
        there = (" that has one" if months == ALL_MONTHS else " when there is one") if fifth else ""
        parts.append(f"{listed([_special(day) for day in weekdays.special])} of {of_months(months)}{there}")
    return ", and on ".join(parts)


def _one_weekday(weekdays: _Days) -> str:
    """Return `a weekday (Monday to Friday)`, `a Monday or the second Friday of the month`."""
    return listed(
        [*one_weekday(weekdays.numbers), *(f"{_special(day)} of the month" for day in weekdays.special)], "or"
    )


def _date_words(days: _Days) -> str:
    numbers = days.numbers
    step = step_of(numbers)
    if step is not None:
        items = [f"every {ordinal(step)} day from the {ordinal(numbers[0])} to the {ordinal(numbers[-1])}"]
    else:
        items = items_of(numbers, ordinal)
        items[:1] = [f"the {first}" for first in items[:1]]
    return listed([*items, *(_special(day) for day in days.special)])


def _special(day: SpecialDay) -> str:
    match day:
        case LastDay(0):
            return "the last day"
        case LastDay(back):
            return f"the day {back} day{'s' if back > 1 else ''} before the last day"
        case NearestWorkday(None):
            return "the last weekday (Monday to Friday)"
        case NearestWorkday(number):
            return f"the weekday (Monday to Friday) nearest the {ordinal(number or 0)}"
        case NthWeekday(weekday, nth):
            return f"the {nth_word(nth)} {WEEKDAYS[weekday]}"
        case LastWeekday(weekday):
            return f"the last {WEEKDAYS[weekday]}"


def _where_it_exists(days: _Days, months: list[int]) -> str:
    if not days.special and days.numbers[0] > min(SHORTEST_MONTHS[month] for month in months):
        one = "one" if len(days.numbers) == 1 else "any"
        return f" that has {one}" if months == ALL_MONTHS else f" when there is {one}"
    return ""


def _years(rule: CronRule) -> str:
    if rule.years is None:
        return ""
    years = numbers_of(rule.years)
    step = step_of(years)
    if step is not None:
        return f" in every {ordinal(step)} year from {years[0]} to {years[-1]}"
    if len(runs_of(years)) == 1 and len(years) >= _FEWEST_IN_RUN:
        return f" in the years {years[0]} to {years[-1]}"
    return f" in {listed(items_of(years, str))}"
