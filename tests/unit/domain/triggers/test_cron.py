"""Named hard cases of the cron trigger, as tables."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from punctual.domain.errors import TriggerError
from punctual.domain.triggers import Cron, cron

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def upcoming(trigger: Cron, after: datetime, count: int) -> list[str]:
    """The next fire times as the zone's clocks show them, with their offsets."""
    found: list[str] = []
    following = trigger.next_after(after)
    while following is not None and len(found) < count:
        local = following.astimezone(ZoneInfo(trigger.timezone_name))
        found.append(local.isoformat(timespec="minutes" if not local.second else "seconds"))
        following = trigger.next_after(following)
    return found


@pytest.mark.parametrize(
    ("expression", "dates"),
    [
        ("0 0 L * *", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("0 0 L-3 * *", ["2026-01-28", "2026-02-25", "2026-03-28"]),
        ("0 0 L-30 * *", ["2026-03-01", "2026-05-01", "2026-07-01"]),
        ("0 0 LW * *", ["2026-01-30", "2026-02-27", "2026-03-31"]),
        ("0 0 15W * *", ["2026-01-15", "2026-02-16", "2026-03-16"]),
        ("0 0 1W 8 *", ["2026-08-03", "2027-08-02", "2028-08-01"]),
        ("0 0 31W * *", ["2026-01-30", "2026-03-31", "2026-05-29"]),
        ("0 0 * * 5#2", ["2026-01-09", "2026-02-13", "2026-03-13"]),
        ("0 0 * * fri#5", ["2026-01-30", "2026-05-29", "2026-07-31"]),
        ("0 0 * * 5L", ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("0 0 * * sundayL", ["2026-01-25", "2026-02-22", "2026-03-29"]),
        ("0 0 * * 0", ["2026-01-04", "2026-01-11", "2026-01-18"]),
        ("0 0 * * 7", ["2026-01-04", "2026-01-11", "2026-01-18"]),
        ("0 0 * * 5-7", ["2026-01-02", "2026-01-03", "2026-01-04"]),
        ("0 0 * * FRI-Monday", ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-09"]),
        ("0 0 30-2 * *", ["2026-01-02", "2026-01-30", "2026-01-31", "2026-02-01"]),
        ("0 0 1 nov-feb *", ["2026-02-01", "2026-11-01", "2026-12-01", "2027-01-01"]),
        ("0 0 13 * 5", ["2026-01-02", "2026-01-09", "2026-01-13", "2026-01-16"]),
        ("0 0 */10 * 4", ["2026-01-01", "2026-05-21", "2026-06-11"]),
        ("0 0 ? * 1", ["2026-01-05", "2026-01-12"]),
        ("0 0 1,15,L 2 *", ["2026-02-01", "2026-02-15", "2026-02-28"]),
        ("0 0 29 2 *", ["2028-02-29", "2032-02-29"]),
        ("@weekly", ["2026-01-04", "2026-01-11"]),
        ("@Monthly", ["2026-01-01", "2026-02-01"]),
        ("@annually", ["2026-01-01", "2027-01-01"]),
    ],
)
def test_days_are_matched(expression: str, dates: list[str]) -> None:
    found = upcoming(cron(expression), instant("2025-12-31T12:00"), 60)
    assert [text for text in found if text[:10] in dates][: len(dates)] == [f"{date}T00:00+00:00" for date in dates]
    assert found[0] == f"{dates[0]}T00:00+00:00" or len(dates) > 2


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("5/15 * * * *", ["00:05", "00:20", "00:35", "00:50", "01:05"]),
        ("0 22-2 * * *", ["01:00", "02:00", "22:00", "23:00", "00:00"]),
        ("0 22-4/3 * * *", ["01:00", "04:00", "22:00", "01:00"]),
        ("50-5/5 8 * * *", ["08:00", "08:05", "08:50", "08:55"]),
        ("30 0 2 * * *", ["02:00:30", "02:00:30"]),
        ("*/20 59 23 * * *", ["23:59", "23:59:20", "23:59:40", "23:59"]),
        ("@hourly", ["01:00", "02:00"]),
        ("@midnight", ["00:00", "00:00"]),
    ],
)
def test_times_of_day_are_matched(expression: str, times: list[str]) -> None:
    found = upcoming(cron(expression), NEW_YEAR, len(times))
    assert [text[11:].removesuffix("+00:00") for text in found] == times


def test_both_day_fields_must_match_where_that_is_asked_for() -> None:
    found = upcoming(cron("0 0 13 * 5", day_match="and"), NEW_YEAR, 3)
    assert [text[:10] for text in found] == ["2026-02-13", "2026-03-13", "2026-11-13"]


def test_a_rare_date_is_found_across_a_century_without_leap_day() -> None:
    trigger = cron("0 0 29 2 mon", day_match="and")
    assert trigger.next_after(instant("2072-03-01T00:00")) == instant("2112-02-29T00:00")
    assert trigger.previous_before(instant("2112-02-29T00:00")) == instant("2072-02-29T00:00")


def test_a_year_field_ends_the_trigger() -> None:
    trigger = cron("0 0 12 1 1 ? 2027-2031/2")
    assert [text[:4] for text in upcoming(trigger, NEW_YEAR, 9)] == ["2027", "2029", "2031"]
    assert trigger.previous_before(NEW_YEAR) is None


def test_a_gap_may_be_skipped_and_a_fold_taken_late_or_twice() -> None:
    before_gap, before_fold = instant("2026-03-28T12:00"), instant("2026-10-24T12:00")
    night = "30 2 * * *"
    assert upcoming(cron(night, "Europe/Berlin", on_gap="skip"), before_gap, 1) == ["2026-03-30T02:30+02:00"]
    assert upcoming(cron(night, "Europe/Berlin", on_fold="second"), before_fold, 2) == [
        "2026-10-25T02:30+01:00",
        "2026-10-26T02:30+01:00",
    ]
    assert upcoming(cron(night, "Europe/Berlin", on_fold="both"), before_fold, 2) == [
        "2026-10-25T02:30+02:00",
        "2026-10-25T02:30+01:00",
    ]
    hourly = cron("30 * * * *", "Europe/Berlin", on_fold="first", on_gap="shift")
    assert upcoming(hourly, instant("2026-10-25T00:00"), 2) == ["2026-10-25T02:30+02:00", "2026-10-25T03:30+01:00"]
    assert upcoming(hourly, instant("2026-03-29T00:45"), 2) == ["2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"]


def test_a_trigger_that_only_ever_meets_gaps_ends_instead_of_searching_on() -> None:
    assert cron("30 2 * 3 7L", "Europe/Berlin", on_gap="skip").next_after(NEW_YEAR) is None


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_ends_of_the_calendar_give_none_and_never_an_exception(timezone: str) -> None:
    trigger = cron("* * * * *", timezone)
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert trigger.next_after(last) is None
    assert trigger.previous_before(first) is None
    following, preceding = trigger.next_after(first), trigger.previous_before(last)
    assert following is not None
    assert following.year == 1
    assert preceding is not None
    assert preceding.year == 9999


def test_an_instant_in_another_zone_is_understood_and_one_without_a_zone_refused() -> None:
    trigger = cron("0 12 * * *")
    assert trigger.next_after(datetime(2026, 1, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))) == instant("2026-01-01T12:00")
    with pytest.raises(TriggerError, match="no UTC offset"):
        trigger.next_after(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test
    with pytest.raises(TriggerError, match="no UTC offset"):
        trigger.anchored(datetime(2026, 1, 1))  # noqa: DTZ001 - same


@pytest.mark.parametrize(
    ("expression", "message", "fix", "position"),
    [
        ("0 25 * * *", "hour must be 0\u201323, got 25", "Use a number from 0 to 23.", 2),
        ("0 24 * * *", "hour must be 0\u201323, got 24", "Midnight is hour 0.", 2),
        ("60 * * * *", "minute must be 0\u201359, got 60", "The full hour is minute 0.", 0),
        ("*/70 * * * *", "the step of minute must be 1\u201359, got 70", 'write "0"', 2),
        ("0 */0 * * *", "the step of hour must be 1\u201323, got 0", 'write "*"', 4),
        ("0 0 1/ * *", "the step of day of month must be 1\u201330, got nothing", '"*/6"', 6),
        ("0 0 0 * *", "day of month must be 1\u201331, got 0", "from 1 to 31", 4),
        ("0 0 * * 8", "day of week must be 0\u20137, got 8", "from 0 to 7", 8),
        ("0 0 * * mondey", '"mondey" is no day of week', 'Did you mean "monday"?', 8),
        ("0 0 * sept *", '"sept" is no month', 'Did you mean "sep', 6),
        ("0 0 * * L", '"L" alone is no day of week', "5L", 8),
        ("0 0 * * L5", '"L5" is no day of week', 'Did you mean "5L"?', 8),
        ("0 0 * * 5#6", 'the number after "#" must be 1\u20135, got 6', "5L", 10),
        ("0 0 L-31 * *", "day of month takes L-1 to L-30, got L-31", "No month has 31 days before its last.", 4),
        ("0 0 1-5-7 * *", 'unexpected "-7" in day of month', "1-15", 7),
        ("1,,2 * * * *", "a minute is missing", "both sides of each comma", 2),
        ("X * * * *", 'unexpected "X" in minute', "forms like", 0),
        ("0 0 0 1 1 ? 2030-2027", "the year range 2030-2027 runs backwards", "earlier year first", 12),
        ("0 0 0 1 1 ? 1969", "year must be 1970\u20139999, got 1969", "from 1970 to 9999", 12),
        ("0 0 30 2 *", "day of month 30 never comes in month 2", "last day of any month", 4),
        ("0 0 31 4,jun *", "day of month 31 never comes in month 4,jun", "last day", 4),
        ("0 0 0 29 2 ? 2026,2027", "no date matches", "Widen", 13),
        ("0 0 * *", "this has 4", '"0 0 * * *"', 7),
        ("0 0 * * * * * *", "this has 8", "time zone belongs last", 14),
        ("@dayly", "is no alias", 'Did you mean "@daily"?', 0),
        ("@every 5m", "is no alias", 'Write "every 5m"', 0),
        ("@reboot", "is no alias", "keeps time", 0),
    ],
)
def test_a_fault_names_what_was_expected_where_and_a_fix(
    expression: str, message: str, fix: str, position: int | None
) -> None:
    with pytest.raises(TriggerError) as caught:
        cron(expression)
    error = caught.value
    assert error.message.startswith(f'"{expression}"')
    assert message in error.message
    assert fix in error.fix
    assert (error.field, error.text, error.position) == ("expression", expression, position)


def test_days_that_can_never_meet_are_refused_only_when_both_must_match() -> None:
    assert cron("0 0 30 2 1").next_after(NEW_YEAR) == instant("2026-02-02T00:00")
    with pytest.raises(TriggerError, match="never comes in month 2"):
        cron("0 0 30 2 1", day_match="and")
    with pytest.raises(TriggerError, match="both its day of month and its day of week"):
        cron("0 0 1-7 * 5#3", day_match="and")


@pytest.mark.parametrize(
    ("timezone", "fix"),
    [
        ("Europe/Berln", '"Europe/Berlin"'),
        ("europe/berlin", '"Europe/Berlin"'),
        ("berlin", '"Europe/Berlin"'),
        ("New York", '"America/New_York"'),
        ("utc", '"UTC"'),
        ("CEST", "IANA"),
        ("../../etc/passwd", "IANA"),
        ("localtime", "IANA"),
        ("Europe", ""),
        ("", "IANA"),
    ],
)
def test_an_unknown_time_zone_is_refused_with_the_likely_one(timezone: str, fix: str) -> None:
    with pytest.raises(TriggerError, match="unknown time zone") as caught:
        cron("0 2 * * *", timezone)
    assert caught.value.field == "timezone"
    assert fix in caught.value.fix


def test_a_knob_with_a_value_it_does_not_take_is_refused_at_its_name() -> None:
    with pytest.raises(TriggerError) as caught:
        cron("0 2 * * *", day_match="xor")  # type: ignore[arg-type] # the point of the test
    assert caught.value.field == "day_match"
