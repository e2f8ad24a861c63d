"""Cron triggers against an oracle that shares nothing with them: it looks at every instant of a few days.

The oracle reads a zone only from UTC to wall time, minute by minute (or second by second), and knows the meaning of
each generated field from the way it was generated, not from its text.
"""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from punctual.domain.triggers import Cron
from punctual.domain.triggers.zone import load_zone

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MARGIN = timedelta(hours=30)

CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("America/Sao_Paulo", "2018-02-18T02:00"),
    ("America/Havana", "2026-03-08T05:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Pacific/Kwajalein", "1993-08-21T12:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Africa/Casablanca", "2026-03-22T02:00"),
    ("Antarctica/Troll", "2026-03-29T01:00"),
    ("Antarctica/Troll", "2026-10-25T01:00"),
    ("Asia/Pyongyang", "2018-05-04T15:00"),
    ("Asia/Kathmandu", "1985-12-31T18:30"),
    ("America/Caracas", "2016-05-01T07:00"),
    ("Europe/Dublin", "2026-10-25T01:00"),
    ("Asia/Kolkata", "2024-02-29T00:00"),
    ("UTC", "2026-12-31T12:00"),
]
CHANGES_TO_THE_SECOND = [
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Africa/Monrovia", "1972-01-07T00:44:30"),
    ("Europe/Amsterdam", "1937-06-30T23:40:28"),
]

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


@dataclass(frozen=True)
class Rule:
    """An expression with the meaning of each of its fields."""

    second: Part
    minute: Part
    hour: Part
    day: Part
    month: Part
    weekday: Part
    day_match: str
    on_gap: str | None
    on_fold: str | None

    def matches(self, wall: datetime) -> bool:
        on_day, on_weekday = self.day.matches(wall.date()), self.weekday.matches(wall.date())
        either = self.day_match == "or" and not (self.day.star or self.weekday.star)
        return (
            wall.second in self.second.numbers
            and wall.minute in self.minute.numbers
            and wall.hour in self.hour.numbers
            and wall.month in self.month.numbers
            and (on_day or on_weekday if either else on_day and on_weekday)
        )

    def trigger(self, timezone: str) -> Cron:
        fields = [self.minute, self.hour, self.day, self.month, self.weekday]
        if self.second.text != "0":
            fields.insert(0, self.second)
        return Cron.model_validate(
            {
                "expression": " ".join(part.text for part in fields),
                "timezone": timezone,
                "day_match": self.day_match,
                "on_gap": self.on_gap,
                "on_fold": self.on_fold,
            }
        )


ON_THE_MINUTE = st.just(Part("0", frozenset({0})))
NEAR_HOURS = numbers(0, 23) | st.lists(st.integers(0, 4), min_size=1, max_size=3).map(
    lambda hours: Part(",".join(map(str, hours)), frozenset(hours))
)
MOSTLY_ANY = st.just(Part("*", matches=lambda _: True))


def rules(second: st.SearchStrategy[Part]) -> st.SearchStrategy[Rule]:
    month = st.just(Part("*", frozenset(range(1, 13)))) | numbers(1, 12, MONTH_NAMES)
    return st.builds(
        Rule,
        second=second,
        minute=numbers(0, 59),
        hour=NEAR_HOURS,
        day=MOSTLY_ANY | DAYS,
        month=month,
        weekday=MOSTLY_ANY | WEEKDAYS,
        day_match=st.sampled_from(["or", "and"]),
        on_gap=st.sampled_from([None, None, "shift", "skip"]),
        on_fold=st.sampled_from([None, None, "first", "second", "both"]),
    )


@lru_cache(maxsize=64)
def clock_readings(timezone: str, change: str, reach: timedelta, step: timedelta) -> list[tuple[datetime, datetime]]:
    """Every instant around the change with the wall time that the zone shows at it."""
    zone, middle = load_zone(timezone), datetime.fromisoformat(change).replace(tzinfo=UTC)
    first, count = middle - reach, 2 * reach // step
    instants = [first + number * step for number in range(count)]
    return [(instant, instant.astimezone(zone).replace(tzinfo=None, fold=0)) for instant in instants]


def expected(rule: Rule, readings: list[tuple[datetime, datetime]], step: timedelta) -> list[datetime]:
    """All fire times among the readings, by the words of the rule."""
    follows_clock = rule.minute.star or rule.hour.star
    on_gap = rule.on_gap or ("skip" if follows_clock else "shift")
    on_fold = rule.on_fold or ("both" if follows_clock else "first")
    passes: dict[datetime, list[datetime]] = {}
    for instant, wall in readings:
        if rule.matches(wall):
            passes.setdefault(wall, []).append(instant)
    found = set[datetime]()
    for instants in passes.values():
        found.update({"first": instants[:1], "second": instants[-1:], "both": instants}[on_fold])
    for (_, wall_before), (instant, wall_after) in pairwise(readings):
        gap = wall_after - wall_before - step
        if timedelta(0) < gap <= timedelta(hours=3) and on_gap == "shift":
            missing = (wall_before + number * step for number in range(1, gap // step + 1))
            if any(rule.matches(wall) for wall in missing):
                found.add(instant)
    return sorted(found)


def check(
    rule: Rule, timezone: str, readings: list[tuple[datetime, datetime]], step: timedelta, margin: timedelta
) -> None:
    try:
        trigger = rule.trigger(timezone)
    except ValueError:
        assert not any(rule.matches(wall) for _, wall in readings), "a rule with dates was refused"
        return
    start, end = readings[0][0] + margin, readings[-1][0] - margin
    wanted = [instant for instant in expected(rule, readings, step) if start < instant < end]
    assert list_forward(trigger, start, end) == wanted
    assert list_backward(trigger, start, end) == wanted
    assert trigger.count_between(start + SECOND / 2, end - SECOND / 2, 100_000) == (len(wanted), True)
    for instant in wanted[:3]:
        assert trigger.next_after(instant - SECOND / 1000) == instant
        assert trigger.previous_before(instant + SECOND / 1000) == instant


def list_forward(trigger: Cron, start: datetime, end: datetime) -> list[datetime]:
    found = []
    following = trigger.next_after(start)
    while following is not None and following < end:
        found.append(following)
        following = trigger.next_after(following)
    return found


def list_backward(trigger: Cron, start: datetime, end: datetime) -> list[datetime]:
    found = []
    preceding = trigger.previous_before(end)
    while preceding is not None and preceding > start:
        found.append(preceding)
        preceding = trigger.previous_before(preceding)
    return found[::-1]


@settings(max_examples=80, deadline=None)
@given(rule=rules(ON_THE_MINUTE), change=st.sampled_from(CHANGES))
def test_every_fire_time_around_a_clock_change_is_given_once_and_nothing_else(
    rule: Rule, change: tuple[str, str]
) -> None:
    readings = clock_readings(*change, timedelta(hours=45), MINUTE)
    check(rule, change[0], readings, MINUTE, MARGIN)


@settings(max_examples=20, deadline=None)
@given(rule=rules(numbers(0, 59)), change=st.sampled_from(CHANGES_TO_THE_SECOND))
def test_seconds_around_a_clock_change_are_given_once_and_nothing_else(rule: Rule, change: tuple[str, str]) -> None:
    readings = clock_readings(*change, timedelta(minutes=150), SECOND)
    check(rule, change[0], readings, SECOND, timedelta(minutes=70))
