"""The time of day of a cron rule, in words.

Each form of words stands for one set of times only, and reads either as fixed times or as following elapsed time.
"""

from collections.abc import Sequence
from typing import NamedTuple

from punctual.domain.explain.phrases import counted, items_of, listed, numbers_of, ordinal, runs_of, step_of
from punctual.domain.triggers.cron_expression import CronRule

_HOURS = 24
_SIXTY = 60
_MOST_TIMES = 6
"""So many times of day are listed; more get a shorter form where there is one."""
_MOST_BLOCKS = 3
_MOST_MINUTES_PAST = 4


class TimeWords(NamedTuple):
    """The words, whether they name times (`at 09:00`) or a rhythm, and whether a rhythm follows elapsed time."""

    text: str
    named: bool
    elapsed: bool


class _Times(NamedTuple):
    hours: list[int]
    minutes: list[int]
    follows_clock: bool
    daily: bool


def time_words(rule: CronRule, *, daily: bool) -> TimeWords:
    """Return the words for the times of day of a rule; `daily` when it fires every day, so that a night may be told."""
    seconds = numbers_of(rule.seconds)
    times = _Times(numbers_of(rule.hours), numbers_of(rule.minutes), rule.follows_clock, daily)
    if seconds == [0]:
        return _minute_words(times)
    every = _even_step(seconds)
    if every is not None and len(times.minutes) == _SIXTY and (blocks := _blocks(times)) is not None:
        spans = [f"from {a:02}:00:00 to {b:02}:59:{seconds[-1]:02}" for a, b in blocks]
        return TimeWords(" ".join([_each(every, "second"), *_span(spans)]), named=False, elapsed=True)
    found = _minute_words(times)
    moments = [(h, m, s) for h in times.hours for m in times.minutes for s in seconds]
    if found.named and len(moments) <= _MOST_TIMES:
        return found._replace(text="at " + listed([f"{h:02}:{m:02}:{s:02}" for h, m, s in moments]))
    return found._replace(text=f"{found.text} ({_seconds_words(seconds)} of the minute)")


def _minute_words(times: _Times) -> TimeWords:
    """Return the words where the second is 0."""
    hours, minutes, follows_clock, _ = times
    every = _even_step(minutes)
    if every is not None and (follows_clock or len(minutes) > _MOST_TIMES):
        return TimeWords(_each(every, "minute") + _in_hours(times), named=False, elapsed=True)
    if len(minutes) == 1 and (whole_day := _hour_words(times)) is not None:
        return whole_day
    if len(hours) * len(minutes) <= _MOST_TIMES:
        return TimeWords("at " + listed([f"{h:02}:{m:02}" for h in hours for m in minutes]), named=True, elapsed=False)
    if len(minutes) == 1:
        return _some_hours_words(hours, minutes[0])
    return TimeWords(f"{_minutes_past(minutes)} {_hours_words(hours)}", named=False, elapsed=len(hours) == _HOURS)


def _hour_words(times: _Times) -> TimeWords | None:
    """Return the words for one minute of hours that are spread evenly over the whole day."""
    hours, (minute,) = times.hours, times.minutes
    if len(hours) == _HOURS:
        past = f" at {counted(minute, 'minute')} past the hour" if minute else ""
        return TimeWords(f"every hour{past}", named=False, elapsed=True)
    step = _HOURS // len(hours)
    if hours != list(range(0, _HOURS, step)) or len(hours) == 1 or _HOURS % step:
        return None
    if len(hours) > _MOST_TIMES:
        text = f"every {step} hours from {hours[0]:02}:{minute:02} to {hours[-1]:02}:{minute:02}"
        return TimeWords(text, named=False, elapsed=True)
    if not times.follows_clock:
        return None
    at = listed([f"{hour:02}:{minute:02}" for hour in hours])
    return TimeWords(f"every {step} hours, at {at},", named=False, elapsed=True)


def _some_hours_words(hours: Sequence[int], minute: int) -> TimeWords:
    """Return the words for one minute of many hours."""
    step = 1 if len(runs_of(hours)) == 1 else step_of(hours)
    if step is None:
        return TimeWords("at " + listed([f"{h:02}:{minute:02}" for h in hours]), named=True, elapsed=False)
    text = f"{_each(step, 'hour')} from {hours[0]:02}:{minute:02} to {hours[-1]:02}:{minute:02}"
    return TimeWords(text, named=False, elapsed=False)


def _in_hours(times: _Times) -> str:
    """Return what limits a rhythm of minutes to some hours: ` from 09:00 to 17:45`."""
    blocks = _blocks(times)
    if blocks is None:
        return f" in {_hours_words(times.hours)}"
    last = times.minutes[-1]
    return "".join(f" {part}" for part in _span([f"from {a:02}:00 to {b:02}:{last:02}" for a, b in blocks]))


def _blocks(times: _Times) -> list[tuple[int, int]] | None:
    """Return the stretches of hours, none for the whole day; None when they are too many to tell one by one."""
    if len(times.hours) == _HOURS:
        return []
    runs = runs_of(times.hours)
    if times.daily and len(runs) > 1 and runs[0][0] == 0 and runs[-1][1] == _HOURS - 1:
        runs = [*runs[1:-1], (runs[-1][0], runs[0][1])]
    return runs if len(runs) <= _MOST_BLOCKS else None


def _span(spans: list[str]) -> list[str]:
    return [listed(spans)] if spans else []


def _hours_words(hours: Sequence[int]) -> str:
    runs = runs_of(hours)
    if len(hours) == _HOURS:
        return "every hour"
    if len(hours) == 1:
        return f"the hour {hours[0]:02}"
    if len(runs) == 1:
        return f"every hour from {hours[0]:02} to {hours[-1]:02}"
    step = step_of(hours)
    if step is not None:
        return f"every {ordinal(step)} hour from {hours[0]:02} to {hours[-1]:02}"
    return f"the hours {listed(items_of(hours, '{:02}'.format))}"


def _minutes_past(minutes: Sequence[int]) -> str:
    """Return `at 5 and 35 minutes past`, or where these are many, `at minutes 0 to 10 of`."""
    if len(minutes) <= _MOST_MINUTES_PAST:
        return f"at {listed([str(minute) for minute in minutes])} minutes past"
    step = step_of(minutes)
    if step is not None:
        return f"at every {ordinal(step)} minute from {minutes[0]} to {minutes[-1]} of"
    return f"at minutes {listed(items_of(minutes, str))} of"


def _seconds_words(seconds: Sequence[int]) -> str:
    step = step_of(seconds)
    if len(seconds) == _SIXTY:
        return "in every second"
    if len(seconds) == 1:
        return f"at second {seconds[0]}"
    if step is not None:
        return f"at every {ordinal(step)} second from {seconds[0]} to {seconds[-1]}"
    return f"at seconds {listed(items_of(seconds, str))}"


def _even_step(numbers: Sequence[int]) -> int | None:
    """Return the step of numbers spread evenly over the sixty from 0 on; None for all others."""
    step = _SIXTY // len(numbers)
    return step if len(numbers) > 1 and list(numbers) == list(range(0, _SIXTY, step)) and _SIXTY % step == 0 else None


def _each(step: int, noun: str) -> str:
    return f"every {noun}" if step == 1 else f"every {step} {noun}s"
