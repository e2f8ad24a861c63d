"""One field of a cron expression: its grammar, and the set of numbers it means."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from punctual.domain.identity import stable_number
from punctual.domain.triggers.cron_days import WEEK, LastDay, LastWeekday, NearestWorkday, NthWeekday, SpecialDay

_MONTH_NAMES = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905 - one line reads better than twelve
)
_DAY_NAMES = "sunday monday tuesday wednesday thursday friday saturday".split()  # noqa: SIM905 - same


def _names(full: list[str], first: int) -> dict[str, int]:
    return {form: number for number, name in enumerate(full, first) for form in (name, name[:3])}


@dataclass(frozen=True, slots=True, eq=False)
class FieldKind:
    """What one place in an expression may hold. `highest` is the largest number written; 7 means Sunday again."""

    name: str
    lowest: int
    highest: int
    span: int
    names: Mapping[str, int]
    wraps: bool = True


SECOND = FieldKind("second", 0, 59, 60, {})
MINUTE = FieldKind("minute", 0, 59, 60, {})
HOUR = FieldKind("hour", 0, 23, 24, {})
DAY_OF_MONTH = FieldKind("day of month", 1, 31, 31, {})
MONTH = FieldKind("month", 1, 12, 12, _names(_MONTH_NAMES, 1))
DAY_OF_WEEK = FieldKind("day of week", 0, 7, WEEK, _names(_DAY_NAMES, 0))
YEAR = FieldKind("year", 1970, 9999, 8030, {}, wraps=False)

WORDS = frozenset(form + suffix for form in (*MONTH.names, *DAY_OF_WEEK.names) for suffix in ("", "l")) | {
    "h",
    "l",
    "lw",
}
"""The words with which a field may start, in lower case; anything else that starts with a letter is no field."""


class Field(NamedTuple):
    """The numbers a field matches, as bits of an int, and the days that depend on the month.

    `star` tells that its text starts with `*` (or is `?`), which cron treats apart.
    """

    numbers: int
    star: bool
    special: tuple[SpecialDay, ...] = ()


def _plain_fields(kind: FieldKind) -> dict[str, Field]:
    """Return the commonest texts of a field, with what they mean: the star, and each number but those of years."""
    star = Field((1 << kind.span) - 1 << kind.lowest, star=True)
    numbers = range(kind.lowest, kind.lowest + kind.span) if kind.lowest <= 1 else ()
    return {"*": star} | {str(number): Field(1 << number, star=False) for number in numbers}


PLAIN = {kind: _plain_fields(kind) for kind in (SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK, YEAR)}
"""What needs no reading, by kind and text."""


class FieldError(Exception):
    """A fault in a field's text, at an offset from its start."""

    def __init__(self, *, message: str, fix: str, offset: int) -> None:
        """Keep the sentence, the fix and the place."""
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.offset = offset


_PLAIN = re.compile(r"(?:\*|([0-9]{1,4})-([0-9]{1,4}))(?:/([0-9]{1,4}))?")
_NUMBER = re.compile(r"[0-9]+")
_WORD = re.compile(r"[A-Za-z]+")
_STAR = re.compile(r"\*")
_LAST_DAY = re.compile(r"L(?:-([0-9]+))?", re.IGNORECASE)
_WORKDAY = re.compile(r"(?:([0-9]+)|L)W", re.IGNORECASE)
_NTH_WEEKDAY = re.compile(r"([0-9]+|[A-Za-z]+)#([0-9]+)")
_LAST_WEEKDAY = re.compile(r"([0-9]+|[A-Za-z]{2,}?)L", re.IGNORECASE)
_HASHED = re.compile(r"H(?:\(([^()]*)\))?(?:/(.*))?", re.IGNORECASE)
_LAST_WEEKDAY_REVERSED = re.compile(r"L([0-7])", re.IGNORECASE)
_MOST_IN_MONTH = 5
_MOST_BACK = 30
_DAYS_OF_EVERY_MONTH = 28
_LONGEST_SHOWN = 20
_DASHES = {"\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"}


@lru_cache(maxsize=4096)
def read_field(kind: FieldKind, text: str, seed: str = "") -> Field:
    """Return what the field's text means; `H` stands for a number that the seed decides.

    Raises FieldError with what was expected, what was found and where.
    """
    if plain := PLAIN[kind].get(text):
        return plain
    if text == "?" and kind in (DAY_OF_MONTH, DAY_OF_WEEK):
        return PLAIN[kind]["*"]
    if bits := _plain_bits(kind, text):
        return Field(bits, text[0] == "*")
    numbers, special, offset = 0, [], 0
    for place, item in enumerate(text.split(",")):
        if item[:1] in {"H", "h"}:
            numbers |= _hashed_bits(kind, item, offset, f"{seed}/{kind.name}/{place}")
            offset += len(item) + 1
            continue
        if bits := _plain_bits(kind, item):
            numbers |= bits
            offset += len(item) + 1
            continue
        day = _special_day(kind, item, offset)
        if day is None:
            numbers |= _item_bits(kind, item, offset)
        else:
            special.append(day)
        offset += len(item) + 1
    return Field(numbers, text[0] == "*", tuple(special))


def _range_bits(kind: FieldKind, first: int, last: int, step: int) -> int:
    if last < first:
        last += kind.span
    bits = _stepped_bits(first, last, step)
    end = kind.lowest + kind.span
    return bits & (1 << end) - 1 | bits >> end << kind.lowest


def _plain_bits(kind: FieldKind, item: str) -> int:
    """Return the numbers of an item of the commonest forms (`*/5`, `9-17`); 0 where it must be looked at closely."""
    match = _PLAIN.fullmatch(item)
    if match is None:
        return 0
    first_text, last_text, step_text = match.groups()
    end = kind.lowest + kind.span - 1
    first = int(first_text) if first_text else kind.lowest
    last = int(last_text) if last_text else end
    step = int(step_text) if step_text else 1
    if not (kind.lowest <= first <= last <= end and 1 <= step < kind.span):
        return 0
    return _stepped_bits(first, last, step)


def _stepped_bits(first: int, last: int, step: int) -> int:
    """Return the bits of every such step from the first number to the last: a series in powers of 2 ** step."""
    count = (last - first) // step + 1
    return ((1 << step * count) - 1) // ((1 << step) - 1) << first


def _item_bits(kind: FieldKind, item: str, offset: int) -> int:
    """Return the numbers of one item of the list: `*`, `a`, `a-b`, each with or without `/step`."""
    head, slash, step_text = item.partition("/")
    step = _step(kind, step_text, offset + len(head) + 1) if slash else 1
    if head == "*":
        return _range_bits(kind, kind.lowest, kind.lowest + kind.span - 1, step)
    first_text, dash, last_text = head.partition("-")
    first = _value(kind, first_text, offset)
    if kind is DAY_OF_WEEK:
        first %= WEEK
    if dash:
        last = _value(kind, last_text, offset + len(first_text) + 1)
    else:
        last = kind.lowest + kind.span - 1 if slash else first
    if last < first and not kind.wraps:
        raise FieldError(
            message=f"the {kind.name} range {head} runs backwards",
            fix=f"Write the earlier {kind.name} first.",
            offset=offset,
        )
    return _range_bits(kind, first, last, step)


def _hashed_bits(kind: FieldKind, item: str, offset: int, seed: str) -> int:
    """Return the numbers of an item with `H`: one of the field's or the range's, or every step from one of the first.

    As in Jenkins, `H` alone keeps to the days of the month that every month has.
    """
    match = _HASHED.fullmatch(item)
    if match is None or kind is YEAR:
        raise FieldError(
            message=f"unexpected {_shown(item)} in {kind.name}",
            fix="A year must be given." if kind is YEAR else 'Write "H", "H(0-29)", "H/15" or "H(0-29)/10".',
            offset=offset,
        )
    first, last = kind.lowest, _DAYS_OF_EVERY_MONTH if kind is DAY_OF_MONTH else kind.lowest + kind.span - 1
    if match[1] is not None:
        first, last = _hashed_range(kind, match[1], offset + match.start(1))
    hashed = stable_number(seed)
    if match[2] is None:
        number = first + hashed % (last - first + 1)
        return _range_bits(kind, number, number, 1)
    step = _step(kind, match[2], offset + match.start(2))
    if step > last - first + 1:
        raise FieldError(
            message=f"the step {step} is longer than the range {first}-{last}",
            fix="For one number of the range, leave the step out.",
            offset=offset + match.start(2),
        )
    return _range_bits(kind, first + hashed % step, last, step)


def _hashed_range(kind: FieldKind, text: str, offset: int) -> tuple[int, int]:
    first_text, dash, last_text = text.partition("-")
    first, last = (
        _value(kind, first_text, offset),
        _value(kind, last_text if dash else "", offset + len(first_text) + 1),
    )
    if last < first:
        raise FieldError(
            message=f"the {kind.name} range of H runs backwards", fix="Write the smaller one first.", offset=offset
        )
    if kind is DAY_OF_WEEK and last == WEEK and first == 0:
        last -= 1  # 0 and 7 are the same day
    return first, last


def _step(kind: FieldKind, text: str, offset: int) -> int:
    most = kind.span - 1
    expected = f"the step of {kind.name} must be 1\u2013{most}"
    if not _NUMBER.fullmatch(text):
        raise FieldError(
            message=f"{expected}, got {_shown(text)}",
            fix=f'Write a number after "/", for example "*/{most // 5}".',
            offset=offset,
        )
    step = int(text) if len(text) < len("10000") else kind.highest + 1
    if not 1 <= step <= most:
        advice = (
            f'To match only the first one, write "{kind.lowest}".'
            if step > most
            else 'To match every one, write "*" without a step.'
        )
        raise FieldError(message=f"{expected}, got {text}", fix=advice, offset=offset)
    return step


def _value(kind: FieldKind, text: str, offset: int) -> int:
    if _NUMBER.fullmatch(text):
        return _number(kind, text, offset)
    if kind is DAY_OF_WEEK and text.upper() == "L":
        raise FieldError(
            message='"L" alone is no day of week',
            fix='Write which day: "5L" is the last Friday of the month.',
            offset=offset,
        )
    if _WORD.fullmatch(text) and kind.names:
        number = kind.names.get(text.lower())
        if number is None:
            raise FieldError(message=f'"{text}" is no {kind.name}', fix=_likely_name(kind, text), offset=offset)
        return number
    raise _unexpected(kind, text, offset)


def _number(kind: FieldKind, text: str, offset: int) -> int:
    number = int(text) if len(text) < len("10000") else kind.highest + 1
    if not kind.lowest <= number <= kind.highest:
        fix = f"Use a number from {kind.lowest} to {kind.highest}."
        if kind is HOUR and number == kind.span:
            fix = "Midnight is hour 0."
        elif kind in (MINUTE, SECOND) and number == kind.span:
            fix = f"The full {'hour' if kind is MINUTE else 'minute'} is {kind.name} 0."
        raise FieldError(
            message=f"{kind.name} must be {kind.lowest}\u2013{kind.highest}, got {text}", fix=fix, offset=offset
        )
    return number


def _unexpected(kind: FieldKind, text: str, offset: int) -> FieldError:
    if not text:
        return FieldError(
            message=f"a {kind.name} is missing",
            fix="Give a number on both sides of each comma and each dash.",
            offset=offset,
        )
    if kind is DAY_OF_WEEK and (reversed_form := _LAST_WEEKDAY_REVERSED.fullmatch(text)):
        return FieldError(
            message=f'"{text}" is no day of week', fix=f'Did you mean "{reversed_form[1]}L"?', offset=offset
        )
    leading = _NUMBER.match(text) or _STAR.match(text) or (_WORD.match(text) if kind.names else None)
    place = leading.end() if leading else 0
    example = {DAY_OF_MONTH: "1, 1-15, */2, L, L-3, LW or 15W", DAY_OF_WEEK: "1, mon-fri, 5#2 or 5L"}.get(
        kind, f"{kind.lowest}, {kind.lowest}-{kind.lowest + 5}, {kind.lowest},{kind.lowest + 2} or */2"
    )
    fix = f"The field takes forms like {example}."
    if text[place : place + 1] in _DASHES:
        fix = f'Did you mean "{text[:place]}-{text[place + 1 :]}", with a plain dash?'
    return FieldError(
        message=f"unexpected {_shown(text[place:])} in {kind.name}",
        fix=fix,
        offset=offset + place,
    )


def _likely_name(kind: FieldKind, text: str) -> str:
    wanted = text.lower()
    close = difflib.get_close_matches(wanted, kind.names, n=1, cutoff=0.6)
    likely = close[0] if close else next((name for name in kind.names if name[:3] == wanted[:3]), None)
    return f'Did you mean "{likely}"?' if likely else f"Use names such as {', '.join(list(kind.names)[1::2][:3])}."


def _shown(text: str) -> str:
    if not text:
        return "nothing"
    return f'"{text}"' if len(text) <= _LONGEST_SHOWN else f'"{text[:_LONGEST_SHOWN]}..."'


def _special_day(kind: FieldKind, item: str, offset: int) -> SpecialDay | None:
    """Return the day that the item names if it is one that depends on the month."""
    if kind is DAY_OF_MONTH:
        if match := _LAST_DAY.fullmatch(item):
            back = match[1] or "0"
            if len(back) > len("30") or int(back) > _MOST_BACK:
                raise FieldError(
                    message=f"day of month takes L-1 to L-{_MOST_BACK}, got {item}",
                    fix=f"No month has {back} days before its last.",
                    offset=offset,
                )
            return LastDay(int(back))
        if match := _WORKDAY.fullmatch(item):
            return NearestWorkday(_number(kind, match[1], offset) if match[1] else None)
    elif kind is DAY_OF_WEEK:
        if match := _NTH_WEEKDAY.fullmatch(item):
            weekday = _value(kind, match[1], offset) % WEEK
            if len(match[2]) > 1 or not 1 <= int(match[2]) <= _MOST_IN_MONTH:
                raise FieldError(
                    message=f'the number after "#" must be 1\u2013{_MOST_IN_MONTH}, got {match[2]}',
                    fix=f'For the last one in the month write "{match[1]}L".',
                    offset=offset + match.start(2),
                )
            return NthWeekday(weekday, int(match[2]))
        if match := _LAST_WEEKDAY.fullmatch(item):
            return LastWeekday(_value(kind, match[1], offset) % WEEK)
    return None
