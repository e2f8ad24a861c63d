"""What holds for every trigger, at every instant the calendar has."""

import json
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from property.oracles.kinds import INSTANTS, KINDS, LENGTHS, RECENT, forward
from punctual.domain.triggers import AnyTrigger, Cron, Interval, Trigger, every, parse_trigger

TRIGGERS: TypeAdapter[AnyTrigger] = TypeAdapter(Trigger)
TICK = timedelta(microseconds=1)


for_each_kind = pytest.mark.parametrize("kind", KINDS)


@for_each_kind
@settings(max_examples=70, deadline=None)
@given(data=st.data(), instant=INSTANTS)
def test_the_neighbours_of_an_instant_are_strict_in_utc_and_lead_back_to_each_other(
    kind: str, data: st.DataObject, instant: datetime
) -> None:
    trigger = data.draw(KINDS[kind])
    following, preceding = trigger.next_after(instant), trigger.previous_before(instant)
    is_one_itself = trigger.count_between(instant, instant, 1)[0] == 1
    if following is not None:
        assert following > instant
        assert following.tzinfo is UTC
        assert trigger.next_after(following - TICK) == following
        assert trigger.previous_before(following) == (instant if is_one_itself else preceding)
    if preceding is not None:
        assert preceding < instant
        assert preceding.tzinfo is UTC
        assert trigger.next_after(preceding) == (instant if is_one_itself else following)


@for_each_kind
@settings(max_examples=40, deadline=None)
@given(data=st.data(), first=INSTANTS, later=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_later_instant_never_has_an_earlier_next_fire_time(
    kind: str, data: st.DataObject, first: datetime, later: timedelta
) -> None:
    assume(first.year < 9990)
    trigger = data.draw(KINDS[kind])
    following, after = trigger.next_after(first), trigger.next_after(first + later)
    if following is None:
        assert after is None
    elif after is not None:
        assert following <= after
        assert (following == after) == (following > first + later)


@for_each_kind
@settings(max_examples=30, deadline=None)
@given(data=st.data(), start=RECENT, split=st.floats(0, 1))
def test_nothing_is_skipped_or_repeated_forwards_backwards_or_from_anywhere_between(
    kind: str, data: st.DataObject, start: datetime, split: float
) -> None:
    trigger = data.draw(KINDS[kind])
    listed = list(islice(forward(trigger, start), 40))
    assume(listed)
    end = listed[-1]
    assert sorted(set(listed)) == listed
    backwards = [end]
    while (preceding := trigger.previous_before(backwards[-1])) is not None and preceding > start:
        backwards.append(preceding)
    assert backwards[::-1] == listed
    middle = start + split * (end - start)
    assert list(takewhile(lambda each: each <= end, forward(trigger, middle))) == [
        each for each in listed if each > middle
    ]


@for_each_kind
@settings(max_examples=40, deadline=None)
@given(data=st.data(), first=INSTANTS, reach=st.timedeltas(timedelta(0), timedelta(days=3)), limit=st.integers(0, 50))
def test_counting_agrees_with_stepping_and_says_when_it_stopped(
    kind: str, data: st.DataObject, first: datetime, reach: timedelta, limit: int
) -> None:
    assume(1 < first.year < 9990)
    trigger = data.draw(KINDS[kind])
    inside = takewhile(lambda each: each <= first + reach, forward(trigger, first - TICK))
    stepped = len(list(islice(inside, limit + 1)))
    count, exact = trigger.count_between(first, first + reach, limit)
    if isinstance(trigger, Interval):
        assert exact
        assert count == stepped or count > limit
    else:
        assert (count, exact) == (min(stepped, limit), stepped <= limit)


@for_each_kind
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_object_form_and_the_text_form_give_the_same_trigger_back(kind: str, data: st.DataObject) -> None:
    trigger = data.draw(KINDS[kind])
    assert TRIGGERS.validate_python(trigger.model_dump()) == trigger
    assert TRIGGERS.validate_json(trigger.model_dump_json()) == trigger
    assert TRIGGERS.validate_python(json.loads(TRIGGERS.dump_json(trigger))) == trigger
    from_text = parse_trigger(trigger.text)
    assert from_text.text == trigger.text
    assert parse_trigger(from_text.text) == from_text
    now = datetime(2026, 1, 1, tzinfo=UTC)
    if trigger.kind != "any_of" and (getattr(trigger, "anchor", None), getattr(trigger, "seed", None)) == (None, None):
        assert from_text == trigger
        assert from_text.anchored(now) == trigger.anchored(now)
    if isinstance(trigger, Cron) and trigger.seed is not None:
        assert from_text.identified(trigger.seed) == trigger


@settings(max_examples=200, deadline=None)
@given(length=LENGTHS, anchor=INSTANTS, now=INSTANTS)
def test_every_fire_time_of_an_interval_is_a_whole_number_of_intervals_from_its_anchor(
    length: timedelta, anchor: datetime, now: datetime
) -> None:
    following = every(length, anchor=anchor).next_after(now)
    if following is not None:
        assert (following - anchor) % length == timedelta(0)
        assert timedelta(0) < following - now <= length
