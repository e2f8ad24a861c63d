"""Any trigger in words."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from punctual.domain.explain.cron_words import cron_words
from punctual.domain.explain.phrases import clock_words, counted, date_words, listed
from punctual.domain.explain.rrule_words import rrule_words
from punctual.domain.explain.solar_words import solar_words
from punctual.domain.triggers import AnyOf, Cron, Interval, Once, Rrule, Solar
from punctual.domain.triggers.base import TriggerModel
from punctual.domain.triggers.zone import load_zone, offset_at

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_MOST_OF_A_UNIT = 120


def in_words(trigger: TriggerModel) -> str:
    """Return what a trigger means, in English: `every weekday at 09:00 in Europe/Berlin`.

    Triggers with different fire times have different words. A kind of trigger that is not of this package gives its
    `text`.
    """
    match trigger:
        case Cron():
            words = cron_words(trigger)
        case Interval():
            words = _interval_words(trigger)
        case Once():
            words = _once_words(trigger)
        case Rrule():
            words = rrule_words(trigger)
        case Solar():
            words = solar_words(trigger)
        case AnyOf():
            words = ", or ".join(in_words(part) for part in trigger.triggers)
        case _:
            words = str(getattr(trigger, "text", "")) or type(trigger).__name__
    return words


def _interval_words(trigger: Interval) -> str:
    anchor = trigger.anchor
    counting = f", counted from {clock_words(anchor)} on {date_words(anchor)} UTC" if anchor else ""
    return f"every {_length_words(trigger.every)}{counting}"


def _length_words(every: timedelta) -> str:
    """Return `minute`, `90 seconds`, `1 hour and 1 second`; a day is told in hours, because a calendar's may differ."""
    for unit, noun in ((_HOUR, "hour"), (_MINUTE, "minute"), (_SECOND, "second")):
        count, rest = divmod(every, unit)
        if not rest and count <= _MOST_OF_A_UNIT:
            return noun if count == 1 else counted(count, noun)
    days, rest = divmod(every, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    parts = [f"{counted(days, 'day')} of 24 hours"] if days else []
    parts += [counted(count, noun) for count, noun in ((hours, "hour"), (minutes, "minute")) if count]
    if rest:
        fraction = f".{rest.microseconds:06}".rstrip("0") if rest.microseconds else ""
        parts.append(f"{rest.seconds}{fraction} second{'' if rest == _SECOND else 's'}")
    return listed(parts)


def _once_words(trigger: Once) -> str:
    zone = load_zone(trigger.timezone)
    if trigger.at.tzinfo is not None:
        try:
            at = trigger.at.astimezone(zone)
        except OverflowError:  # the zone's wall time is in year 0 or 10000
            return f"once at {clock_words(trigger.at)} on {date_words(trigger.at)} {trigger.at:%Z}"
        which = f" (the {'second' if at.fold else 'first'} time)" if _comes_twice(zone, at) else ""
        return f"once at {clock_words(at)} on {date_words(at)} in {trigger.timezone}{which}"
    wall = trigger.at
    first, second = offset_at(zone, wall), offset_at(zone, wall.replace(fold=1))
    where = f"on {date_words(wall)} in {trigger.timezone}"
    if first < second:
        return f"once right after the clocks leave out {clock_words(wall)} {where}"
    if first == second:
        return f"once at {clock_words(wall)} {where}"
    if trigger.on_fold == "both":
        return f"twice at {clock_words(wall)} {where}, which comes twice"
    return f"once at {clock_words(wall)} {where} (the {trigger.on_fold or 'first'} time)"


def _comes_twice(zone: ZoneInfo, at: datetime) -> bool:
    return offset_at(zone, at.replace(fold=0)) > offset_at(zone, at.replace(fold=1))
