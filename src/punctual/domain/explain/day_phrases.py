"""Days of the week and months, in words."""

from punctual.domain.explain.phrases import MONTHS, WEEKDAYS, items_of, listed, ordinal, runs_of, step_of
from punctual.domain.triggers.cron_days import WEEK

ALL_MONTHS = list(range(1, 13))
_MON_TO_FRI = [1, 2, 3, 4, 5]
SHORTEST_MONTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""By the number of the month, the days that it has in every year."""

_NTH = ("", "first", "second", "third", "fourth", "fifth")
_FEWEST_IN_RUN = 3


def nth_word(nth: int) -> str:
    """Return `first`, `fifth`, `6th`; from the end `last`, `second to last`."""
    if nth < 0:
        return "last" if nth == -1 else f"{nth_word(-nth)} to last"
    return _NTH[nth] if nth < len(_NTH) else ordinal(nth)


def one_weekday(numbers: list[int]) -> list[str]:
    """Return what a day of these weekdays is: `a weekday (Monday to Friday)`, or `a Monday` and `a Friday`."""
    stretch = _stretch_of(numbers)
    if numbers == _MON_TO_FRI:
        return ["a weekday (Monday to Friday)"]
    if stretch is not None:
        return [f"a day from {WEEKDAYS[stretch[0]]} to {WEEKDAYS[stretch[1]]}"]
    return [f"a {WEEKDAYS[number]}" for number in _from_monday(numbers)]


def weekday_names(numbers: list[int]) -> str:
    """Return `weekday`, `day from Friday to Monday`, `Monday and Friday`: to stand after `every`."""
    if numbers == _MON_TO_FRI:
        return "weekday"
    stretch = _stretch_of(numbers)
    if stretch is not None:
        return f"day from {WEEKDAYS[stretch[0]]} to {WEEKDAYS[stretch[1]]}"
    return listed([WEEKDAYS[number] for number in _from_monday(numbers)])


def plural_weekdays(numbers: list[int]) -> str | None:
    """Return `weekdays`, `Mondays and Fridays`; None for a stretch of days, which has no plural."""
    if numbers == _MON_TO_FRI:
        return "weekdays"
    if _stretch_of(numbers) is not None:
        return None
    return listed([f"{WEEKDAYS[number]}s" for number in _from_monday(numbers)])


def _from_monday(numbers: list[int]) -> list[int]:
    return sorted(numbers, key=lambda number: (number - 1) % WEEK)


def _stretch_of(numbers: list[int]) -> tuple[int, int] | None:
    """Return the first and last of three to six weekdays in a row, over the week's end too."""
    if not _FEWEST_IN_RUN <= len(numbers) < WEEK:
        return None
    firsts = [number for number in numbers if (number - 1) % WEEK not in numbers]
    return (firsts[0], (firsts[0] + len(numbers) - 1) % WEEK) if len(firsts) == 1 else None


def of_months(months: list[int]) -> str:
    """Return `every month`, `June`, `every month from June to August`: to stand after `of`."""
    if months == ALL_MONTHS:
        return "every month"
    return f"every month{in_months(months)}" if _is_season(months) else listed(_month_items(months))


def in_months(months: list[int]) -> str:
    """Return ` in June`, ` from June to August`; nothing for all months."""
    if months == ALL_MONTHS:
        return ""
    items = _month_items(months)
    return f" from {items[0]}" if _is_season(months) else f" in {listed(items)}"


def _month_items(months: list[int]) -> list[str]:
    step = step_of(months, 4)
    if step is not None:
        return [f"every {ordinal(step)} month from {MONTHS[months[0]]} to {MONTHS[months[-1]]}"]
    return items_of(months, MONTHS.__getitem__)


def _is_season(months: list[int]) -> bool:
    return len(runs_of(months)) == 1 and len(months) >= _FEWEST_IN_RUN
