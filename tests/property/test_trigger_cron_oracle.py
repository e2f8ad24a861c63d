"""Cron triggers around the best known clock changes, against an oracle that looks at every instant of some days."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st

from property.oracles.clocks import MINUTE, SECOND, Reading, readings
from property.oracles.cron import ANY_SECOND, ON_THE_MINUTE, YEARS, Rule, check, listed, numbers, rules

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
]

NEAR_HOURS = numbers(0, 23) | st.lists(st.integers(0, 4), min_size=1, max_size=3).map(listed)


@lru_cache(maxsize=64)
def readings_around(timezone: str, change: str, reach: timedelta, step: timedelta) -> list[Reading]:
    middle = datetime.fromisoformat(change).replace(tzinfo=UTC)
    return readings(timezone, middle - reach, middle + reach, step)


@settings(max_examples=80, deadline=None)
@given(rule=rules(ON_THE_MINUTE, NEAR_HOURS), change=st.sampled_from(CHANGES))
def test_every_fire_time_around_a_clock_change_is_given_once_and_nothing_else(
    rule: Rule, change: tuple[str, str]
) -> None:
    looked_at = readings_around(*change, timedelta(hours=45), MINUTE)
    check(rule, change[0], [looked_at], timedelta(hours=30))


@settings(max_examples=20, deadline=None)
@given(rule=rules(ANY_SECOND, NEAR_HOURS, YEARS), change=st.sampled_from(CHANGES_TO_THE_SECOND))
def test_seconds_around_a_clock_change_are_given_once_and_nothing_else(rule: Rule, change: tuple[str, str]) -> None:
    looked_at = readings_around(*change, timedelta(minutes=150), SECOND)
    check(rule, change[0], [looked_at], timedelta(minutes=70))
