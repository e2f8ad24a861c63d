"""Unions and counts of every kind, against a plain merge and a plain enumeration."""

from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice, pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from property.oracles.kinds import SINGLES, forward
from punctual.domain.triggers import any_of

TICK = timedelta(microseconds=1)
STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
MOST = 60


@settings(max_examples=150, deadline=None)
@given(members=st.lists(SINGLES, min_size=2, max_size=5), start=STARTS)
def test_a_union_has_the_fire_times_of_its_members_each_instant_once(members: list[Any], start: datetime) -> None:
    union = any_of(*members)
    wanted: list[datetime] = []
    for instant in merge(*(islice(forward(member, start), MOST) for member in members)):
        if not wanted or instant > wanted[-1]:
            wanted.append(instant)
    wanted = wanted[:MOST]
    assert list(islice(forward(union, start), MOST)) == wanted
    for earlier, later in pairwise(wanted):
        assert union.previous_before(later) == earlier
    if wanted:
        assert union.count_between(wanted[0], wanted[-1], MOST) == (len(wanted), True)
        before = max((each for member in members if (each := member.previous_before(wanted[0]))), default=None)
        assert union.previous_before(wanted[0]) == before
