"""The words for a trigger: always there, and never the same for triggers that fire at different times."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from punctual.domain.errors import TriggerError
from punctual.domain.explain.words import in_words
from punctual.domain.triggers import Cron, Interval, Once, cron, every, once

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


def built(make: Callable[[], Cron]) -> Cron | None:
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


def fire_times(trigger: Cron | Interval | Once) -> list[datetime | None]:
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
