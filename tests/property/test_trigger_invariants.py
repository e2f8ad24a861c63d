"""What holds for every trigger, at every instant the calendar has."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from punctual.domain.triggers import (
    AnyTrigger,
    Interval,
    Trigger,
    any_of,
    cron,
    every,
    once,
    parse_trigger,
    rrule,
    solar,
)

TRIGGERS: TypeAdapter[AnyTrigger] = TypeAdapter(Trigger)
TICK = timedelta(microseconds=1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Etc/GMT+12",
]
EXPRESSIONS = [
    "* * * * *", "*/7 * * * * *", "*/15 9-17 * * mon-fri", "30 2 * * *", "0 0 29 2 *", "0 0 29 2 1", "0 0 L * *",
    "0 12 L-30 * *", "0 9 LW * ?", "0 9 1W * *", "0 0 * * 1#5", "59 59 23 31 12 ? 1999-2105/3", "0 0 13 * fri",
    "5/20 22-2 * nov-feb fri-mon", "@monthly", "0 0 1 1 * ", "0 0 0 1 1 ? 9999",
]  # fmt: skip
CRONS = st.builds(
    cron,
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(ZONES),
    day_match=st.sampled_from(["or", "and"]),
    on_gap=st.sampled_from([None, "shift", "skip"]),
    on_fold=st.sampled_from([None, "first", "second", "both"]),
)
ALL_INSTANTS = st.datetimes(timezones=st.just(UTC))
EDGES = st.sampled_from([datetime.min, datetime.max, datetime(1, 1, 2), datetime(9999, 12, 31)]).map(  # noqa: DTZ001, DTZ901 - given a zone here
    lambda edge: edge.replace(tzinfo=UTC)
)
INSTANTS = ALL_INSTANTS | EDGES | st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
LENGTHS = st.timedeltas(timedelta(seconds=1), timedelta(days=3653)) | st.integers(1, 100_000).map(
    lambda seconds: timedelta(seconds=seconds)
)
INTERVALS = st.builds(lambda length, anchor: every(length, anchor=anchor), LENGTHS, st.none() | INSTANTS)
LOCAL_TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1))  # noqa: DTZ001 - hypothesis wants naive bounds
ONCES = st.builds(once, LOCAL_TIMES | ALL_INSTANTS, st.sampled_from([*ZONES[:5], ZONES[6]]))
SETS = [
    "RRULE:FREQ=MONTHLY;BYDAY=-1FR", "DTSTART:20260105T023000 RRULE:FREQ=DAILY;INTERVAL=3 EXDATE:20260108T023000",
    "DTSTART:20200229T120000 RRULE:FREQ=YEARLY RDATE:20210101T000000", "FREQ=HOURLY;INTERVAL=5;BYDAY=MO,WE",
    "DTSTART:20260101T000000 RRULE:FREQ=SECONDLY;INTERVAL=7 RRULE:FREQ=WEEKLY;COUNT=9;BYHOUR=2,3;BYMINUTE=15",
]  # fmt: skip
RRULES = st.builds(
    rrule,
    st.sampled_from(SETS),
    st.sampled_from(ZONES),
    st.sampled_from([None, "shift", "skip"]),
    st.sampled_from([None, "first", "second", "both"]),
)
SOLARS = st.builds(
    solar,
    st.sampled_from(["sunrise", "sunset", "solar_noon", "dusk_civil", "dawn_astronomical"]),
    st.floats(-70, 70),
    st.floats(-180, 180),
    st.sampled_from(ZONES),
)
SINGLES = CRONS | INTERVALS | ONCES | RRULES | SOLARS
UNIONS = st.lists(SINGLES, min_size=2, max_size=4).map(lambda triggers: any_of(*triggers))
ANY = SINGLES | UNIONS


@settings(max_examples=400, deadline=None)
@given(trigger=ANY, instant=INSTANTS)
def test_the_neighbours_of_an_instant_are_strict_in_utc_and_lead_back_to_each_other(
    trigger: AnyTrigger, instant: datetime
) -> None:
    following, preceding = trigger.next_after(instant), trigger.previous_before(instant)
    if following is not None:
        assert following > instant
        assert following.tzinfo is UTC
        assert trigger.next_after(following - TICK) == following
        back = trigger.previous_before(following)
        assert back == (instant if trigger.count_between(instant, instant, 1)[0] else preceding)
    if preceding is not None:
        assert preceding < instant
        assert preceding.tzinfo is UTC
        forth = trigger.next_after(preceding)
        assert forth == (instant if trigger.count_between(instant, instant, 1)[0] else following)


@settings(max_examples=200, deadline=None)
@given(trigger=ANY, first=INSTANTS, later=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_later_instant_never_has_an_earlier_next_fire_time(
    trigger: AnyTrigger, first: datetime, later: timedelta
) -> None:
    assume(first.year < 9990)
    following, after = trigger.next_after(first), trigger.next_after(first + later)
    if following is None:
        assert after is None
    elif after is not None:
        assert following <= after
        assert (following == after) == (following > first + later)


@settings(max_examples=200, deadline=None)
@given(trigger=ANY, first=INSTANTS, reach=st.timedeltas(timedelta(0), timedelta(days=3)), limit=st.integers(0, 50))
def test_counting_agrees_with_stepping_and_says_when_it_stopped(
    trigger: AnyTrigger, first: datetime, reach: timedelta, limit: int
) -> None:
    assume(1 < first.year < 9990)
    stepped, following = 0, trigger.next_after(first - TICK)
    while following is not None and following <= first + reach and stepped <= limit:
        stepped += 1
        following = trigger.next_after(following)
    count, exact = trigger.count_between(first, first + reach, limit)
    if isinstance(trigger, Interval):
        assert exact
        assert count == stepped or count > limit
    else:
        assert (count, exact) == (min(stepped, limit), stepped <= limit)


@settings(max_examples=300, deadline=None)
@given(trigger=ANY)
def test_the_object_form_and_the_text_form_give_the_same_trigger_back(trigger: AnyTrigger) -> None:
    assert TRIGGERS.validate_python(trigger.model_dump()) == trigger
    assert TRIGGERS.validate_json(trigger.model_dump_json()) == trigger
    assert TRIGGERS.validate_python(json.loads(TRIGGERS.dump_json(trigger))) == trigger
    from_text = parse_trigger(trigger.text)
    assert from_text.text == trigger.text
    assert parse_trigger(from_text.text) == from_text
    now = datetime(2026, 1, 1, tzinfo=UTC)
    if getattr(trigger, "anchor", None) is None and trigger.kind != "any_of":
        assert from_text == trigger
        assert from_text.anchored(now) == trigger.anchored(now)


@settings(max_examples=200, deadline=None)
@given(length=LENGTHS, anchor=INSTANTS, now=INSTANTS)
def test_every_fire_time_of_an_interval_is_a_whole_number_of_intervals_from_its_anchor(
    length: timedelta, anchor: datetime, now: datetime
) -> None:
    following = every(length, anchor=anchor).next_after(now)
    if following is not None:
        assert (following - anchor) % length == timedelta(0)
        assert timedelta(0) < following - now <= length
