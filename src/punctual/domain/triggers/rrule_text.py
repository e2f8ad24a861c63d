"""The text of a recurrence set (RFC 5545, 3.8.5): its properties, and the parts of its rules."""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from punctual.domain.errors import TriggerError

LONGEST_SET = 2000
"""Characters of a whole recurrence set."""

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

MOST_RULES = 20
"""RRULEs of one trigger: each is searched by itself, and a rare one may take hundredths of a second."""

MOST_COUNTED = 10_000
"""The largest COUNT, of all rules of a set together: where such a rule ends is found by counting from its start."""

_LARGEST_INTERVAL = 100_000
_PROPERTIES = ("DTSTART", "RRULE", "RDATE", "EXDATE")
_PROPERTY = re.compile(r"(DTSTART|RRULE|RDATE|EXDATE|EXRULE)((?:;[A-Z]+=[^:;\s]+)*)[:=](\S*)", re.IGNORECASE)
_TOKEN = re.compile(r"\S+")
_DATE = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})(?:[Tt]([0-9]{2})(:?)([0-9]{2})(?:\6([0-9]{2}))?([Zz])?)?")
_DAY = re.compile(r"([+-]?[0-9]{1,2})?([A-Z]{2})")
_FIRST_YEAR = 1970
_EXAMPLE = 'Write for example "RRULE:FREQ=MONTHLY;BYDAY=-1FR".'


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE; parts that are not given are None.

    `byday` has pairs of a weekday (Monday is 0) and its number in the period (0 is every one).
    """

    freq: int
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    until_in_utc: bool = False
    wkst: int = 0
    bymonth: tuple[int, ...] | None = None
    bymonthday: tuple[int, ...] | None = None
    byyearday: tuple[int, ...] | None = None
    byweekno: tuple[int, ...] | None = None
    byday: tuple[tuple[int, int], ...] | None = None
    byhour: tuple[int, ...] | None = None
    byminute: tuple[int, ...] | None = None
    bysecond: tuple[int, ...] | None = None
    bysetpos: tuple[int, ...] | None = None


class RuleSet(NamedTuple):
    """A recurrence set; all its dates are wall times."""

    start: datetime | None
    start_in_utc: bool
    timezone: str | None
    rules: tuple[Rule, ...]
    dates: tuple[datetime, ...]
    excluded: frozenset[datetime]


class _Place(NamedTuple):
    """A piece of the whole text, to say where a fault is."""

    text: str
    start: int
    whole: str

    def parts(self, separator: str) -> list["_Place"]:
        found, start = [], self.start
        for text in self.text.split(separator):
            found.append(_Place(text, start, self.whole))
            start += len(text) + len(separator)
        return found


def _fault(place: _Place, message: str, fix: str, offset: int = 0) -> TriggerError:
    return TriggerError(
        f'"{place.whole}": {message}',
        fix=fix,
        field="expression",
        text=place.whole,
        position=min(place.start + offset, len(place.whole)),
    )


class _Moment(NamedTuple):
    wall: datetime
    whole_day: bool
    in_utc: bool


def is_set(text: str) -> bool:
    """Whether a text, or a word of one, begins as a property of a recurrence set does."""
    return re.match(r"(?:DTSTART|RRULE|RDATE|EXDATE|EXRULE)[:;=]|FREQ=", text, re.IGNORECASE) is not None


@lru_cache(maxsize=4096)
def read_set(text: str) -> RuleSet:
    """Return the recurrence set of a text of properties, one a word.

    Raises TriggerError (field `expression`, with the position) for what is no such set, for EXRULE, and for what the
    RFC forbids.
    """
    if len(text) > LONGEST_SET:
        fix = f"Use at most {LONGEST_SET} characters."
        message = f"a recurrence set of {len(text)} characters is too long"
        raise TriggerError(message, fix=fix, field="expression", text=text[:LONGEST_SET])
    found = _gathered(text)
    start = found.start or _Moment(datetime.min, whole_day=False, in_utc=False)  # noqa: DTZ901 - a wall time
    if not found.rules and not found.dates:
        raise _fault(_Place(text, 0, text), "the set has neither RRULE nor RDATE", _EXAMPLE)
    for moment, place in found.dates + found.excluded:
        _same_form(moment, start, place)
    _bounded(found)
    for rule, whole_day, place in found.rules:
        if whole_day and not start.whole_day:
            raise _fault(place, "UNTIL has no time of day", "Write the last time, for example UNTIL=20261224T235959.")
        if rule.until is not None and found.start and not rule.until_in_utc and rule.until < start.wall:
            raise _fault(place, "UNTIL is before DTSTART", "Use a later one.")
    return RuleSet(
        start.wall if found.start else None,
        start.in_utc or any(moment.in_utc for moment, _ in found.dates),
        found.timezone,
        tuple(rule for rule, _, _ in found.rules),
        tuple(sorted({moment.wall for moment, _ in found.dates})),
        frozenset(moment.wall for moment, _ in found.excluded),
    )


@dataclass(slots=True)
class _Gathered:
    start: _Moment | None = None
    timezone: str | None = None
    rules: list[tuple[Rule, bool, _Place]] = field(default_factory=list)
    dates: list[tuple[_Moment, _Place]] = field(default_factory=list)
    excluded: list[tuple[_Moment, _Place]] = field(default_factory=list)


def _bounded(found: _Gathered) -> None:
    """Refuse more rules, and longer counts, than a search can look at in no time."""
    counted = 0
    for number, (rule, _, place) in enumerate(found.rules, 1):
        counted += rule.count or 0
        if number > MOST_RULES:
            raise _fault(place, f"the set has more than {MOST_RULES} rules", "Join them, or list dates as RDATE.")
        if counted > MOST_COUNTED:
            message = f"the COUNTs of all rules are more than {MOST_COUNTED} together"
            raise _fault(place, message, "Use UNTIL instead of COUNT.")


def _gathered(text: str) -> _Gathered:
    found = _Gathered()
    for token in _TOKEN.finditer(text):
        name, zone, value = _property(_Place(token[0], token.start(), text))
        if zone is not None and found.timezone not in {None, zone}:
            raise _fault(value, f"two time zones, {found.timezone} and {zone}", "Use one time zone in a set.")
        found.timezone = zone or found.timezone
        if name == "RRULE":
            found.rules.append((*_rule(value), value))
        elif name == "DTSTART":
            if found.start is not None:
                raise _fault(value, "DTSTART is given twice", "Keep one of the two.")
            found.start = _moment(value)
        else:
            dates = found.dates if name == "RDATE" else found.excluded
            dates.extend((_moment(each), each) for each in value.parts(","))
    return found


def _same_form(moment: _Moment, start: _Moment, place: _Place) -> None:
    if moment.whole_day and not start.whole_day:
        raise _fault(place, f"{place.text} has no time of day", f"Write it, for example {place.text}T090000.")
    if moment.in_utc != start.in_utc:
        raise _fault(
            place,
            f"{place.text} and DTSTART are not both local times, or both in UTC",
            "Write all dates of a set with Z at the end (then its time zone is UTC), or none.",
        )


def _property(place: _Place) -> tuple[str, str | None, _Place]:
    """Return the name, the time zone if one is named, and the value of a property."""
    if place.text[:5].upper() == "FREQ=":
        return "RRULE", None, place
    match = _PROPERTY.fullmatch(place.text)
    if match is None:
        name = re.split(r"[:;=]", place.text, maxsplit=1)[0]
        close = difflib.get_close_matches(name.upper(), _PROPERTIES, n=1)
        raise _fault(
            place,
            f'"{place.text[:50]}" is no property of a recurrence set',
            f"Did you mean {close[0]}?" if close else f"Properties are {', '.join(_PROPERTIES)}.",
        )
    name = match[1].upper()
    if name == "EXRULE":
        raise _fault(place, "EXRULE is not supported (RFC 5545 has dropped it)", "List what is left out as EXDATE.")
    zone = None
    for part in match[2].split(";")[1:]:
        key, _, value = part.partition("=")
        if key.upper() == "TZID" and name != "RRULE":
            zone = value.strip('"').lstrip("/")
        elif key.upper() != "VALUE" or value.upper() not in {"DATE", "DATE-TIME"}:
            raise _fault(place, f"{part} is not understood", "Leave it out.", match.start(2))
    return name, zone, _Place(match[3], place.start + match.start(3), place.whole)


def _moment(place: _Place) -> _Moment:
    match = _DATE.fullmatch(place.text)
    if match is None:
        raise _fault(place, f'"{place.text[:50]}" is no date with a time', "Write for example 20261224T180000.")
    year, month, day = int(match[1]), int(match[3]), int(match[4])
    try:
        wall = datetime(year, month, day, int(match[5] or 0), int(match[7] or 0), int(match[8] or 0))  # noqa: DTZ001 - a wall time
    except ValueError as error:
        raise _fault(place, f"{place.text} is not in the calendar: {error}", "Use one that exists.") from None
    if year < _FIRST_YEAR:
        raise _fault(place, f"{place.text} is before {_FIRST_YEAR}", "Use a later date.")
    return _Moment(wall, whole_day=match[5] is None, in_utc=match[9] is not None)


def _rule(place: _Place) -> tuple[Rule, bool]:
    """Return the rule, and whether its UNTIL is a whole day."""
    parts: dict[str, Any] = {}
    whole_day = False
    for part in place.parts(";"):
        name, equals, _ = part.text.partition("=")
        key = name.upper()
        if not equals or key not in _READERS:
            close = difflib.get_close_matches(key, _READERS, n=1)
            raise _fault(
                part,
                f'"{part.text[:50]}" is no part of a rule',
                f"Did you mean {close[0]}=...?" if close else f"Parts are {', '.join(_READERS)}.",
            )
        if key.lower() in parts:
            raise _fault(part, f"{key} is given twice", "Keep one of the two.")
        value = _Place(part.text[len(name) + 1 :].upper(), part.start + len(name) + 1, part.whole)
        parts[key.lower()] = _READERS[key](value)
    if isinstance(moment := parts.get("until"), _Moment):
        whole_day = moment.whole_day
        parts |= {"until": moment.wall, "until_in_utc": moment.in_utc}
    if "freq" not in parts:
        raise _fault(place, "the rule has no FREQ", f"Begin with FREQ=, one of {', '.join(FREQUENCIES)}.")
    rule = Rule(**parts)
    _check(rule, place)
    return rule, whole_day


def _check(rule: Rule, place: _Place) -> None:
    """Refuse what the RFC forbids, because programs disagree on its meaning."""
    name = FREQUENCIES[rule.freq]
    yearly, monthly, weekly, daily = range(4)
    numbered = any(number for _, number in rule.byday or ())
    days = (rule.bymonth, rule.bymonthday, rule.byyearday, rule.byweekno, rule.byday)
    times = (rule.byhour, rule.byminute, rule.bysecond)
    forbidden = {
        "COUNT and UNTIL together": rule.count is not None and rule.until is not None,
        f"BYWEEKNO with FREQ={name}": rule.byweekno is not None and rule.freq != yearly,
        f"BYYEARDAY with FREQ={name}": rule.byyearday is not None and rule.freq in {monthly, weekly, daily},
        f"BYMONTHDAY with FREQ={name}": rule.bymonthday is not None and rule.freq == weekly,
        f"a number in BYDAY with FREQ={name}": numbered and rule.freq > monthly,
        "a number in BYDAY with BYWEEKNO": numbered and rule.byweekno is not None,
        "BYSETPOS without another BY part": rule.bysetpos is not None and not any(days + times),
    }
    for what, is_so in forbidden.items():
        if is_so:
            raise _fault(place, f"the standard forbids {what}", "Leave one of the two out, or use another FREQ.")


def _one(place: _Place, lowest: int, highest: int, *, signed: bool = False) -> int:
    text = place.text
    sign = text[:1] if signed and text[:1] in {"+", "-"} else ""
    digits = text[len(sign) :]
    number = int(digits) if re.fullmatch(r"[0-9]{1,6}", digits) else -1
    if not lowest <= number <= highest:
        form = f"{lowest}\u2013{highest}" + (" (or negative)" if signed else "")
        raise _fault(place, f'expected {form}, got "{text[:20]}"', f"Use a whole number of {form}.")
    return -number if sign == "-" else number


def _number(lowest: int, highest: int) -> Callable[[_Place], object]:
    return lambda place: _one(place, lowest, highest)


def _numbers(lowest: int, highest: int, *, signed: bool = False) -> Callable[[_Place], object]:
    def read(place: _Place) -> object:
        return tuple(sorted({_one(part, lowest, highest, signed=signed) for part in place.parts(",")}))

    return read


def _name(known: tuple[str, ...]) -> Callable[[_Place], object]:
    def read(place: _Place) -> object:
        if place.text not in known:
            close = difflib.get_close_matches(place.text[:20], known, n=1)
            advice = f"Did you mean {close[0]}?" if close else f"Write {known[0]}, for example."
            raise _fault(place, f'expected {", ".join(known)}, got "{place.text[:20]}"', advice)
        return known.index(place.text)

    return read


def _days(place: _Place) -> object:
    found = set()
    for part in place.parts(","):
        match = _DAY.fullmatch(part.text)
        if match is None or match[2] not in WEEKDAYS or (match[1] and not 1 <= abs(int(match[1])) <= 53):  # noqa: PLR2004 - weeks of a year
            short = re.match(r"[+-]?[0-9]*(?:MO|TU|WE|TH|FR|SA|SU)(?=[A-Z])", part.text)
            advice = f"Did you mean {short[0]}?" if short else "Write MO to SU; -1FR is the last Friday."
            raise _fault(part, f'"{part.text[:20]}" is no weekday', advice)
        found.add((WEEKDAYS.index(match[2]), int(match[1] or 0)))
    return tuple(sorted(found))


_READERS: dict[str, Callable[[_Place], object]] = {
    "FREQ": _name(FREQUENCIES),
    "INTERVAL": _number(1, _LARGEST_INTERVAL),
    "COUNT": _number(1, MOST_COUNTED),
    "UNTIL": _moment,
    "WKST": _name(WEEKDAYS),
    "BYMONTH": _numbers(1, 12),
    "BYMONTHDAY": _numbers(1, 31, signed=True),
    "BYYEARDAY": _numbers(1, 366, signed=True),
    "BYWEEKNO": _numbers(1, 53, signed=True),
    "BYDAY": _days,
    "BYHOUR": _numbers(0, 23),
    "BYMINUTE": _numbers(0, 59),
    "BYSECOND": _numbers(0, 59),
    "BYSETPOS": _numbers(1, 366, signed=True),
}
