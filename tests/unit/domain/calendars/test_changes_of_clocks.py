"""Stretches where clocks are changed: worked out by hand from the rules of the zones."""

from datetime import UTC, datetime
from typing import Any

import pytest

from punctual.domain.calendars.calendar import Calendar


def stretch_of(rule: dict[str, Any], timezone: str, instant: str) -> tuple[str, str] | None:
    """The stretch around an instant, in UTC, to the minute."""
    calendar = Calendar.model_validate({"name": "c", "timezone": timezone, "rules": [rule]})
    found = calendar.stretch_at(datetime.fromisoformat(instant).replace(tzinfo=UTC))
    return (f"{found.start:%Y-%m-%dT%H:%M}", f"{found.end:%Y-%m-%dT%H:%M}") if found else None


def hours(first: str, last: str) -> dict[str, Any]:
    return {"kind": "weekly", "days": "mon-sun", "from": first, "until": last}


@pytest.mark.parametrize(
    ("timezone", "day", "start", "end"),
    [
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),  # 23 hours
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),  # 25 hours
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", "2018-11-05T02:00"),  # begins at 01:00
        ("America/Sao_Paulo", "2018-11-03", "2018-11-03T03:00", "2018-11-04T03:00"),  # ends where midnight is missing
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00", "2018-02-18T03:00"),  # 23:00 to 24:00 comes twice
        ("America/Havana", "2025-11-02", "2025-11-02T04:00", "2025-11-03T05:00"),  # midnight comes twice: at the first
        ("America/Havana", "2025-11-01", "2025-11-01T04:00", "2025-11-02T04:00"),  # and the day before ends there
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", "2026-04-05T13:30"),  # 24 hours and a half
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", "2026-10-04T13:00"),  # 23 hours and a half
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00", "2011-12-31T10:00"),
    ],
)
def test_a_whole_day_is_as_long_as_its_clocks_make_it(timezone: str, day: str, start: str, end: str) -> None:
    assert stretch_of({"kind": "dates", "dates": [day]}, timezone, start) == (start, end)
    assert stretch_of({"kind": "range", "from": day, "until": day}, timezone, start) == (start, end)


def test_a_day_that_the_calendar_left_out_is_empty() -> None:
    rule = {"kind": "dates", "dates": ["2011-12-30"]}
    for instant in ("2011-12-30T09:59", "2011-12-30T10:00", "2011-12-30T12:00"):
        assert stretch_of(rule, "Pacific/Apia", instant) is None
    rule = {"kind": "range", "from": "2011-12-30T06:00", "until": "2011-12-30T18:00"}
    assert stretch_of(rule, "Pacific/Apia", "2011-12-30T10:00") is None


# In Berlin the clocks go from 02:00 to 03:00 at 2026-03-29T01:00Z, and from 03:00 back to 02:00 at 2026-10-25T01:00Z.
@pytest.mark.parametrize(
    ("first", "last", "inside", "start", "end"),
    [
        ("01:30", "02:30", "2026-03-29T00:45", "2026-03-29T00:30", "2026-03-29T01:00"),  # ends in the gap: at its end
        ("02:30", "04:00", "2026-03-29T01:00", "2026-03-29T01:00", "2026-03-29T02:00"),  # begins in it: at its end
        ("01:00", "04:00", "2026-03-29T00:00", "2026-03-29T00:00", "2026-03-29T02:00"),
        ("22:00", "02:30", "2026-03-28T23:00", "2026-03-28T21:00", "2026-03-29T01:00"),  # wraps past midnight
        ("02:30", "04:00", "2026-10-25T00:30", "2026-10-25T00:30", "2026-10-25T03:00"),  # begins at the first 02:30
        ("01:00", "02:30", "2026-10-24T23:00", "2026-10-24T23:00", "2026-10-25T01:30"),  # ends at the second 02:30
        ("02:15", "02:45", "2026-10-25T00:50", "2026-10-25T00:15", "2026-10-25T01:45"),  # from the first to the second
        ("02:00", "03:00", "2026-10-25T00:00", "2026-10-25T00:00", "2026-10-25T02:00"),  # both passes
        ("01:00", "02:00", "2026-10-24T23:00", "2026-10-24T23:00", "2026-10-25T00:00"),  # ends before the first pass
        ("03:00", "04:00", "2026-10-25T02:00", "2026-10-25T02:00", "2026-10-25T03:00"),  # begins after the second
        ("22:00", "06:00", "2026-10-25T01:00", "2026-10-24T20:00", "2026-10-25T05:00"),
    ],
)
def test_hours_at_a_change_of_clocks_in_berlin(first: str, last: str, inside: str, start: str, end: str) -> None:
    assert stretch_of(hours(first, last), "Europe/Berlin", inside) == (start, end)


def test_hours_within_a_gap_are_none() -> None:
    for instant in ("2026-03-29T00:59", "2026-03-29T01:00"):
        assert stretch_of(hours("02:15", "02:45"), "Europe/Berlin", instant) is None


@pytest.mark.parametrize(
    ("first", "last", "inside", "start", "end"),
    [
        # The gap of half an hour, from 02:00 to 02:30 at 2026-10-03T15:30Z.
        ("01:00", "02:15", "2026-10-03T15:00", "2026-10-03T14:30", "2026-10-03T15:30"),
        ("02:15", "03:00", "2026-10-03T15:30", "2026-10-03T15:30", "2026-10-03T16:00"),
        # The fold of half an hour, from 02:00 back to 01:30 at 2026-04-04T15:00Z.
        ("01:45", "03:00", "2026-04-04T14:45", "2026-04-04T14:45", "2026-04-04T16:30"),
        ("01:00", "01:45", "2026-04-04T15:00", "2026-04-04T14:00", "2026-04-04T15:15"),
    ],
)
def test_hours_at_a_change_of_half_an_hour(first: str, last: str, inside: str, start: str, end: str) -> None:
    assert stretch_of(hours(first, last), "Australia/Lord_Howe", inside) == (start, end)


def test_a_range_of_local_times_follows_the_same_rules() -> None:
    rule = {"kind": "range", "from": "2026-03-29T02:30", "until": "2026-10-25T02:30"}
    assert stretch_of(rule, "Europe/Berlin", "2026-07-01T00:00") == ("2026-03-29T01:00", "2026-10-25T01:30")
