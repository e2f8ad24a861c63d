"""Recurrence sets against python-dateutil itself, and against a scan of every hour where clocks change."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from punctual.domain.errors import TriggerError
from punctual.domain.triggers import Rrule, parse_trigger, rrule
from punctual.domain.triggers.zone import load_zone

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
STARTS = st.datetimes(datetime(1970, 1, 1), datetime(2090, 12, 31)).map(  # noqa: DTZ001 - wall times
    lambda wall: wall.replace(microsecond=0)
)
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def some(values: list[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(",".join)


def numbers(lowest: int, highest: int, *, signed: bool = False) -> st.SearchStrategy[str]:
    values = [*range(lowest, highest + 1)] + ([*range(-highest, -lowest + 1)] if signed else [])
    return some([str(value) for value in values])


TIMES = {"BYHOUR": numbers(0, 23), "BYMINUTE": numbers(0, 59), "BYSECOND": numbers(0, 59)}
PARTS: dict[str, dict[str, st.SearchStrategy[str]]] = {
    "YEARLY": {
        "BYMONTH": numbers(1, 12),
        "BYMONTHDAY": numbers(1, 31, signed=True),
        "BYDAY": some(DAYS) | some(["1MO", "-1FR", "2TU", "-2SU"]),
        "BYSETPOS": numbers(1, 3, signed=True),
        **TIMES,
    },
    "MONTHLY": {
        "BYMONTH": numbers(1, 12),
        "BYMONTHDAY": numbers(1, 31, signed=True),
        "BYDAY": some(DAYS) | some(["1MO", "-1FR", "2TU", "-2SU"]),
        "BYSETPOS": numbers(1, 3, signed=True),
        **TIMES,
    },
    "WEEKLY": {"BYMONTH": numbers(1, 12), "BYDAY": some(DAYS), "WKST": st.sampled_from(DAYS), **TIMES},
    "DAILY": {
        "BYMONTH": numbers(1, 12),
        "BYMONTHDAY": numbers(1, 31, signed=True),
        "BYDAY": some(DAYS),
        "BYSETPOS": numbers(1, 3, signed=True),
        **TIMES,
    },
    "HOURLY": {"BYDAY": some(DAYS), "BYMONTHDAY": numbers(1, 31), **TIMES},
    "MINUTELY": {"BYDAY": some(DAYS), "BYMONTH": numbers(1, 12), **TIMES},
    "SECONDLY": {"BYDAY": some(DAYS), **TIMES},
}


@st.composite
def rules(draw: st.DrawFn) -> str:
    freq = draw(st.sampled_from(sorted(PARTS)))
    parts = draw(st.fixed_dictionaries({}, optional=PARTS[freq]))
    if "BYSETPOS" in parts and len(parts) == 1:
        parts = {}
    interval = draw(st.sampled_from([1, 1, 2, 3, 5, 7, 90]))
    return ";".join([f"FREQ={freq}", f"INTERVAL={interval}", *(f"{key}={value}" for key, value in parts.items())])


def stamp(wall: datetime) -> str:
    return wall.strftime("%Y%m%dT%H%M%S")


@settings(max_examples=300, deadline=None)
@given(start=STARTS, rule=rules(), count=st.integers(1, 12))
def test_a_rule_gives_what_python_dateutil_gives(start: datetime, rule: str, count: int) -> None:
    text = f"DTSTART:{stamp(start)} RRULE:{rule}"
    try:
        trigger = rrule(text)
    except TriggerError:
        return  # judged below: a rule is refused only where it gives nothing
    expected = _expanded(text, count)
    found: list[datetime] = []
    instant = start.replace(tzinfo=UTC) - TICK
    for _ in range(len(expected)):
        following = trigger.next_after(instant)
        assert following is not None
        assert trigger.previous_before(following) == (found[-1] if found else None)
        found.append(following)
        instant = following
    assert found == expected
    counted = rrule(f"DTSTART:{stamp(start)} RRULE:{rule};COUNT={count}")
    if len(expected) == count:
        assert counted.next_after(expected[-1]) is None
        assert counted.previous_before(datetime.max.replace(tzinfo=UTC)) == expected[-1]


def _expanded(text: str, count: int) -> list[datetime]:
    """The first fire times; python-dateutil may have to look at many days for the next, so only near ones are asked."""
    rule = rrulestr(text.replace(" RRULE", "\nRRULE"))
    return [wall.replace(tzinfo=UTC) for wall in islice(rule, count)]


@pytest.mark.parametrize(
    ("rule", "months"),
    [
        ("FREQ=YEARLY;BYWEEKNO=1,20,-1;BYDAY=MO,SU", 60),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=TH;WKST=SU", 200),
        ("FREQ=YEARLY;BYYEARDAY=1,100,-1,366", 60),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", 600),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 24),
        ("FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10,11,12", 100),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU", 6),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYDAY=SU;BYHOUR=8,9;BYMINUTE=30", 60),
        ("FREQ=MINUTELY;INTERVAL=90", 1),
        ("FREQ=HOURLY;INTERVAL=7;BYMINUTE=0,20,40", 1),
        ("FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20;BYSETPOS=1,-1", 1),
    ],
)
def test_the_rules_of_the_standard_give_what_python_dateutil_gives(rule: str, months: int) -> None:
    text = f"DTSTART:20240101T090000 RRULE:{rule}"
    trigger = rrule(text)
    start = datetime(2024, 1, 1, 9, tzinfo=UTC)
    last = start + timedelta(days=30 * months)
    oracle = rrulestr(text.replace(" RRULE", "\nRRULE"))
    expected = [wall.replace(tzinfo=UTC) for wall in oracle.between(datetime(2024, 1, 1), last.replace(tzinfo=None))]  # noqa: DTZ001 - a wall time
    found, instant = [], trigger.next_after(start - TICK)
    while instant is not None and instant < last:
        found.append(instant)
        instant = trigger.next_after(instant)
    assert found == expected


CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
]


@settings(max_examples=80, deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=6),
    minute=st.sampled_from([0, 15, 30, 45]),
    on_gap=st.sampled_from([None, "shift", "skip"]),
    on_fold=st.sampled_from([None, "first", "second", "both"]),
    freq=st.sampled_from(["HOURLY", "DAILY"]),
)
def test_wall_times_are_placed_by_our_rules_where_clocks_change(
    change: tuple[str, datetime], hours: set[int], minute: int, on_gap: str | None, on_fold: str | None, freq: str
) -> None:
    name, instant = change
    zone = load_zone(name)
    hourly = freq == "HOURLY"
    chosen = ",".join(map(str, sorted(hours)))
    text = f"DTSTART:20110101T000000 RRULE:FREQ={freq};BYHOUR={chosen};BYMINUTE={minute};BYSECOND=0 {name}"
    text += (f" on_gap={on_gap}" if on_gap else "") + (f" on_fold={on_fold}" if on_fold else "")
    trigger = Rrule.model_validate(rrule_of(text).model_dump())
    first, last = instant - 30 * HOUR, instant + 30 * HOUR
    skip = (on_gap or ("skip" if hourly else "shift")) == "skip"
    fold = on_fold or ("both" if hourly else "first")
    expected = set()
    for number in range(int((last - first) / timedelta(minutes=15))):
        moment = first + number * timedelta(minutes=15)
        local = moment.astimezone(zone)
        wall = local.replace(tzinfo=None, fold=0)
        before, here = zone.utcoffset((moment - TICK).astimezone(zone)), local.utcoffset()
        assert before is not None
        assert here is not None
        if timedelta(0) < here - before <= timedelta(hours=3) and not skip:  # the end of a gap
            missing = wall - (here - before)
            while missing < wall:
                if missing.hour in hours and missing.minute == minute:
                    expected.add(moment)
                missing += timedelta(minutes=15)
        if wall.hour in hours and wall.minute == minute:
            twice = zone.utcoffset(wall.replace(fold=1)) != zone.utcoffset(wall)
            if not twice or fold == "both" or (fold == "second") == bool(local.fold):
                expected.add(moment)
    found, following = set(), trigger.next_after(first - TICK)
    while following is not None and following < last:
        found.add(following)
        assert trigger.previous_before(following + TICK) == following
        following = trigger.next_after(following)
    assert found == expected


def rrule_of(text: str) -> Rrule:
    trigger = parse_trigger(text)
    assert isinstance(trigger, Rrule)
    return trigger


@settings(max_examples=60, deadline=None)
@given(start=STARTS, moment=st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 1)), data=st.data())  # noqa: DTZ001 - given a zone here
def test_neighbours_lead_back_to_each_other_however_far_from_the_start(
    start: datetime, moment: datetime, data: st.DataObject
) -> None:
    rule = data.draw(rules())
    try:
        trigger = rrule(f"DTSTART:{stamp(start)} RRULE:{rule}")
    except TriggerError:
        return
    run, instant = [], moment.replace(tzinfo=UTC)
    for _ in range(3):
        following = trigger.next_after(instant)
        if following is None:
            break
        assert following > instant
        run.append(following)
        instant = following
    for earlier, later in pairwise(run):
        assert trigger.previous_before(later) == earlier


def test_a_rule_that_names_a_day_once_in_centuries_is_searched_to_the_end_of_the_calendar() -> None:
    start = date(2000, 1, 1)
    years = [year for year in range(2000, 10_000) if date(year, 1, 1).weekday() == 0]
    named = [year for year in years if (date(year, 1, 1) - start).days % 90 == 0]
    assert max(later - earlier for earlier, later in pairwise(named)) > 400
    rule = rrule("DTSTART:20000101T000000 RRULE:FREQ=DAILY;INTERVAL=90;BYMONTH=1;BYMONTHDAY=1;BYDAY=MO")
    found = []
    instant = rule.next_after(datetime(2000, 1, 1, tzinfo=UTC))
    while instant is not None:
        found.append(instant.year)
        instant = rule.next_after(instant)
    assert found == named
