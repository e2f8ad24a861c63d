"""A solar trigger in words, what to know about its fire times, and why an instant is none."""

from datetime import date, datetime, timedelta

from punctual.domain.explain.phrases import counted, date_words, moment_words
from punctual.domain.triggers.solar import DEPRESSIONS, Solar

_DAY = timedelta(days=1)
_HORIZON_VERBS = {"sunrise": "rise", "sunset": "set"}


def solar_words(trigger: Solar) -> str:
    """Return `at sunset at 52.52° N, 13.41° E`; the zone is left out, for it changes no fire time."""
    north, east = _degrees(trigger.latitude, "NS"), _degrees(trigger.longitude, "EW")
    return f"at {_event_words(trigger)} at {north}, {east}"


def solar_notes(trigger: Solar, fire_time: datetime) -> list[str]:
    """Return the note on a fire time that comes after days without the event."""
    previous = trigger.previous_before(fire_time)
    event, cause = _event_words(trigger), _cause(trigger, trigger.day_of(fire_time) - 1)
    if previous is None:
        return [f"The year before had no {event} here: {cause}"]
    missing = round((fire_time - previous) / _DAY) - 1
    days = "day" if missing == 1 else counted(missing, "day")
    return [f"The {days} before had no {event} here: {cause}"] if missing else []


def solar_reason(trigger: Solar, local: datetime, previous: datetime | None, following: datetime | None) -> str:
    """Return why the trigger does not fire then: that day is without the event, or has it at another time."""
    event, day = _event_words(trigger), trigger.day_of(local)
    around = [fire_time for fire_time in (previous, following) if fire_time is not None]
    if not around or trigger.on_day(day) is None:
        cause, shown = _cause(trigger, day), date_words(date.fromordinal(day))
        if trigger.event in _HORIZON_VERBS:
            return f"the sun does not {_HORIZON_VERBS[trigger.event]} here on {shown} ({cause})"
        return f"there is no {event} here on {shown}: {cause}"
    nearest = min(around, key=lambda fire_time: abs(fire_time - local))
    side = "after" if nearest < local else "before"
    return f"{event} is at {moment_words(nearest, local)}, and this is {abs(nearest - local)} {side}"


def _event_words(trigger: Solar) -> str:
    """Return `sunset`, `solar noon`, `civil dusk`."""
    name, _, depth = trigger.event.partition("_")
    return f"{depth} {name}" if depth in DEPRESSIONS else trigger.event.replace("_", " ")


def _degrees(value: float, sides: str) -> str:
    """Return `52.52° N`, exactly as many decimals as the trigger keeps."""
    digits = f"{abs(value):.6f}".rstrip("0").rstrip(".")
    return f"{digits}° {sides[value < 0]}"


def _cause(trigger: Solar, day: int) -> str:
    """Return why a day of the sun is without the event."""
    low = trigger.stays_low(day)
    depth = DEPRESSIONS.get(trigger.event.rpartition("_")[2])
    if depth is None:
        return "polar night" if low else "polar day"
    return f"the sun stays {'more' if low else 'less'} than {depth:g}° below the horizon"
