"""The words for a trigger: always there, and never the same for triggers that fire at different times."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from punctual.domain.errors import TriggerError
from punctual.domain.explain.words import in_words
from punctual.domain.triggers import Cron, Interval, Once, Rrule, Solar, cron, every, once, parse_trigger, solar

Kind = TypeVar("Kind", Cron, Rrule)
STARTS = [
    datetime(2026, 3, 28, 22, tzinfo=UTC),
    datetime(2026, 10, 24, 22, tzinfo=UTC),
    datetime(2027, 12, 30, tzinfo=UTC),
]
FIRE_TIMES = 60


def numbers(lowest: int, highest: int) -> st.SearchStrategy[str]:
    number = st.integers(lowest, highest)
    ranges = st.builds("{}-{}".format, number, number)
    steps = st.integers(1, highest - lowest)
    return st.one_of(
        number.map(str), ranges, st.builds("*/{}".format, steps), st.builds("{}/{}".format, ranges | number, steps)
    )


def field(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("*") | items | st.lists(items, min_size=2, max_size=3).map(",".join)


DAY = st.sampled_from(["L", "L-3", "L-30", "LW", "15W", "1W", "31W"])
WEEKDAY = st.sampled_from(["5#2", "1#5", "5L", "0L", "mon-fri", "fri-mon", "6,0", "1,3", "1-5/2"])
FIELDS: list[st.SearchStrategy[str]] = [
    st.just("0") | field(numbers(0, 59)),
    field(numbers(0, 59)),
    field(numbers(0, 23)),
    field(numbers(1, 31) | DAY),
    field(numbers(1, 12)),
    field(numbers(0, 6) | WEEKDAY),
    st.just("*") | st.sampled_from(["2026", "2027", "2026-2028", "2026,2028", "2026/2", "2026-2040/3"]),
]
SETTINGS: list[st.SearchStrategy[str | None]] = [
    st.sampled_from(["UTC", "Europe/Berlin"]),
    st.sampled_from(["or", "and"]),
    st.sampled_from([None, "shift", "skip"]),
    st.sampled_from([None, "first", "second", "both"]),
]


def built(make: Callable[[], Kind]) -> Kind | None:
    try:
        return make()
    except TriggerError:
        return None


def made(fields: tuple[str, ...], options: tuple[str | None, ...]) -> Cron | None:
    zone, day_match, on_gap, on_fold = options
    return built(lambda: cron(" ".join(fields), zone, day_match, on_gap, on_fold))  # type: ignore[arg-type]  # sampled


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[Cron, Cron]:
    """Two cron triggers that differ in a part or two, where a vague word would hide the difference."""
    parts = [*FIELDS, *SETTINGS]
    one: list[str | None] = [draw(part) for part in parts]
    other = list(one)
    for place in draw(st.lists(st.integers(0, len(parts) - 1), min_size=1, max_size=2)):
        other[place] = draw(parts[place])
    crons = [made(tuple(str(f) for f in each[:7]), tuple(each[7:])) for each in (one, other)]
    assume(None not in crons)
    first, second = crons
    assert first is not None
    assert second is not None
    return first, second


def fire_times(trigger: Cron | Interval | Once | Rrule) -> list[datetime | None]:
    found: list[datetime | None] = []
    for start in STARTS:
        instant: datetime | None = start
        for _ in range(FIRE_TIMES):
            instant = instant and trigger.next_after(instant)
            found.append(instant)
        # a whole night's shape is told by the last fire time too
        found += [trigger.previous_before(start + timedelta(hours=hours)) for hours in range(0, 60, 3)]
    return found


@settings(max_examples=1500, deadline=None)
@given(pair=neighbours())
def test_cron_triggers_with_the_same_words_fire_at_the_same_times(pair: tuple[Cron, Cron]) -> None:
    first, second = (in_words(trigger) for trigger in pair)
    assert first
    assert second
    if first == second:
        assert fire_times(pair[0]) == fire_times(pair[1]), first


LENGTHS = st.timedeltas(timedelta(seconds=1), timedelta(days=3653)) | st.integers(1, 10**6).map(
    lambda seconds: timedelta(seconds=seconds)
)
ANCHORS = st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 2), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds


@settings(deadline=None)
@given(one=st.builds(lambda length, anchor: every(length, anchor=anchor), LENGTHS, ANCHORS), other=LENGTHS)
def test_intervals_with_the_same_words_are_the_same(one: Interval, other: timedelta) -> None:
    assert in_words(one)
    assert (in_words(one) == in_words(every(other, anchor=one.anchor))) == (one.every == other)


NIGHTS = st.datetimes(datetime(2026, 3, 29, 0), datetime(2026, 3, 29, 5)) | st.datetimes(  # noqa: DTZ001 - local times
    datetime(2026, 10, 25, 0),  # noqa: DTZ001 - same
    datetime(2026, 10, 25, 5),  # noqa: DTZ001 - same
)


@settings(deadline=None)
@given(one=NIGHTS, other=NIGHTS, aware=st.booleans())
def test_single_instants_with_the_same_words_are_the_same(one: datetime, other: datetime, aware: bool) -> None:  # noqa: FBT001 - drawn
    first = once(one.replace(tzinfo=UTC) if aware else one, "Europe/Berlin")
    second = once(other, "Europe/Berlin")
    if in_words(first) == in_words(second):
        assert first.next_after(STARTS[0] - timedelta(1)) == second.next_after(STARTS[0] - timedelta(1))


def some(*values: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(",".join)


PARTS: list[tuple[str, st.SearchStrategy[str]]] = [
    ("INTERVAL", st.sampled_from(["1", "2", "3"])),
    ("WKST", st.sampled_from(["MO", "SU", "WE"])),
    ("BYMONTH", some("1", "2", "3", "4", "6", "10", "12")),
    ("BYMONTHDAY", some("1", "2", "3", "13", "29", "31", "-1", "-2", "-7")),
    ("BYYEARDAY", some("1", "60", "100", "300", "366", "-1", "-60")),
    ("BYWEEKNO", some("1", "2", "13", "44", "53", "-1", "-2")),
    ("BYDAY", some("MO", "TU", "WE", "TH", "FR", "SA", "SU")),
    ("BYDAY", some("MO", "1MO", "2FR", "-1FR", "-2SU", "5SA", "FR")),
    ("BYHOUR", some("0", "1", "2", "3", "9", "17")),
    ("BYMINUTE", some("0", "15", "30")),
    ("BYSECOND", some("0", "15", "30")),
    ("BYSETPOS", some("1", "2", "-1", "-2")),
    ("COUNT", st.sampled_from(["1", "2", "40"])),
    ("UNTIL", st.sampled_from(["20260329T023000", "20260329T023000Z", "20260330T000000", "20271231T235959"])),
]
FREQUENCIES = st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])
RULE = st.tuples(FREQUENCIES, *(st.none() | part for _, part in PARTS))
DATES = some("20260329T023000", "20260330T090000", "20260401T090000", "20261025T023000")
SET: list[st.SearchStrategy[object]] = [
    st.sampled_from(["20251231T090000", "20260105T090000", "20260105T100000", "20260329T023015", "19700101T000000"]),
    RULE,
    st.none() | RULE,
    st.none() | DATES,
    st.none() | DATES,
    st.sampled_from(["UTC", "Europe/Berlin"]),
    st.sampled_from(["", " on_gap=shift", " on_gap=skip"]),
    st.sampled_from(["", " on_fold=first", " on_fold=second", " on_fold=both"]),
]


def rule_text(drawn: object) -> str:
    assert isinstance(drawn, tuple)
    frequency, *values = drawn
    given = {name: value for (name, _), value in zip(PARTS, values, strict=True) if value is not None}
    return f"RRULE:FREQ={frequency}" + "".join(f";{name}={value}" for name, value in given.items())


def recurrence(parts: list[object]) -> Rrule | None:
    start, rule, other, dates, excluded, zone, gap, fold = parts
    words = [f"DTSTART:{start}", rule_text(rule)]
    words += [rule_text(other)] if other else []
    words += [f"RDATE:{dates}"] if dates else []
    words += [f"EXDATE:{excluded}"] if excluded else []

    def make() -> Rrule:
        trigger = parse_trigger(f"{' '.join(words)} {zone}{gap}{fold}")
        assert isinstance(trigger, Rrule)
        return trigger

    return built(make)


@st.composite
def neighbouring_sets(draw: st.DrawFn) -> tuple[Rrule, Rrule]:
    """Two recurrence sets that differ in a part or two, of the set or of its first rule."""
    # most rules with many parts are refused, so few parts are given
    few = draw(st.sets(st.integers(1, len(PARTS)), max_size=4))
    one = [draw(part) for part in SET]
    one[1] = tuple(value if place in few or not place else None for place, value in enumerate(draw(RULE)))
    one[2] = None if draw(st.booleans()) else one[2]
    other = list(one)
    for place in draw(st.lists(st.sampled_from([0, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7]), min_size=1, max_size=2)):
        if place == 1:
            rule = other[1]
            assert isinstance(rule, tuple)
            within = draw(st.integers(0, len(PARTS)))
            new = draw(FREQUENCIES) if not within else draw(st.none() | PARTS[within - 1][1])
            other[1] = (*rule[:within], new, *rule[within + 1 :])
        else:
            other[place] = draw(SET[place])
    first, second = recurrence(one), recurrence(other)
    assume(first is not None and second is not None)
    assert first is not None
    assert second is not None
    return first, second


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(pair=neighbouring_sets())
def test_recurrence_sets_with_the_same_words_fire_at_the_same_times(pair: tuple[Rrule, Rrule]) -> None:
    first, second = (in_words(trigger) for trigger in pair)
    assert first
    assert second
    if first == second:
        assert fire_times(pair[0]) == fire_times(pair[1]), first


EVENTS = st.sampled_from(["sunrise", "sunset", "dusk_civil", "dawn_nautical", "solar_noon"])
PLACES = st.integers(-900, 900).map(lambda tenths: tenths / 10) | st.floats(-90, 90)


@settings(deadline=None)
@given(event=EVENTS, other_event=EVENTS, places=st.lists(PLACES, min_size=4, max_size=4))
def test_solar_triggers_with_the_same_words_are_at_the_same_place(
    event: str, other_event: str, places: list[float]
) -> None:
    one, other = (
        Solar.model_validate({"event": name, "latitude": north, "longitude": east})
        for name, north, east in ((event, *places[:2]), (other_event, *places[2:]))
    )
    same = (one.event, one.latitude, one.longitude) == (other.event, other.latitude, other.longitude)
    assert (in_words(one) == in_words(other)) == same
    assert in_words(solar(one.event, one.latitude, one.longitude, "Europe/Berlin")) == in_words(one)
