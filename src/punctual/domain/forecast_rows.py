"""What one trigger does within a minute, by arithmetic where the kind allows it, and which triggers do the same."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from punctual.domain.triggers import AnyOf, AnyTrigger, Cron, Interval
from punctual.domain.triggers.cron_expression import ALIASES, CronRule, read_expression
from punctual.domain.triggers.cron_search import at_or_after, wall_of
from punctual.domain.triggers.zone import load_zone

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
_LAYOUT = 5


class Row(NamedTuple):
    """So many fire times in a row, within one minute; `following` is the trigger's next one after `last`.

    `steps` is how many searches it took.
    """

    size: int
    last: datetime
    following: datetime | None
    steps: int


def alone(trigger: AnyTrigger, fire_time: datetime) -> Row:
    """Return a row of this fire time only."""
    return Row(1, fire_time, trigger.next_after(fire_time), 1)


def rest_of_minute(trigger: AnyTrigger, fire_time: datetime) -> Row:
    """Return the fire times from this one on, to the end of its minute; of a cron trigger maybe not all of them."""
    match trigger:
        case Cron():
            last, size = _rest_of_cron_minute(trigger, fire_time)
        case Interval():
            size = (_end_of_minute(fire_time) - TICK - fire_time) // trigger.every + 1
            last = fire_time + (size - 1) * trigger.every
        case _:
            return _stepped(trigger, fire_time)
    return Row(size, last, trigger.next_after(last), 1)


def _end_of_minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0) + MINUTE


def _stepped(trigger: AnyTrigger, fire_time: datetime) -> Row:
    end = _end_of_minute(fire_time)
    row = alone(trigger, fire_time)
    while row.following is not None and row.following < end:
        row = Row(row.size + 1, row.following, trigger.next_after(row.following), row.steps + 1)
    return row


def _rest_of_cron_minute(trigger: Cron, fire_time: datetime) -> tuple[datetime, int]:
    """Return the last fire time and how many there are: the bits of the seconds field.

    Clocks are changed at whole minutes, so nothing comes between. A fire time that such a change shifted is alone, and
    so is each where a zone's minutes do not begin with those of UTC, as in the years of local mean time.
    """
    rule = _rule_of(trigger)
    if rule.seconds & (rule.seconds - 1) == 0:
        return fire_time, 1
    local = fire_time.astimezone(load_zone(trigger.timezone))
    wall = wall_of(local)
    if local.second != fire_time.second or at_or_after(rule, wall) != wall:
        return fire_time, 1
    last = fire_time + timedelta(seconds=rule.seconds.bit_length() - 1 - local.second)
    return last, (rule.seconds >> local.second).bit_count()


def _rule_of(trigger: Cron) -> CronRule:
    return read_expression(trigger.expression, trigger.day_match, trigger.seed or "")


def same_fire_times_key(trigger: AnyTrigger) -> Hashable:
    """Return a key that only triggers with the same fire times share, whatever the text or the seed of an `H` is."""
    match trigger:
        case Cron():
            *numbers, days, follows_clock = _rule_of(trigger)
            days_key = (days.days_of_month, days.weekdays, days.special_days, days.special_weekdays, days.either)
            return (*numbers, *days_key, follows_clock, trigger.timezone, trigger.on_gap, trigger.on_fold)
        case Interval():
            return trigger.every, trigger.anchor
        case AnyOf():
            return tuple(same_fire_times_key(each) for each in trigger.triggers)
        case _:
            return trigger


def dense_interval_key(trigger: AnyTrigger, first: datetime, start: datetime) -> Hashable | None:
    """Return a key that intervals from `first` on share when each minute from `start` on has as many fire times.

    That is so when the interval divides the minute: then its phase matters in the minute of `first` alone. None for
    any other trigger.
    """
    if not isinstance(trigger, Interval) or MINUTE % trigger.every:
        return None
    if first < start:
        return trigger.every, None
    return trigger.every, _end_of_minute(first), rest_of_minute(trigger, first).size


def with_hash(trigger: AnyTrigger, seed: str) -> AnyTrigger:
    """Return the trigger with `H` for each plain minute of its cron expressions; the same object without any.

    An expression with a seconds field counts only when that is 0.
    """
    match trigger:
        case Cron():
            expression = _with_hash(trigger.expression)
            if expression is None:
                return trigger
            own_seed = seed if trigger.seed is None else trigger.seed
            return trigger.model_copy(update={"expression": expression, "seed": own_seed})
        case AnyOf():
            triggers = tuple(with_hash(each, seed) for each in trigger.triggers)
            if all(new is old for new, old in zip(triggers, trigger.triggers, strict=True)):
                return trigger
            return trigger.model_copy(update={"triggers": triggers})
        case _:
            return trigger


@lru_cache(maxsize=4096)
def _with_hash(expression: str) -> str | None:
    fields = ALIASES.get(expression.lower(), expression).split()
    place = 0 if len(fields) == _LAYOUT else 1
    if not fields[place].isdecimal() or (place and fields[0].strip("0")):
        return None
    fields[place] = "H"
    return " ".join(fields)
