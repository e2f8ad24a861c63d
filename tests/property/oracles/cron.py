"""Cron rules with a meaning that is known from the way they were made, and all their fire times by looking.

Nothing here is shared with the code under test: each field is a set of numbers or a test of a date, and each instant
is looked at.
"""

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, pairwise

from hypothesis import strategies as st

from property.oracles.clocks import LONGEST_SHIFT, Reading
from punctual.domain.errors import TriggerError
from punctual.domain.triggers import Cron, cron
from punctual.domain.triggers.cron_days import DayMatch
from punctual.domain.triggers.zone import OnFold, OnGap

_TICK = timedelta(microseconds=1)

DateRule = Callable[[date], bool]


@dataclass(frozen=True)
class Part:
    """A field: its text, and what it means."""

    text: str
    numbers: frozenset[int] = frozenset()
    matches: DateRule = lambda _: False

    @property
    def star(self) -> bool:
        return self.text.startswith("*") or self.text == "?"


def numbers(lowest: int, highest: int, names: tuple[str, ...] = (), *, sunday: bool = False) -> st.SearchStrategy[Part]:
    """A field of numbers; `sunday` makes the numbers weekdays, of which 7 is 0 too."""
    everything = range(lowest, highest + 1)
    whole = st.just(Part("*", frozenset(everything)))
    stepped = st.integers(1, highest - lowest).map(lambda step: Part(f"*/{step}", frozenset(everything[::step])))

    def shown(number: int, form: int) -> str:
        if names and form:
            name = names[number - lowest]
            return (name[:3], name.upper(), name)[form % 3]
        return "7" if sunday and number == 0 and form % 2 else str(number)

    @st.composite
    def item(draw: st.DrawFn) -> Part:
        first, last = draw(st.integers(lowest, highest)), draw(st.integers(lowest, highest))
        step = draw(st.integers(1, highest - lowest))
        first_text, last_text = (
            shown(first, draw(st.integers(0, 3))),
            shown(last, draw(st.integers(0, 2) if names else st.just(0))),
        )
        members = [first]
        while members[-1] != last:
            members.append(members[-1] + 1 if members[-1] < highest else lowest)
        match draw(st.integers(0, 3)):
            case 0:
                return Part(first_text, frozenset({first}))
            case 1:
                return Part(f"{first_text}-{last_text}", frozenset(members))
            case 2:
                return Part(f"{first_text}-{last_text}/{step}", frozenset(members[::step]))
            case _:
                return Part(f"{first_text}/{step}", frozenset(range(first, highest + 1, step)))

    listed = st.lists(item(), min_size=1, max_size=3).map(
        lambda parts: Part(",".join(part.text for part in parts), frozenset().union(*(part.numbers for part in parts)))
    )
    return st.one_of(whole, stepped, item(), listed)


def length_of(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def workday_nearest(day: date, wanted: int) -> date | None:
    """The Monday-to-Friday nearest to a day of this date's month, by trying all."""
    if wanted > length_of(day):
        return None
    aim = day.replace(day=wanted)
    candidates = [day.replace(day=number) for number in range(1, length_of(day) + 1)]
    return min((c for c in candidates if c.weekday() < 5), key=lambda c: (abs(c - aim), c.weekday() != 4))


def dated(part: Part, attribute: Callable[[date], int]) -> Part:
    return Part(part.text, part.numbers, lambda day: attribute(day) in part.numbers)


DAYS = st.one_of(
    numbers(1, 31).map(lambda part: dated(part, lambda day: day.day)),
    st.integers(0, 5).map(
        lambda back: Part(f"L-{back}" if back else "L", matches=lambda day: day.day == length_of(day) - back)
    ),
    st.integers(1, 31).map(lambda wanted: Part(f"{wanted}W", matches=lambda day: day == workday_nearest(day, wanted))),
    st.just(Part("lw", matches=lambda day: day == workday_nearest(day, length_of(day)))),
    st.just(Part("?", matches=lambda _: True)),
    st.just(Part("*", matches=lambda _: True)),
)
DAY_NAMES = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTH_NAMES = tuple(name.lower() for name in calendar.month_name[1:])
WEEKDAYS = st.one_of(
    numbers(0, 6, DAY_NAMES, sunday=True).map(lambda part: dated(part, lambda day: day.isoweekday() % 7)),
    st.tuples(st.integers(0, 7), st.integers(1, 5)).map(
        lambda pair: Part(
            f"{pair[0]}#{pair[1]}",
            matches=lambda day: day.isoweekday() % 7 == pair[0] % 7 and (day.day - 1) // 7 + 1 == pair[1],
        )
    ),
    st.integers(0, 7).map(
        lambda number: Part(
            f"{number}L", matches=lambda day: day.isoweekday() % 7 == number % 7 and day.day + 7 > length_of(day)
        )
    ),
    st.just(Part("?", matches=lambda _: True)),
    st.just(Part("*", matches=lambda _: True)),
)


ON_THE_MINUTE = st.just(Part("0", frozenset({0})))
ANY_SECOND = numbers(0, 59)
ANY_DAY = st.just(Part("*", matches=lambda _: True))
NO_YEAR = st.just(Part("", frozenset(range(1970, 2100))))
"""No year field: every year."""
YEARS = st.sampled_from(
    [
        Part("*", frozenset(range(1970, 2100))),
        Part("1970-2037", frozenset(range(1970, 2038))),
        Part("1970/2", frozenset(range(1970, 2100, 2))),
        Part("1971-2099/2,2000", frozenset(range(1971, 2100, 2)) | {2000}),
        Part("*/3", frozenset(range(1970, 2100, 3))),
    ]
)


@dataclass(frozen=True)
class Rule:
    """An expression with the meaning of each of its fields."""

    second: Part
    minute: Part
    hour: Part
    day: Part
    month: Part
    weekday: Part
    year: Part
    day_match: DayMatch
    on_gap: OnGap | None
    on_fold: OnFold | None

    @property
    def expression(self) -> str:
        fields = [self.minute, self.hour, self.day, self.month, self.weekday]
        if self.second.text != "0" or self.year.text:
            fields.insert(0, self.second)
        if self.year.text:
            fields.append(self.year)
        return " ".join(part.text for part in fields)

    def matches(self, wall: datetime) -> bool:
        return (
            wall.second in self.second.numbers
            and wall.minute in self.minute.numbers
            and wall.hour in self.hour.numbers
            and wall.month in self.month.numbers
            and wall.year in self.year.numbers
            and self._matches_day(wall.date())
        )

    def _matches_day(self, day: date) -> bool:
        on_day, on_weekday = self.day.matches(day), self.weekday.matches(day)
        if self.day_match == "or" and not (self.day.star or self.weekday.star):
            return on_day or on_weekday
        return on_day and on_weekday

    def trigger(self, timezone: str) -> Cron | None:
        """The trigger under test; None where the expression is refused, as one without any date is."""
        try:
            return cron(self.expression, timezone, self.day_match, self.on_gap, self.on_fold)
        except TriggerError:
            return None

    def fire_times(self, windows: list[list[Reading]]) -> list[datetime]:
        """All fire times in the windows, which must show both passes of each wall time in them that comes twice."""
        follows_clock = self.minute.star or self.hour.star
        on_gap = self.on_gap or ("skip" if follows_clock else "shift")
        on_fold = self.on_fold or ("both" if follows_clock else "first")
        passes: dict[datetime, list[datetime]] = {}
        for instant, wall in chain.from_iterable(windows):
            if self.matches(wall):
                passes.setdefault(wall, []).append(instant)
        found = set[datetime]()
        for instants in passes.values():
            found.update({"first": instants[:1], "second": instants[-1:], "both": instants}[on_fold])
        step = windows[0][1][0] - windows[0][0][0]
        for (_, wall_before), (instant, wall_after) in chain.from_iterable(map(pairwise, windows)):
            gap = wall_after - wall_before - step
            if timedelta(0) < gap <= LONGEST_SHIFT and on_gap == "shift":
                missing = (wall_before + number * step for number in range(1, gap // step + 1))
                if any(self.matches(wall) for wall in missing):
                    found.add(instant)
        return sorted(found)


def seldom(special: st.SearchStrategy[Part], usual: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
    """One in four is special: else hardly any rule would have fire times within a few hours."""
    return st.sampled_from([special, usual, usual, usual]).flatmap(lambda chosen: chosen)


def rules(
    second: st.SearchStrategy[Part], hour: st.SearchStrategy[Part], year: st.SearchStrategy[Part] = NO_YEAR
) -> st.SearchStrategy[Rule]:
    """Rules of all parts, with these seconds, hours and years (by default none)."""
    return st.builds(
        Rule,
        second=second,
        minute=numbers(0, 59),
        hour=hour,
        day=seldom(DAYS, ANY_DAY),
        month=seldom(numbers(1, 12, MONTH_NAMES), st.just(Part("*", frozenset(range(1, 13))))),
        weekday=seldom(WEEKDAYS, ANY_DAY),
        year=year,
        day_match=st.sampled_from(["or", "and"]),
        on_gap=st.sampled_from([None, None, "shift", "skip"]),
        on_fold=st.sampled_from([None, None, "first", "second", "both"]),
    )


def listed(hours: list[int]) -> Part:
    """The hour field that lists these hours."""
    return Part(",".join(map(str, hours)), frozenset(hours))


def check(rule: Rule, timezone: str, windows: list[list[Reading]], margin: timedelta) -> None:
    """Assert that the trigger has exactly the fire times found by looking, in both directions and by count.

    Those within the margin of an end of a window are left aside.
    """
    trigger = rule.trigger(timezone)
    if trigger is None:
        assert not any(rule.matches(wall) for _, wall in chain.from_iterable(windows)), "a rule with dates was refused"
        return
    seen = rule.fire_times(windows)
    for window in windows:
        start, end = window[0][0] + margin, window[-1][0] - margin
        wanted = [instant for instant in seen if start < instant < end]
        assert list(_forward(trigger, start, end)) == wanted
        assert list(_backward(trigger, start, end))[::-1] == wanted
        assert trigger.count_between(start + _TICK, end - _TICK, len(wanted) + 1) == (len(wanted), True)
        for instant in wanted[:3]:
            assert trigger.next_after(instant - _TICK) == instant
            assert trigger.previous_before(instant + _TICK) == instant


def _forward(trigger: Cron, start: datetime, end: datetime) -> Iterator[datetime]:
    following = trigger.next_after(start)
    while following is not None and following < end:
        yield following
        following = trigger.next_after(following)


def _backward(trigger: Cron, start: datetime, end: datetime) -> Iterator[datetime]:
    preceding = trigger.previous_before(end)
    while preceding is not None and preceding > start:
        yield preceding
        preceding = trigger.previous_before(preceding)
