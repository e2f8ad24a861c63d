"""Calendars against a walk over the wall clock, minute by minute, in the days around a change of the clocks."""

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.calendars.use import OpenTimes
from punctual.domain.triggers.zone import zone_names

Rule = dict[str, Any]

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
DAYS = 6
"""Days of the walk; those in the middle are judged, and what begins or ends near its borders is not."""

JUDGED = range(2 * 1440, 4 * 1440)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SOME_DAYS = st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True)

NAMED = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 2, 18, 2, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),
    ("America/St_Johns", datetime(2006, 10, 29, 2, 31, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Pacific/Kwajalein", datetime(1993, 8, 21, 12, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("UTC", datetime(2026, 12, 31, 12, tzinfo=UTC)),
]


class Walk(NamedTuple):
    """What the clocks of a zone show at each minute from `start` on."""

    zone: str
    start: datetime
    walls: list[datetime]
    latest_yet: list[datetime]
    earliest_to_come: list[datetime]
    changed: datetime

    @property
    def dates(self) -> list[date]:
        """The days of the walk and the two before it, whether the clocks show them or not."""
        first = self.walls[0].date() - 2 * DAY
        return [first + number * DAY for number in range(DAYS + 4)]

    def minutes(self, wall_from: datetime, wall_until: datetime) -> range:
        """The minutes from the first that shows `wall_from` or later to the last that shows less than `wall_until`."""
        return range(bisect_left(self.latest_yet, wall_from), bisect_left(self.earliest_to_come, wall_until))

    def occurrence(self, wall: datetime) -> int | None:
        """The minute at which something set for a wall time happens: the first reading, or the end of a gap."""
        if wall in self.walls:
            return self.walls.index(wall)
        for index in range(1, len(self.walls)):
            before, after = self.walls[index - 1], self.walls[index]
            if before < wall < after:
                return index if after - before - MINUTE <= timedelta(hours=3) else None
        return None


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    name, instant = draw(st.sampled_from(NAMED) | found_changes())
    start = instant - (DAYS // 2) * DAY - draw(st.sampled_from([0, 0, 7, 12])) * timedelta(hours=1)
    start = start.replace(second=0)
    zone = ZoneInfo(name)
    walls = [(start + number * MINUTE).astimezone(zone).replace(tzinfo=None, fold=0) for number in range(DAYS * 1440)]
    earliest_to_come = list(accumulate(reversed(walls), min))[::-1]
    changed = instant.astimezone(zone).replace(tzinfo=None)
    return Walk(name, start, walls, list(accumulate(walls, max)), earliest_to_come, changed)


@st.composite
def found_changes(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone of all there are, and a change of its clocks in some year, or the year's start without one."""
    name = draw(st.sampled_from(sorted(zone_names())))
    first = datetime(draw(st.integers(1975, 2037)), 1, 1, tzinfo=UTC)
    zone = ZoneInfo(name)
    for number in range(366):
        day = first + number * DAY
        offset = day.astimezone(zone).utcoffset()
        if offset != (day + DAY).astimezone(zone).utcoffset():
            minutes = [day + minute * MINUTE for minute in range(1, 1441)]
            return name, next(instant for instant in minutes if instant.astimezone(zone).utcoffset() != offset)
    return name, first


def hour_drawn(draw: st.DrawFn, walk: Walk) -> str:
    """A time of day, most often one that is shown, missing or shown twice near the change of the clocks."""
    near = walk.changed + draw(st.integers(-10, 10)) * timedelta(minutes=15)
    return draw(st.sampled_from([f"{near:%H:%M}", f"{near:%H:%M}", "00:00", "09:00", "22:30"]))


def dates_drawn(draw: st.DrawFn, walk: Walk) -> Rule:
    days = draw(st.lists(st.sampled_from(walk.dates), min_size=1, max_size=3))
    return {"kind": "dates", "dates": [day.isoformat() for day in days]}


def weekly_drawn(draw: st.DrawFn, walk: Walk) -> Rule:
    rule: Rule = {"kind": "weekly", "days": draw(st.just(WEEKDAYS) | SOME_DAYS)}
    first, last = hour_drawn(draw, walk), draw(st.sampled_from([hour_drawn(draw, walk), "24:00"]))
    return rule if first == last else {**rule, "from": first, "until": last}


def yearly_drawn(draw: st.DrawFn, walk: Walk) -> Rule:
    first, last = (f"{draw(st.sampled_from(walk.dates)):%m-%d}" for _ in range(2))
    return {"kind": "yearly", "days": draw(st.sampled_from([first, f"{first}..{last}"]))}


def range_drawn(draw: st.DrawFn, walk: Walk) -> Rule:
    numbers = sorted(draw(st.integers(0, len(walk.walls) - 1)) for _ in range(2))
    days = [walk.dates[number // 1440].isoformat() for number in numbers]
    times = sorted(f"{day}T{hour_drawn(draw, walk)}" for day in days)
    instants = [(walk.start + number * MINUTE).isoformat() for number in numbers]
    ends = draw(st.sampled_from([days, times, instants]))
    first, last = ends if ends[0] < ends[1] else days
    return {"kind": "range", "from": first, "until": last}


def recurring_drawn(draw: st.DrawFn, walk: Walk) -> Rule:
    start = f"{draw(st.sampled_from(walk.dates)):%Y%m%d}T{hour_drawn(draw, walk).replace(':', '')}00"
    lasting: list[Rule] = [{"duration": "30m"}, {"duration": "25h"}, {"days": 1}, {"days": 2}]
    freq = draw(st.sampled_from(["DAILY", "DAILY;INTERVAL=2"]))
    expression = f"DTSTART:{start} RRULE:FREQ={freq}"
    return {"kind": "recurring", "expression": expression, **draw(st.sampled_from(lasting))}


@st.composite
def rules(draw: st.DrawFn, walk: Walk) -> Rule:
    drawn = draw(st.sampled_from([dates_drawn, weekly_drawn, yearly_drawn, range_drawn, recurring_drawn]))
    rule: Rule = drawn(draw, walk)
    return rule


def covered_by(rule: Rule, walk: Walk) -> set[int]:
    """The minutes of the walk that a rule covers."""
    if rule["kind"] == "recurring":
        return occurring(rule, walk)
    if rule["kind"] == "range" and "T" in rule["from"]:
        first, last = datetime.fromisoformat(rule["from"]), datetime.fromisoformat(rule["until"])
        if first.tzinfo is None:
            return set(walk.minutes(first, last))
        return {index for index in range(len(walk.walls)) if first <= walk.start + index * MINUTE < last}
    found: set[int] = set()
    for day in walk.dates:
        if names(rule, day):
            found.update(walk.minutes(*hours_of(rule, day)))
    return found


def names(rule: Rule, day: date) -> bool:
    match rule["kind"]:
        case "dates":
            return day.isoformat() in rule["dates"]
        case "weekly":
            return WEEKDAYS[day.weekday()] in rule["days"]
        case "range":
            return bool(rule["from"] <= day.isoformat() <= rule["until"])
    first, _, last = rule["days"].partition("..")
    name, last = f"{day:%m-%d}", last or first
    return bool(first <= name <= last if first <= last else name >= first or name <= last)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall time


def hours_of(rule: Rule, day: date) -> tuple[datetime, datetime]:
    if rule["kind"] != "weekly" or "from" not in rule:
        return midnight(day), midnight(day + DAY)
    first, last = (timedelta(hours=int(text[:2]), minutes=int(text[3:])) for text in (rule["from"], rule["until"]))
    return midnight(day) + first, midnight(day) + (last if last > first else last + DAY)


def occurring(rule: Rule, walk: Walk) -> set[int]:
    found: set[int] = set()
    wall = datetime.strptime(rule["expression"][8:23], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - a wall time
    step = 2 * DAY if "INTERVAL" in rule["expression"] else DAY
    while wall < walk.walls[-1]:
        index = walk.occurrence(wall)
        if index is not None and "days" in rule:
            day = walk.walls[index].date()
            found.update(walk.minutes(midnight(day), midnight(day + rule["days"] * DAY)))
        elif index is not None:
            found.update(range(index, index + {"30m": 30, "25h": 1500}[rule["duration"]]))
        wall += step
    return found


@st.composite
def calendars(draw: st.DrawFn, walk: Walk, name: str) -> tuple[Calendar, set[int]]:
    chosen = draw(st.lists(rules(walk), min_size=1, max_size=3))
    calendar = Calendar.model_validate({"name": name, "timezone": walk.zone, "rules": chosen})
    return calendar, set().union(*(covered_by(rule, walk) for rule in chosen))


@settings(max_examples=100, deadline=None)
@given(walk=walks(), data=st.data())
def test_a_calendar_holds_the_minutes_that_the_clocks_show_to_be_its(walk: Walk, data: st.DataObject) -> None:
    calendar, covered = data.draw(calendars(walk, "c"))
    wrong = [
        str(walk.walls[index])
        for index in JUDGED
        if (calendar.stretch_at(walk.start + index * MINUTE) is not None) != (index in covered)
    ]
    assert wrong == []


@settings(max_examples=100, deadline=None)
@given(walk=walks(), data=st.data(), sorts=st.lists(st.booleans(), min_size=1, max_size=3))
def test_a_schedule_is_closed_and_opens_again_at_the_minutes_that_the_clocks_show(
    walk: Walk, data: st.DataObject, sorts: list[bool]
) -> None:
    drawn = [(data.draw(calendars(walk, f"c{number}")), allowed) for number, allowed in enumerate(sorts)]
    times = OpenTimes(
        [calendar for (calendar, _), allowed in drawn if not allowed],
        [calendar for (calendar, _), allowed in drawn if allowed],
    )
    is_open = [all((index in covered) == allowed for (_, covered), allowed in drawn) for index in range(JUDGED.stop)]
    end = walk.start + JUDGED.stop * MINUTE
    following = JUDGED.stop
    for index in reversed(JUDGED):
        if index + 1 < JUDGED.stop and is_open[index] != is_open[index + 1]:
            following = index + 1
        instant, change = walk.start + index * MINUTE, walk.start + following * MINUTE
        closure = times.closure_at(instant)
        assert (closure is None) == is_open[index], str(walk.walls[index])
        if closure is not None:
            assert closure.until == change or (change == end and (closure.until is None or closure.until > end))
        elif index % 7 == 0:
            assert times.open_until(instant, end) == change
