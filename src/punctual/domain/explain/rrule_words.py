"""A recurrence set in words."""

from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import NamedTuple

from punctual.domain.explain.clock_changes import knob_phrases
from punctual.domain.explain.day_phrases import nth_word
from punctual.domain.explain.phrases import WEEKDAYS, clock_words, counted, date_words, items_of, listed
from punctual.domain.explain.rrule_day_words import day_words
from punctual.domain.triggers.cron_days import WEEK
from punctual.domain.triggers.rrule import EPOCH_WALL, Rrule
from punctual.domain.triggers.rrule_search import HOURLY, MINUTELY, SECONDLY, WEEKLY, completed
from punctual.domain.triggers.rrule_text import Rule, read_set

PERIODS = ("year", "month", "week", "day", "hour", "minute", "second")
"""By the number of the frequency."""

_MOST_TIMES = 6
_Time = tuple[int, int, int]


class _Span(NamedTuple):
    """The first and the last time of day of a rule, as seconds; of what follows elapsed time, none."""

    first: int
    last: int


def rrule_words(trigger: Rrule) -> str:
    """Return what a recurrence set means, with its zone, its start and end, its single dates and clock changes."""
    read, start = read_set(trigger.expression), trigger.start
    rules = [completed(rule, start or EPOCH_WALL) for rule in read.rules]
    clock = _only_clock(rules, read.dates)
    parts = [f"{_rule_words(rule)}{_own_end(rule, len(rules))}" for rule in rules]
    text = ", and ".join(parts) or _dates_words(read.dates, None)
    pause = "," if len(rules) > 1 or any(_trails(rule) for rule in rules) else ""
    text += f"{pause} in {trigger.timezone}"
    if rules and start is not None:
        text += f", from {_moment_words(start, whole_day=all(_starts_with_day(rule, start) for rule in rules))}"
    if len(rules) == 1:
        text += "".join(f", {end}" for end in _end(rules[0]))
    if rules and read.dates:
        text += f", and {_dates_words(read.dates, clock)}"
    if read.excluded:
        text += f", except {_dates_words(sorted(read.excluded), clock)}"
    return "; ".join([text, *_clock_changes(trigger)])


def _rule_words(rule: Rule) -> str:
    noun = PERIODS[rule.freq]
    period = f"every {noun}" if rule.interval == 1 else f"every {counted(rule.interval, noun)}"
    days = day_words(rule)
    pause = "," if "only" in days and rule.freq < HOURLY else ""
    return f"{period}{days}{pause}{time_words(rule)}{_position_words(rule)}{_week_words(rule)}"


def _trails(rule: Rule) -> bool:
    """Whether the words of a rule end with something that a comma parts from the rest."""
    if rule.freq < HOURLY:
        return bool(_position_words(rule) or _week_words(rule))
    return "," in _rule_words(rule)


def time_words(rule: Rule) -> str:
    """Return the times of the day, or for what is hourly or more frequent, the limits and the moments within."""
    hours, minutes, seconds = rule.byhour or (), rule.byminute or (), rule.bysecond or ()
    if rule.freq < HOURLY:
        times: list[_Time] = list(product(hours, minutes, seconds))
        if len(times) <= _MOST_TIMES:
            return f" at {listed([_clock(time) for time in times])}"
        within = "" if seconds == (0,) else f"{numbers_words('second', seconds)} of "
        return f" at {within}{numbers_words('minute', minutes)} of {numbers_words('hour', hours)}"
    text = f", only in {numbers_words('hour', hours)}" if hours else ""
    for freq, noun, numbers in ((MINUTELY, "minute", minutes), (SECONDLY, "second", seconds)):
        if rule.freq >= freq:
            text += f", only in {numbers_words(noun, numbers)}" if numbers else ""
        elif numbers != (0,):
            text += f", at {numbers_words(noun, numbers)}"
    return text


def numbers_words(noun: str, numbers: Sequence[int]) -> str:
    """Return `minute 30`, `hours 9 to 17`."""
    return f"{noun}{'s' if len(numbers) > 1 else ''} {listed(items_of(numbers, str))}"


def _clock(time: _Time) -> str:
    hour, minute, second = time
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")


def _position_words(rule: Rule) -> str:
    if rule.bysetpos is None:
        return ""
    return f", only{which_words(rule)} of these in each {PERIODS[rule.freq]}"


def which_words(rule: Rule, last: str = "and") -> str:
    """Return the positions of BYSETPOS: ` the first and last`."""
    ordered = sorted(rule.bysetpos or (), key=lambda position: (position < 0, abs(position)))
    return f" the {listed([nth_word(position) for position in ordered], last)}"


def _week_words(rule: Rule) -> str:
    """Return on which day weeks start, where it makes a difference and is not Monday."""
    weekly = rule.freq == WEEKLY and (rule.interval > 1 or rule.bysetpos is not None)
    if not rule.wkst or not (weekly or rule.byweekno):
        return ""
    return f", with weeks that start on {WEEKDAYS[(rule.wkst + 1) % WEEK]}"


def _own_end(rule: Rule, number_of_rules: int) -> str:
    """Return the end of one rule among several: ` (12 times)`."""
    return "".join(f" ({end})" for end in _end(rule)) if number_of_rules > 1 else ""


def _end(rule: Rule) -> list[str]:
    if rule.count is not None:
        return ["once" if rule.count == 1 else f"{rule.count} times"]
    if rule.until is None:
        return []
    if rule.until_in_utc:
        return [f"until {_moment_words(rule.until)} UTC"]
    span = _span(rule)
    return [f"until {_moment_words(rule.until, whole_day=span is not None and _second_of(rule.until) >= span.last)}"]


def _starts_with_day(rule: Rule, start: datetime) -> bool:
    """Whether the rule would fire at the same times if it started at midnight."""
    span = _span(rule)
    return span is not None and _second_of(start) <= span.first


def _span(rule: Rule) -> _Span | None:
    if rule.freq >= HOURLY:
        return None
    first, last = (
        choose(rule.byhour or (0,)) * 3600 + choose(rule.byminute or (0,)) * 60 + choose(rule.bysecond or (0,))
        for choose in (min, max)
    )
    return _Span(first, last)


def _second_of(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _moment_words(moment: datetime, *, whole_day: bool = False) -> str:
    return date_words(moment) if whole_day else f"{clock_words(moment)} on {date_words(moment)}"


def _only_clock(rules: Sequence[Rule], dates: Sequence[datetime]) -> int | None:
    """Return the one second of the day at which all rules and dates of the set fire; None when there are several."""
    spans = [_span(rule) for rule in rules]
    seconds = {span.first if span is not None and span.first == span.last else None for span in spans}
    seconds |= {_second_of(date) for date in dates}
    return seconds.pop() if len(seconds) == 1 else None


def _dates_words(dates: Sequence[datetime], only_clock: int | None) -> str:
    """Return `on 24 December 2026 and 1 January 2027 at 09:00`; without the time where the set has only this one."""
    by_clock: dict[int, list[datetime]] = {}
    for date in dates:
        by_clock.setdefault(_second_of(date), []).append(date)
    return " and ".join(
        f"on {listed([date_words(date) for date in group])}" + ("" if second == only_clock else _at(group[0]))
        for second, group in sorted(by_clock.items())
    )


def _at(moment: datetime) -> str:
    return f" at {clock_words(moment)}"


def _clock_changes(trigger: Rrule) -> list[str]:
    """Return what the knobs of the trigger change for any of its rules or dates."""
    found = [
        phrase
        for source in trigger.sources
        for phrase in knob_phrases(source.clock, elapsed=source.rule is not None and source.rule.freq >= HOURLY)
    ]
    return sorted(set(found), reverse=True)
