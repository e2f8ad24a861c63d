"""The days of a recurrence rule, in words. The rules here are completed: nothing is left for their start to say."""

from collections.abc import Callable, Iterable

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
from punctual.domain.explain.phrases import WEEKDAYS, items_of, listed, ordinal
from punctual.domain.triggers.cron_days import WEEK
from punctual.domain.triggers.rrule_search import MONTHLY, WEEKLY
from punctual.domain.triggers.rrule_text import Rule

_OFTEN_MISSING = 5
"""A month has each weekday four times, and some a fifth time."""


def day_words(rule: Rule) -> str:
    """Return what the day parts choose in each period of the rule: ` on the last Friday of June`.

    A rule that is daily or more frequent chooses nothing and only leaves days out: `, only on weekdays`.
    """
    if rule.freq > WEEKLY:
        return "".join(f", only {limit}" for limit in _limits(rule))
    months = in_months(months_of(rule))
    if rule.freq == WEEKLY:
        names = weekday_names(plain_weekdays(rule))
        return f" on {names if names[0].isupper() else f'every {names}'}{months}"
    weeks = f" in {weeks_words(rule)}" if rule.byweekno else ""
    if rule.bymonthday:
        main = f"{dates_words(rule)}{_of_months(rule)}{_when_it_exists(rule)}{weeks}"
    elif rule.byyearday:
        main = f"{year_days_words(rule)}{weeks}{months}"
    elif any(number for _, number in rule.byday or ()):
        main = f"{_numbered_words(rule)}{_of_period(rule)}{_when_it_exists(rule)}"
    elif rule.byday:
        main = f"every {weekday_names(plain_weekdays(rule))}{weeks}{months}"
    else:
        main = f"every day{weeks}{months}"
    return f" on {main}{''.join(f', but only if it is {part}' for part in _others(rule))}"


def months_of(rule: Rule) -> list[int]:
    """Return the months that the rule allows."""
    return ALL_MONTHS if rule.bymonth is None else list(rule.bymonth)


def plain_weekdays(rule: Rule) -> list[int]:
    """Return the weekdays of BYDAY that have no number, counted from Sunday = 0."""
    return sorted((weekday + 1) % WEEK for weekday, number in rule.byday or () if not number)


def byday_words(rule: Rule) -> str:
    """Return what a day must be for BYDAY: `a Monday or the last Sunday of the month`."""
    plain = plain_weekdays(rule)
    numbered = [f"{day} of the {_counted_in(rule)}" for day in _numbered(rule)]
    return listed((one_weekday(plain) if plain else []) + numbered, "or")


def dates_words(rule: Rule, last: str = "and") -> str:
    """Return the days of BYMONTHDAY: `the 1st and 15th`, `the 1st and last day`."""
    days = rule.bymonthday or ()
    return f"the {listed(_from_either_end(days, ordinal), last)}{' day' if min(days, default=0) < 0 else ''}"


def year_days_words(rule: Rule, last: str = "and") -> str:
    """Return the days of BYYEARDAY: `the 100th and last day of the year`."""
    return f"the {listed(_from_either_end(rule.byyearday or (), ordinal), last)} day of the year"


def weeks_words(rule: Rule, last: str = "and") -> str:
    """Return the weeks of BYWEEKNO: `weeks 1 to 3 and the last week of the year`."""
    numbers = sorted(rule.byweekno or ())
    counted = items_of([number for number in numbers if number > 0], str)
    words = [f"week{'s' if len(counted) > 1 or ' ' in counted[0] else ''} {listed(counted, last)}"] if counted else []
    return f"{listed(words + [f'the {nth_word(number)} week' for number in numbers if number < 0], last)} of the year"


def _others(rule: Rule) -> list[str]:
    """Return what a day must be besides what the first of the day parts says."""
    others = []
    if rule.bymonthday and rule.byyearday:
        others.append(year_days_words(rule))
    if rule.byday and (rule.bymonthday or rule.byyearday):
        others.append(byday_words(rule))
    return others


def _limits(rule: Rule) -> list[str]:
    """Return the days that are not left out, one part of the rule each."""
    limits = []
    if rule.byday:
        numbers = plain_weekdays(rule)
        limits.append(f"on {plural_weekdays(numbers) or f'every {weekday_names(numbers)}'}")
    if rule.bymonthday:
        limits.append(f"on {dates_words(rule)} of the month")
    if rule.byyearday:
        limits.append(f"on {year_days_words(rule)}")
    if rule.bymonth and months_of(rule) != ALL_MONTHS:
        limits.append(in_months(months_of(rule)).strip())
    return limits


def _numbered_words(rule: Rule) -> str:
    """Return `the last Friday`, or with weekdays that have no number `every Monday and the last Friday`."""
    plain = plain_weekdays(rule)
    return listed([f"every {weekday_names(plain)}"] * bool(plain) + _numbered(rule))


def _numbered(rule: Rule) -> list[str]:
    numbered = [(number < 0, number, weekday) for weekday, number in rule.byday or () if number]
    return [f"the {nth_word(number)} {WEEKDAYS[(weekday + 1) % WEEK]}" for _, number, weekday in sorted(numbered)]


def _counted_in(rule: Rule) -> str:
    return "month" if rule.freq == MONTHLY or rule.bymonth else "year"


def _of_period(rule: Rule) -> str:
    """Return of which period the numbered weekdays are, where the frequency does not say it."""
    return " of the year" if _counted_in(rule) == "year" else _of_months(rule)


def _of_months(rule: Rule) -> str:
    return "" if rule.freq == MONTHLY and not rule.bymonth else f" of {of_months(months_of(rule))}"


def _when_it_exists(rule: Rule) -> str:
    """Return that a period may have no such day."""
    if rule.bymonthday:
        rare = min(rule.bymonthday) > min(SHORTEST_MONTHS[month] for month in months_of(rule))
    else:
        rare = _counted_in(rule) == "month" and min(abs(number) for _, number in rule.byday or ()) >= _OFTEN_MISSING
    return " when there is one" if rare else ""


def _from_either_end(numbers: Iterable[int], show: Callable[[int], str]) -> list[str]:
    """Return positive numbers as shown, three and more in a row as `a to b`, then those counted from the end."""
    ordered = sorted(numbers)
    from_end = [nth_word(number) for number in reversed(ordered) if number < 0]
    return items_of([number for number in ordered if number > 0], show) + from_end
