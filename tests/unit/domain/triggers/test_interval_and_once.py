"""Intervals and single instants."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from punctual.domain.errors import TriggerError
from punctual.domain.triggers import every, once

NOW = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def test_an_interval_counts_from_its_anchor_and_never_drifts() -> None:
    trigger = every(7, anchor=NOW)
    later = NOW + timedelta(days=3000)
    following = trigger.next_after(later)
    assert following is not None
    assert (following - NOW) % timedelta(seconds=7) == timedelta(0)
    assert later < following <= later + timedelta(seconds=7)


def test_an_interval_without_an_anchor_counts_from_the_epoch_until_it_is_given_one() -> None:
    trigger = every("1h")
    assert trigger.next_after(NOW) == datetime(2026, 1, 1, 13, tzinfo=UTC)
    anchored = trigger.anchored(NOW)
    assert anchored.anchor == NOW
    assert anchored.text == "every 1h"
    assert anchored.next_after(NOW) == NOW + timedelta(hours=1)
    assert anchored.anchored(NOW + timedelta(minutes=1)) is anchored


def test_an_anchor_fixes_the_phase_before_it_too() -> None:
    trigger = every(timedelta(hours=1), anchor=NOW)
    assert trigger.previous_before(NOW) == NOW - timedelta(hours=1)
    assert trigger.next_after(NOW - timedelta(days=1, minutes=1)) == NOW - timedelta(days=1)
    assert trigger.timezone_name == "UTC"


def test_counting_fire_times_of_an_interval_takes_no_search() -> None:
    trigger = every(1, anchor=NOW)
    assert trigger.count_between(NOW, NOW + timedelta(days=36_500), limit=1) == (3_153_600_001, True)
    assert trigger.count_between(NOW, NOW - timedelta(seconds=1), limit=1) == (0, True)


def test_an_anchor_without_utc_offset_is_refused() -> None:
    with pytest.raises(TriggerError, match="no UTC offset") as caught:
        every(60, anchor=datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test
    assert caught.value.field == "anchor"


@pytest.mark.parametrize(
    ("text", "seconds", "canonical"),
    [
        ("90s", 90, "90s"),
        ("1h30m", 5400, "1h30m"),
        ("1.5h", 5400, "1h30m"),
        ("2 hours", 7200, "2h"),
        ("day", 86_400, "1d"),
        ("1W", 604_800, "7d"),
        ("1d 12h", 129_600, "1d12h"),
        ("1.25s", 1.25, "1.25s"),
        ("60 s", 60, "1m"),
    ],
)
def test_a_length_of_time_is_read_as_people_write_it(text: str, seconds: float, canonical: str) -> None:
    trigger = every(text)
    assert trigger.every == timedelta(seconds=seconds)
    assert trigger.text == f"every {canonical}"


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("90", "has no unit", '"90s"'),
        ("1month", 'unknown unit "month"', "cron expression"),
        ("1q", 'unknown unit "q"', "Units are"),
        ("0.5s", "between 1 second and 10 years", "90s"),
        ("11000d", "between 1 second and 10 years", "90s"),
        ("now and then", "no length of time", "90s"),
        ("h h", "no length of time", "90s"),
        ("", "no length of time", "90s"),
    ],
)
def test_a_text_that_is_no_length_of_time_is_refused_with_a_fix(text: str, message: str, fix: str) -> None:
    with pytest.raises(TriggerError, match=message) as caught:
        every(text)
    assert caught.value.field == "every"
    assert fix in caught.value.fix


def test_a_local_time_happens_when_the_clocks_of_its_zone_show_it() -> None:
    trigger = once("2026-12-24T18:00", "Europe/Berlin")
    at = datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert trigger.next_after(NOW) == at
    assert trigger.next_after(at) is None
    assert trigger.previous_before(at) is None
    assert trigger.previous_before(at + timedelta(seconds=1)) == at
    assert trigger.count_between(at, at, 10) == (1, True)
    assert trigger.timezone_name == "Europe/Berlin"


def test_an_instant_is_itself_in_whatever_zone_it_is_shown() -> None:
    at = datetime(2026, 12, 24, 18, tzinfo=ZoneInfo("Europe/Berlin"))
    assert once(at).next_after(NOW) == at
    assert once(at).text == "2026-12-24T18:00+01:00"
    assert once(at, "Asia/Tokyo").next_after(NOW) == at
    assert once(at.astimezone(UTC)).text == "2026-12-24T17:00Z"
    assert once("2026-12-24T18:00+01:00").at.tzinfo == timezone(timedelta(hours=1))


def test_a_local_time_in_a_gap_shifts_and_one_in_a_fold_comes_first_unless_asked_otherwise() -> None:
    gap, fold = once("2026-03-29T02:30", "Europe/Berlin"), once("2026-10-25T02:30", "Europe/Berlin")
    assert gap.next_after(NOW) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert fold.next_after(NOW) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    both = fold.model_copy(update={"on_fold": "both"})
    assert both.previous_before(NOW + timedelta(days=400)) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert both.count_between(NOW, NOW + timedelta(days=400), 10) == (2, True)


@pytest.mark.parametrize(
    ("at", "zone", "message", "fix"),
    [
        ("2011-12-30T12:00", "Pacific/Apia", "does not exist in Pacific/Apia", "before or after"),
        ("2026-02-30T12:00", "UTC", "not in the calendar", "exist"),
        ("2026-12-24", "UTC", "no time of day", '"2026-12-24T00:00"'),
        ("tomorrow", "UTC", "no date with a time", "2026-12-24T18:00"),
        ("0001-01-01T00:00+14:00", "UTC", "outside the years", "2026-12-24T18:00"),
        ("0001-01-01T00:00", "Asia/Tokyo", "does not exist", "before or after"),
    ],
)
def test_a_time_that_never_comes_is_refused_at_its_field(at: str, zone: str, message: str, fix: str) -> None:
    with pytest.raises(TriggerError, match=message) as caught:
        once(at, zone)
    assert caught.value.field == "at"
    assert fix in caught.value.fix
