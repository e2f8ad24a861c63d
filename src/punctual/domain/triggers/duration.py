"""Lengths of time as people write them: `90s`, `1h30m`, `2 hours`."""

import difflib
import re
from datetime import timedelta
from decimal import Decimal

from punctual.domain.errors import TriggerError

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=3653)
"""Ten years."""

_UNITS = {
    "w": ("week", 604_800_000_000),
    "d": ("day", 86_400_000_000),
    "h": ("hour", 3_600_000_000),
    "m": ("minute", 60_000_000),
    "s": ("second", 1_000_000),
}
_MICROSECONDS = {
    form: size
    for letter, (word, size) in _UNITS.items()
    for form in (
        letter,
        word,
        f"{word}s",
        *{"m": ("min", "mins"), "s": ("sec", "secs"), "h": ("hr", "hrs")}.get(letter, ()),
    )
}
_PART = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,6})?)?\s*([A-Za-z]+)")
_LONGEST_SHOWN = 100
_LIKELY = 0.75
_EXAMPLES = 'Write for example "90s", "15m", "2h", "1h30m" or "1d".'
_DAY = re.compile(r"(?:week)?days?\b|(?:sun|mon|tues?|wed|thurs?|fri|sat)[a-z]*\b|morning|evening|night", re.IGNORECASE)
_CALENDAR_UNITS = re.compile(r"(?:mo|month|y|yr|year)s?", re.IGNORECASE)


def read_duration(text: str) -> timedelta:
    """Return the length of an interval that a text names, to the microsecond.

    Raises TriggerError (field `every`) for a text that names none, or one outside 1 second to 10 years.
    """
    return within_bounds(read_length(text), text)


def read_length(text: str) -> timedelta:
    """Return the length of time that a text names, from nothing to 10 years, to the microsecond.

    Raises TriggerError (field `every`) for a text that names none, or a longer one.
    """
    if len(text) > _LONGEST_SHOWN:
        raise _unreadable(text[:_LONGEST_SHOWN], 0)
    total, position = Decimal(0), 0
    while position < len(text):
        match = _PART.match(text, position)
        bare_unit = match is not None and match[1] is None
        if match is None or (bare_unit and match.span() != (0, len(text))):
            raise _unreadable(text, position)
        size = _MICROSECONDS.get(match[2].lower())
        if size is None:
            raise _unknown_unit(text, match[2], match.start(2))
        total += Decimal(match[1] or 1) * size
        position = match.end()
    if not text:
        raise _unreadable(text, 0)
    if total > LONGEST // timedelta(microseconds=1):
        raise out_of_bounds(text)
    return timedelta(microseconds=int(total))


def within_bounds(every: timedelta, text: str) -> timedelta:
    """Return the length of time; raises TriggerError (field `every`) outside 1 second to 10 years."""
    if not SHORTEST <= every <= LONGEST:
        raise out_of_bounds(text)
    return every


def out_of_bounds(text: str) -> TriggerError:
    """Return the error for a length of time that is too short or too long."""
    return TriggerError(
        message=f"an interval must be between 1 second and 10 years, got {text}",
        fix=_EXAMPLES,
        field="every",
        text=text,
        position=0,
    )


def write_duration(every: timedelta) -> str:
    """Return the shortest text that `read_duration` reads as this length of time; whole days as `d`, never as weeks."""
    rest = every // timedelta(microseconds=1)
    parts = []
    for letter in "dhm":
        count, rest = divmod(rest, _UNITS[letter][1])
        if count:
            parts.append(f"{count}{letter}")
    if rest or not parts:
        seconds, fraction = divmod(rest, 1_000_000)
        parts.append(f"{seconds}.{fraction:06}".rstrip("0").rstrip(".") + "s" if fraction else f"{seconds}s")
    total = every / timedelta(seconds=1)
    short = f"{total:.0f}s"
    return short if total.is_integer() and len(parts) > 1 and len(short) < len("".join(parts)) else "".join(parts)


def _unreadable(text: str, position: int) -> TriggerError:
    rest = text[position:].strip()
    if rest and re.fullmatch(r"[0-9.]+", rest):
        advice = f'Add the unit: "{rest}s", "{rest}m" or "{rest}h".'
        return TriggerError(message=f'"{text}" has no unit', fix=advice, field="every", text=text, position=position)
    advice = _EXAMPLES
    if _DAY.match(text):
        advice = 'For a time of day write a cron expression: "0 9 * * *" is every day, "0 9 * * mon-fri" every weekday.'
    return TriggerError(
        message=f'"{text}" is no length of time', fix=advice, field="every", text=text, position=position
    )


def _unknown_unit(text: str, unit: str, position: int) -> TriggerError:
    close = difflib.get_close_matches(unit.lower(), _MICROSECONDS, n=1, cutoff=_LIKELY)
    advice = f'Did you mean "{close[0]}"?' if close else "Units are s, m, h, d and w."
    if _CALENDAR_UNITS.fullmatch(unit):
        advice = 'Months and years differ in length; use a cron expression such as "0 0 1 * *" or "@yearly".'
    return TriggerError(
        message=f'"{text}": unknown unit "{unit}"', fix=advice, field="every", text=text, position=position
    )
