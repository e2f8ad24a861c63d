"""Why a recurrence set does not fire at an instant: part by part of each rule."""

from datetime import datetime

from punctual.domain.explain.clock_changes import fraction_reason, pass_reason
from punctual.domain.explain.day_phrases import in_months
from punctual.domain.explain.phrases import MONTHS, clock_words, date_words, ordinal
from punctual.domain.explain.rrule_day_words import byday_words, dates_words, months_of, weeks_words, year_days_words
from punctual.domain.explain.rrule_words import PERIODS, numbers_words, time_words, which_words
from punctual.domain.triggers.rrule import EPOCH_WALL, Rrule, Source
from punctual.domain.triggers.rrule_search import (
    DAILY,
    DAY,
    HOURLY,
    MONTHLY,
    WEEKLY,
    YEARLY,
    RuleSearch,
    completed,
    days_named,
    moment_at,
    search_of,
    wall_at,
)
from punctual.domain.triggers.rrule_text import Rule, read_set


def rrule_reasons(trigger: Rrule, local: datetime) -> list[str]:
    """Return every reason why the set does not fire at this local time of its zone.

    Where several rules or dates could have fired, each reason begins with the rule's text, or with RDATE.
    """
    fraction = fraction_reason(local, "a recurrence set")
    wall = local.replace(tzinfo=None, fold=0, microsecond=0)
    labels = [word for word in trigger.expression.split() if word[:5].upper() in {"RRULE", "FREQ="}] + ["RDATE"]
    reasons: list[str] = []
    for label, source in zip(labels, trigger.sources, strict=False):  # there may be no RDATE
        own = _source_reasons(trigger, source, local, wall)
        if not own and wall in read_set(trigger.expression).excluded:
            own = ["excluded by EXDATE"]
        if not own and not fraction:
            own = [pass_reason(local)]
        reasons += own if len(trigger.sources) == 1 else [f"{label}: {reason}" for reason in own]
    return [*reasons, *fraction]


def _source_reasons(trigger: Rrule, source: Source, local: datetime, wall: datetime) -> list[str]:
    """Return why the source does not name a wall time; nothing where it does."""
    if source.rule is None:
        return [] if wall in read_set(trigger.expression).dates else ["it is none of its dates"]
    start = trigger.start or EPOCH_WALL
    search, moment = search_of(source.rule, start), moment_at(wall)
    rule = completed(source.rule, start)
    reasons = [
        *_bound_reason(source.rule, start, wall),
        *_end_reason(rule, search, moment),
        *_day_reasons(rule, wall),
        *_interval_reason(rule, start, wall),
        *_time_reasons(rule, wall),
    ]
    if source.until is not None and local > source.until:
        reasons.insert(0, f"it is after UNTIL, {_moment(source.until)} UTC")
    if not reasons and search.at_or_after(moment) != moment:
        return [f"of the times in its {PERIODS[rule.freq]}, it is not{which_words(rule, 'or')}"]
    return reasons


def _bound_reason(rule: Rule, start: datetime, wall: datetime) -> list[str]:
    """Return why it is too early, or past an UNTIL in local time."""
    if wall < start:
        return [f"it is before the start, {_moment(start)}"]
    if rule.until is not None and not rule.until_in_utc and wall > rule.until:
        return [f"it is after UNTIL, {_moment(rule.until)}"]
    return []


def _end_reason(rule: Rule, search: RuleSearch, moment: int) -> list[str]:
    """Return why it is past the COUNT of the rule."""
    last = search.at_or_before(moment)
    if rule.count is None or last is None or search.at_or_after(moment) is not None:
        return []
    return [f"it is after the last of COUNT={rule.count}, {_moment(datetime(*wall_at(last)))}"]  # noqa: DTZ001 - a wall time


def _day_reasons(rule: Rule, wall: datetime) -> list[str]:
    """Return each day part that the day does not meet, by the names of the days that do."""
    if wall.month not in months_of(rule):
        return [f"the month is {MONTHS[wall.month]}, and it fires only{in_months(months_of(rule))}"]
    month = (wall.month,) if rule.bymonth else None  # numbers of weekdays count in it
    parts = (
        ("byweekno", Rule(rule.freq, wkst=rule.wkst, byweekno=rule.byweekno), f"in {weeks_words(rule, 'or')}"),
        ("byyearday", Rule(rule.freq, byyearday=rule.byyearday), year_days_words(rule, "or")),
        ("bymonthday", Rule(rule.freq, bymonthday=rule.bymonthday), f"{dates_words(rule, 'or')} of the month"),
        ("byday", Rule(rule.freq, byday=rule.byday, bymonth=month), byday_words(rule)),
    )
    within = wall.month if rule.freq == MONTHLY else None
    return [
        f"it is not {words}"
        for name, part, words in parts
        if getattr(rule, name) is not None and wall.toordinal() not in days_named(part, wall.year, within)
    ]


def _interval_reason(rule: Rule, start: datetime, wall: datetime) -> list[str]:
    """Return why the period is one that the interval leaves out."""
    if (_period_number(rule, wall) - _period_number(rule, start)) % rule.interval == 0:
        return []
    noun = PERIODS[rule.freq]
    return [f"its {noun} is left out: only every {ordinal(rule.interval)} {noun} counts, from {_moment(start)}"]


def _period_number(rule: Rule, wall: datetime) -> int:
    """Return the number of the year, month, week, day, hour, minute or second, counted from any fixed one."""
    if rule.freq == YEARLY:
        return wall.year
    if rule.freq == MONTHLY:
        return wall.year * 12 + wall.month
    if rule.freq == WEEKLY:
        return (wall.toordinal() - 1 - rule.wkst) // 7  # ordinal 1 is a Monday
    return moment_at(wall) // (DAY, 3600, 60, 1)[rule.freq - DAILY]


def _time_reasons(rule: Rule, wall: datetime) -> list[str]:
    """Return why the time of day is none of the rule's."""
    parts = (
        ("hour", wall.hour, rule.byhour),
        ("minute", wall.minute, rule.byminute),
        ("second", wall.second, rule.bysecond),
    )
    wrong = [(noun, number, numbers) for noun, number, numbers in parts if numbers and number not in numbers]
    if wrong and rule.freq < HOURLY:
        return [f"the time is {clock_words(wall)}, and it fires{time_words(rule)}"]
    return [
        f"{noun} is {number}, and it fires only in {numbers_words(noun, numbers)}" for noun, number, numbers in wrong
    ]


def _moment(wall: datetime) -> str:
    return f"{clock_words(wall)} on {date_words(wall)}"
