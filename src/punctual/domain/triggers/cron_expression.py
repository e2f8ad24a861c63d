"""A whole cron expression: from its text to the rule that the search works with."""

import difflib
import re
from functools import lru_cache
from typing import NamedTuple

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.base import LONGEST_EXPRESSION
from punctual.domain.triggers.cron_days import ALL_DAYS, DayMatch, DayRule
from punctual.domain.triggers.cron_fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    MINUTE,
    MONTH,
    PLAIN,
    SECOND,
    YEAR,
    Field,
    FieldError,
    FieldKind,
    read_field,
)

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

LARGEST_YEAR = 9999

_FIVE = (MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)
_LAYOUTS: dict[int, tuple[FieldKind, ...]] = {5: _FIVE, 6: (SECOND, *_FIVE), 7: (SECOND, *_FIVE, YEAR)}
_TOKEN = re.compile(r"\S+")
_PATH = re.compile(r"[A-Za-z.]*/[A-Za-z.]")
_SPACED = re.compile(r"\s*([,\-])\s+|\s+([,\-])\s*")
_HASH = re.compile(r"(?:^|[\s,])h(?![a-z])", re.IGNORECASE)
_DRAWS = 32
_AT_ZERO = Field(1, star=False)
_CALENDAR_CYCLE = range(2000, 2400)
"""Years after which weekdays and leap days repeat."""
_DAYS_IN_ANY_MONTH = (2 << 28) - 2
_EVERY_DAY = read_field(DAY_OF_MONTH, "*").numbers
_EVERY_WEEKDAY = read_field(DAY_OF_WEEK, "*").numbers


class CronRule(NamedTuple):
    """A parsed expression. Each set of numbers is the bits of an int; `years` is None when every year matches.

    `follows_clock` tells that the hour or minute field starts with `*`: such an entry follows elapsed time where
    clocks are changed (Debian cron), the others keep to their wall time.
    """

    seconds: int
    minutes: int
    hours: int
    months: int
    years: int | None
    days: DayRule
    follows_clock: bool


@lru_cache(maxsize=16384)
def read_expression(expression: str, day_match: DayMatch = "or", seed: str = "") -> CronRule:
    """Return the rule that an expression of five, six or seven fields, or an alias, means; `H` depends on the seed.

    Raises TriggerError (field `expression`, with the position) for a text that is not one, and for a rule that no
    date in the calendar satisfies.
    """
    if not has_hash(expression):
        rule = _rule_of(read_fields(expression), day_match)
        if _plainly_possible(rule) or _possible(rule):
            return rule
        raise _impossible(expression, rule)
    # A draw may give no date (day 31 of month H). Those of the empty seed come last: they do for every seed.
    for draw in (f"{each}#{number}" for each in (seed, "") for number in range(_DRAWS)):
        rule = _rule_of(read_fields(expression, draw), day_match)
        if _plainly_possible(rule) or _possible(rule):
            return rule
    raise TriggerError(
        message=f'"{expression}": no date was found that matches its day fields',
        fix="Widen the day of month, the month, the day of week or the year.",
        field="expression",
        text=expression,
    )


def has_hash(expression: str) -> bool:
    """Whether an expression that can be read has an `H` whose meaning depends on a seed."""
    return _HASH.search(expression) is not None


def _rule_of(fields: tuple[Field, ...], day_match: DayMatch) -> CronRule:
    seconds, minutes, hours, days, months, weekdays = fields[:6]
    either = day_match == "or" and not (days.star or weekdays.star)
    return CronRule(
        seconds.numbers,
        minutes.numbers,
        hours.numbers,
        months.numbers,
        _years_of(fields),
        DayRule(days.numbers, weekdays.numbers, days.special, weekdays.special, either),
        follows_clock=minutes.star or hours.star,
    )


@lru_cache(maxsize=16384)
def read_fields(expression: str, seed: str = "") -> tuple[Field, ...]:
    """Return what each field means, from seconds on; the year only where it is given.

    Raises TriggerError (field `expression`, with the position) for a text that is not a cron expression.
    """
    if len(expression) > LONGEST_EXPRESSION:
        raise TriggerError(
            message=f"an expression of {len(expression)} characters is too long",
            fix=f"Use at most {LONGEST_EXPRESSION} characters.",
            field="expression",
            text=expression[:LONGEST_EXPRESSION],
        )
    written = expression
    if "@" in expression:
        written = _alias(expression)
    texts = written.split()
    layout = _LAYOUTS.get(len(texts))
    if layout is None:
        raise TriggerError(
            message=f'"{expression}": a cron expression has 5 fields (minute, hour, day of month, month, day of week), '
            f"6 with seconds first, or 7 with a year last; this has {len(texts)}",
            fix=_without_spaces(expression) or _field_count_advice(texts),
            field="expression",
            text=expression,
            position=_count_position(expression),
        )
    fields = [] if layout[0] is SECOND else [_AT_ZERO]
    try:
        for kind, text in zip(layout, texts, strict=True):
            fields.append(PLAIN[kind].get(text) or read_field(kind, text, seed if seed and has_hash(text) else ""))
    except FieldError as fault:
        at_fault = len(fields) - (layout[0] is not SECOND)
        start = [match.start() for match in _TOKEN.finditer(expression)][at_fault]
        raise TriggerError(
            message=f'"{expression}": {fault.message}',
            fix=_without_spaces(expression) or _without_rest(texts, at_fault) or fault.fix,
            field="expression",
            text=expression,
            position=start + fault.offset,
        ) from None
    return tuple(fields)


_EVERY_YEAR = read_field(YEAR, "*").numbers


def _years_of(fields: tuple[Field, ...]) -> int | None:
    every_year = len(fields) == len(_FIVE) + 1 or fields[-1].numbers == _EVERY_YEAR
    return None if every_year else fields[-1].numbers


def _alias(expression: str) -> str:
    name = expression.strip().lower()
    written = ALIASES.get(name)
    if written is None:
        if name.startswith("@every"):
            advice = f'Write "every{name.removeprefix("@every") or " 5m"}", without "@".'
        elif name == "@reboot":
            advice = "Punctual keeps time, not machines; start such work where the machine starts its services."
        else:
            close = difflib.get_close_matches(name, ALIASES, n=1, cutoff=0.5)
            advice = f'Did you mean "{close[0]}"?' if close else f"Use one of {', '.join(ALIASES)}."
        raise TriggerError(
            message=f'"{expression}" is no alias',
            fix=advice,
            field="expression",
            text=expression,
            position=expression.find("@"),
        )
    return written


def _field_count_advice(texts: list[str]) -> str:
    if len(texts) == len(_FIVE) - 1:
        return f'Add the missing field, for example "{" ".join(texts)} *".'
    if len(texts) > max(_LAYOUTS):
        return 'Remove what is too much; a time zone belongs last or into "timezone".'
    return 'Write for example "0 2 * * *" for every day at 02:00.'


def _count_position(expression: str) -> int:
    """Return where the first field too many stands, or the end."""
    starts = [match.start() for match in _TOKEN.finditer(expression)]
    return starts[max(_LAYOUTS)] if len(starts) > max(_LAYOUTS) else len(expression)


def _without_spaces(expression: str) -> str | None:
    """Return advice on an expression that can be read when the spaces within its lists and ranges are left out."""
    joined = _SPACED.sub(lambda found: found[1] or found[2], expression)
    if joined == expression or not _readable(joined):
        return None
    return f'A field has no spaces in it: did you mean "{joined}"?'


def _without_rest(texts: list[str], at_fault: int) -> str | None:
    """Return advice on five good fields with a path behind them, such as the command of a crontab."""
    first_five = " ".join(texts[: len(_FIVE)])
    if at_fault < len(_FIVE) or not _PATH.match(texts[at_fault]):
        return None
    return f'Did you mean "{first_five}"? These five fields are complete.' if _readable(first_five) else None


def _readable(expression: str) -> bool:
    try:
        read_fields(expression)
    except TriggerError:
        return False
    return True


def _plainly_possible(rule: CronRule) -> bool:
    """Whether a glance tells that the rule has dates: a day of every month on any weekday, or a weekday on any day."""
    days = rule.days
    if rule.years is not None:
        return False
    if days.days_of_month == _EVERY_DAY:
        return days.weekdays != 0
    return (days.either or days.weekdays == _EVERY_WEEKDAY) and days.days_of_month & _DAYS_IN_ANY_MONTH != 0


def _possible(rule: CronRule) -> bool:
    years = _CALENDAR_CYCLE if rule.years is None else _years(rule.years)
    months = [month for month in range(1, 13) if rule.months >> month & 1]
    return any(rule.days.days(year, month) for year in years for month in months)


def _years(bits: int) -> list[int]:
    return [year for year in range(YEAR.lowest, YEAR.highest + 1) if bits >> year & 1]


def _impossible(expression: str, rule: CronRule) -> TriggerError:
    whole_calendar = CronRule(
        seconds=1, minutes=1, hours=1, months=ALL_DAYS[12], years=None, days=rule.days, follows_clock=False
    )
    fields = _TOKEN.findall(ALIASES.get(expression.lower(), expression))
    at_fault = len(fields) - 3 - (len(fields) == max(_LAYOUTS))  # the day of month
    if not _possible(whole_calendar):
        message, advice = (
            "no date matches both its day of month and its day of week",
            'Put "*" into one of the two day fields, or use day_match "or", which takes days that match either.',
        )
    elif rule.years is not None:
        at_fault = len(fields) - 1
        message, advice = (
            "no date matches its day of month, month, day of week and year together",
            "Widen the day of month, the month or the year.",
        )
    else:
        day, month = fields[at_fault], fields[at_fault + 1]
        message, advice = (
            f"day of month {day} never comes in month {month}",
            'Use a day that the month has; "L" is the last day of any month.',
        )
    position = [match.start() for match in _TOKEN.finditer(expression)][at_fault]
    return TriggerError(
        f'"{expression}": {message}', fix=advice, field="expression", text=expression, position=position
    )
