"""The small change of English that the words of triggers are made of."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

MONTHS = (
    "",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""By the number of the month."""

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
"""By the number of the weekday, as cron counts."""

_FEWEST_IN_RUN = 3
_FEWEST_IN_PROGRESSION = 5
_TEENS = range(11, 14)


def listed(items: Sequence[str], last: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def counted(count: int, noun: str) -> str:
    """Return `1 minute`, `2 minutes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `11th`."""
    if number % 100 in _TEENS:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def numbers_of(bits: int) -> list[int]:
    """Return the numbers that the bits of an int stand for, in order."""
    return [number for number, bit in enumerate(bin(bits)[:1:-1]) if bit == "1"]


def runs_of(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and last number of each stretch without a hole."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def items_of(numbers: Sequence[int], show: Callable[[int], str]) -> list[str]:
    """Return the numbers as shown, three and more in a row as `a to b`."""
    items: list[str] = []
    for first, last in runs_of(numbers):
        if last - first + 1 >= _FEWEST_IN_RUN:
            items.append(f"{show(first)} to {show(last)}")
        else:
            items += [show(number) for number in range(first, last + 1)]
    return items


def step_of(numbers: Sequence[int], fewest: int = _FEWEST_IN_PROGRESSION) -> int | None:
    """Return the step of numbers that are at least 2, and equally, apart; None for all others and for too few."""
    if len(numbers) < fewest:
        return None
    step = numbers[1] - numbers[0]
    return step if step > 1 and list(numbers) == list(range(numbers[0], numbers[-1] + 1, step)) else None


def date_words(moment: date) -> str:
    """Return `24 December 2026`."""
    return f"{moment.day} {MONTHS[moment.month]} {moment.year}"


def clock_words(moment: datetime) -> str:
    """Return `18:00`, with seconds and their fraction only where there are any."""
    if moment.microsecond:
        return moment.strftime("%H:%M:%S") + f".{moment.microsecond:06}".rstrip("0")
    return moment.strftime("%H:%M:%S" if moment.second else "%H:%M")


def moment_words(instant: datetime, local: datetime) -> str:
    """Return an instant on the clock that `local` shows: `18:00 on 24 December 2026 CET`."""
    try:
        wall = instant.astimezone(local.tzinfo)
    except OverflowError:
        wall = instant
    return f"{clock_words(wall)} on {date_words(wall)} {wall:%Z}"
