"""Whole recurrence sets against python-dateutil's: several rules, dates added and left out, and how rules end."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from property.oracles.kinds import forward
from punctual.domain.errors import TriggerError
from punctual.domain.triggers import rrule

STARTS = st.datetimes(datetime(1996, 1, 1), datetime(2100, 3, 1)).map(lambda wall: wall.replace(microsecond=0))  # noqa: DTZ001 - wall times
LEAP_DAYS = st.sampled_from([datetime(year, 2, 29, 12) for year in (1996, 2000, 2096)])  # noqa: DTZ001 - wall times
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
MOST = 25


def some(values: list[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(",".join)


def signed(*numbers: int) -> st.SearchStrategy[str]:
    return some([str(sign * number) for number in numbers for sign in (1, -1)])


SETPOS = signed(1, 2, 3)
WKST = st.sampled_from(DAYS)
PARTS: list[tuple[str, dict[str, st.SearchStrategy[str]], dict[str, st.SearchStrategy[str]]]] = [
    # the frequency, one part of it at least, and those that may stand beside it
    ("YEARLY", {"BYWEEKNO": signed(1, 2, 20, 52, 53), "BYDAY": some(DAYS)}, {"WKST": WKST, "BYSETPOS": SETPOS}),
    ("YEARLY", {"BYYEARDAY": signed(1, 59, 60, 100, 366)}, {"BYDAY": some(DAYS, 6), "BYHOUR": some(["0", "6", "23"])}),
    ("YEARLY", {"BYMONTH": some(["1", "2", "3", "12"])}, {"BYMONTHDAY": signed(1, 28, 29, 31), "BYSETPOS": SETPOS}),
    ("YEARLY", {"BYDAY": some(["1MO", "-1SU", "53FR", "20TH", "-53SA"])}, {"BYHOUR": some(["9", "17"])}),
    ("YEARLY", {}, {}),
    ("MONTHLY", {"BYDAY": some(DAYS, 5)}, {"BYSETPOS": SETPOS, "BYMONTHDAY": signed(1, 13, 29, 31), "WKST": WKST}),
    ("MONTHLY", {"BYDAY": some(["1MO", "-1FR", "5WE", "-5SU"])}, {"BYMONTH": some(["2", "3", "10"])}),
    ("MONTHLY", {"BYMONTHDAY": signed(1, 29, 30, 31)}, {"BYHOUR": some(["0", "2", "3"]), "BYSETPOS": SETPOS}),
    ("MONTHLY", {}, {}),
    ("WEEKLY", {"BYDAY": some(DAYS, 5)}, {"WKST": WKST, "BYSETPOS": SETPOS, "BYMONTH": some(["1", "2", "12"])}),
    ("WEEKLY", {}, {"WKST": WKST, "BYHOUR": some(["1", "2"])}),
    ("DAILY", {}, {"BYDAY": some(DAYS, 5), "BYMONTHDAY": signed(1, 31), "BYMONTH": some(["2", "3"])}),
    ("DAILY", {"BYHOUR": some(["0", "9", "12"])}, {"BYMINUTE": some(["0", "30"]), "BYSETPOS": SETPOS}),
    ("HOURLY", {"BYMINUTE": some(["0", "15", "59"])}, {"BYSETPOS": SETPOS, "BYDAY": some(DAYS)}),
    ("MINUTELY", {}, {"BYSECOND": some(["0", "30"]), "BYHOUR": some(["2", "3"])}),
    ("SECONDLY", {}, {"BYMINUTE": some(["5", "6"])}),
]


def stamp(wall: datetime) -> str:
    return wall.strftime("%Y%m%dT%H%M%S")


@st.composite
def rules(draw: st.DrawFn, start: datetime) -> str:
    freq, needed, allowed = draw(st.sampled_from(PARTS))
    parts = {**draw(st.fixed_dictionaries(needed)), **draw(st.fixed_dictionaries({}, optional=allowed))}
    parts["INTERVAL"] = str(draw(st.sampled_from([1, 1, 2, 3, 4, 7])))
    if freq == "WEEKLY" and "BYSETPOS" in parts:
        parts["WKST"] = DAYS[start.weekday()]  # elsewhere python-dateutil differs: see below
    match draw(st.integers(0, 2)):
        case 0:
            parts["COUNT"] = str(draw(st.integers(1, 15)))
        case 1:
            parts["UNTIL"] = stamp(start + draw(st.timedeltas(timedelta(0), timedelta(days=3000))))
        case _:
            pass
    return ";".join([f"RRULE:FREQ={freq}", *(f"{key}={value}" for key, value in parts.items())])


def expanded(lines: list[str], count: int) -> list[datetime]:
    """The first fire times of a set; python-dateutil never gives one twice."""
    chosen = rrulestr("\n".join(lines), forceset=True)
    return [wall.replace(tzinfo=UTC) for wall in islice(chosen, count)]


@settings(max_examples=250, deadline=None)
@given(data=st.data(), start=STARTS | LEAP_DAYS)
def test_a_set_gives_what_python_dateutil_gives(data: st.DataObject, start: datetime) -> None:
    chosen = data.draw(st.lists(rules(start), min_size=1, max_size=3))
    for text in chosen:
        try:
            rrule(f"DTSTART:{stamp(start)} {text}")
        except TriggerError:
            return  # it has no date at all, for which python-dateutil would look up to the year 9999
    lines = [f"DTSTART:{stamp(start)}", *chosen]
    near = st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda after: start + after)
    if added := data.draw(st.lists(near, max_size=3)):
        lines.append("RDATE:" + ",".join(map(stamp, added)))
    given_by_rules = [wall.replace(tzinfo=None) for wall in expanded(lines, 8)]
    if left_out := data.draw(st.lists(st.sampled_from(given_by_rules) if given_by_rules else near, max_size=4)):
        lines.append("EXDATE:" + ",".join(map(stamp, left_out)))
    wanted = expanded(lines, MOST)
    trigger = rrule(" ".join(lines))
    before = start.replace(tzinfo=UTC) - timedelta(seconds=1)
    found = list(islice(forward(trigger, before), len(wanted) + 1))
    assert found[:MOST] == wanted
    assert trigger.previous_before(before) is None
    for earlier, later in pairwise(wanted):
        assert trigger.previous_before(later) == earlier
    if wanted:
        assert trigger.count_between(before, wanted[-1], MOST) == (len(wanted), True)
    if len(wanted) < MOST:
        assert trigger.previous_before(datetime.max.replace(tzinfo=UTC)) == (wanted[-1] if wanted else None)


def test_bysetpos_counts_from_the_start_of_a_week_that_began_before_dtstart() -> None:
    """RFC 5545, 3.3.10: a set of recurrence instances starts at the beginning of the interval.

    The week of Saturday 2000-01-01 began on Tuesday 1999-12-28, which is its first; python-dateutil counts from
    DTSTART, and takes Monday 2000-01-03.
    """
    text = "RRULE:FREQ=WEEKLY;BYDAY=MO,TU;WKST=TU;BYSETPOS=1"
    trigger = rrule(f"DTSTART:20000101T000000 {text}")
    assert trigger.next_after(datetime(1999, 12, 31, tzinfo=UTC)) == datetime(2000, 1, 4, tzinfo=UTC)
    assert expanded(["DTSTART:20000101T000000", text], 1) == [datetime(2000, 1, 3, tzinfo=UTC)]
