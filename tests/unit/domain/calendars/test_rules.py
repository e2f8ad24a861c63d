"""What each kind of rule holds."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.calendars.stretch import Stretch

TICK = timedelta(microseconds=1)


def calendar(*rules: dict[str, Any], timezone: str = "UTC") -> Calendar:
    return Calendar.model_validate({"name": "c", "timezone": timezone, "rules": rules})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, timezone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))


def held(document: Calendar, *texts: str) -> list[bool]:
    zone = ZoneInfo(document.timezone)
    return [document.stretch_at(datetime.fromisoformat(text).replace(tzinfo=zone)) is not None for text in texts]


def test_a_date_is_held_from_midnight_to_midnight_on_the_clocks_of_the_zone() -> None:
    day = calendar({"kind": "dates", "dates": ["2026-12-24"], "label": "Christmas Eve"}, timezone="America/New_York")
    expected = Stretch(utc("2026-12-24T05:00"), utc("2026-12-25T05:00"), "Christmas Eve")
    assert day.stretch_at(expected.start - TICK) is None
    assert day.stretch_at(expected.start) == expected
    assert day.stretch_at(expected.end - TICK) == expected
    assert day.stretch_at(expected.end) is None


def test_a_rule_without_a_label_is_labelled_by_what_it_names() -> None:
    instant = utc("2026-12-24T12:00")
    labels = [
        calendar(rule).stretch_at(instant)
        for rule in (
            {"kind": "dates", "dates": ["2026-12-24"]},
            {"kind": "range", "from": "2026-12-24", "until": "2026-12-26"},
            {"kind": "range", "from": "2026-12-24T08:00", "until": "2026-12-24T18:00:30"},
            {"kind": "weekly", "days": "thu"},
            {"kind": "yearly", "days": "12-20..01-02"},
            {"kind": "recurring", "expression": "DTSTART:20260101 RRULE:FREQ=DAILY", "days": 1},
        )
    ]
    assert [stretch.label for stretch in labels if stretch] == [
        "2026-12-24",
        "2026-12-24 to 2026-12-26",
        "2026-12-24 08:00 to 2026-12-24 18:00",
        "weekly hours",
        "every year on 12-20..01-02",
        "recurring event",
    ]


def test_of_several_rules_that_hold_an_instant_the_first_gives_the_label() -> None:
    rules: list[dict[str, Any]] = [
        {"kind": "weekly", "days": "mon-sun", "label": "always"},
        {"kind": "dates", "dates": ["2026-12-24"], "label": "Christmas Eve"},
    ]
    rules.append({"kind": "dates", "dates": ["2026-12-24"], "label": "again"})
    found = [calendar(*each).stretch_at(utc("2026-12-24T12:00")) for each in (rules, rules[1:], reversed(rules))]
    assert [stretch.label for stretch in found if stretch] == ["always", "Christmas Eve", "again"]


def test_a_range_of_days_includes_both_and_one_of_times_not_its_end() -> None:
    days = calendar({"kind": "range", "from": "2026-12-24", "until": "2026-12-26"}, timezone="Europe/Berlin")
    assert held(days, "2026-12-23T23:59", "2026-12-24T00:00", "2026-12-26T23:59", "2026-12-27T00:00") == [
        False,
        True,
        True,
        False,
    ]
    times = calendar(
        {"kind": "range", "from": "2026-12-24T18:00", "until": "2026-12-26T06:00"}, timezone="Europe/Berlin"
    )
    assert held(times, "2026-12-24T17:59", "2026-12-24T18:00", "2026-12-26T05:59", "2026-12-26T06:00") == [
        False,
        True,
        True,
        False,
    ]


def test_a_range_with_offsets_names_instants_whatever_the_zone() -> None:
    rule = {"kind": "range", "from": "2026-12-24T18:00:00+01:00", "until": "2026-12-24T19:00:00Z"}
    stretch = calendar(rule, timezone="Asia/Tokyo").stretch_at(utc("2026-12-24T18:00"))
    assert stretch is not None
    assert (stretch.start, stretch.end) == (utc("2026-12-24T17:00"), utc("2026-12-24T19:00"))


def test_weekly_hours_that_end_before_they_begin_end_on_the_next_day() -> None:
    # 2026-01-09 is a Friday
    nights = calendar({"kind": "weekly", "days": ["fri"], "from": "18:00", "until": "06:00"}, timezone="Europe/Berlin")
    texts = ["2026-01-09T05:00", "2026-01-09T17:59", "2026-01-09T18:00", "2026-01-10T05:59", "2026-01-10T06:00"]
    assert held(nights, *texts) == [False, False, True, True, False]


def test_weekly_hours_may_end_at_midnight() -> None:
    evening = calendar({"kind": "weekly", "days": "fri", "from": "18:00", "until": "24:00"})
    assert held(evening, "2026-01-09T17:59", "2026-01-09T23:59", "2026-01-10T00:00") == [False, True, False]


def test_days_of_the_week_may_go_past_sunday_and_be_written_in_any_form() -> None:
    for days in ("sat-mon", "Sat, Sun, Mon", ["saturday", "SUN", "mon"], ["sun-mon", "sat"]):
        weekend = calendar({"kind": "weekly", "days": days})
        assert weekend.model_dump()["rules"][0]["days"] == ("mon", "sat", "sun")
        assert held(weekend, "2026-01-09T12:00", "2026-01-10T00:00", "2026-01-12T23:59", "2026-01-13T00:00") == [
            False,
            True,
            True,
            False,
        ]


def test_days_of_the_year_may_go_past_its_end() -> None:
    turn = calendar({"kind": "yearly", "days": "12-24..01-02"})
    texts = ["2026-12-23T23:59", "2026-12-24T00:00", "2027-01-02T23:59", "2027-01-03T00:00", "2031-12-31T12:00"]
    assert held(turn, *texts) == [False, True, True, False, True]


def test_the_29th_of_february_exists_only_in_leap_years() -> None:
    leap = calendar({"kind": "yearly", "days": "02-29"})
    texts = ["2028-02-29T12:00", "2027-02-28T12:00", "2027-03-01T12:00", "2100-03-01T00:00", "2096-02-29T00:00"]
    assert held(leap, *texts) == [True, False, False, False, True]
    around = calendar({"kind": "yearly", "days": ["02-28..03-01"]})
    assert held(around, "2027-02-28T00:00", "2027-03-01T23:59", "2028-02-29T12:00") == [True, True, True]


def test_an_occurrence_lasts_its_duration_in_elapsed_time() -> None:
    # In Berlin, 2026-03-29 has 23 hours.
    rule = {"kind": "recurring", "expression": "DTSTART:20260328T120000 RRULE:FREQ=DAILY;COUNT=1", "duration": "24h"}
    stretch = calendar(rule, timezone="Europe/Berlin").stretch_at(utc("2026-03-28T12:00"))
    assert stretch is not None
    assert (stretch.start, stretch.end) == (utc("2026-03-28T11:00"), utc("2026-03-29T11:00"))


def test_an_occurrence_of_whole_days_lasts_from_midnight_to_midnight() -> None:
    rule = {"kind": "recurring", "expression": "DTSTART:20260328 RRULE:FREQ=YEARLY", "days": 2, "label": "Fair"}
    fair = calendar(rule, timezone="Europe/Berlin")
    assert fair.stretch_at(utc("2026-03-28T12:00")) == Stretch(utc("2026-03-27T23:00"), utc("2026-03-29T22:00"), "Fair")
    assert held(fair, "2027-03-27T23:59", "2027-03-28T00:00", "2027-03-29T23:59", "2027-03-30T00:00") == [
        False,
        True,
        True,
        False,
    ]


def test_an_occurrence_of_whole_days_begins_at_midnight_though_its_event_begins_later() -> None:
    rule = {"kind": "recurring", "expression": "DTSTART:20260105T220000 RRULE:FREQ=WEEKLY", "days": 1}
    assert held(calendar(rule), "2026-01-04T23:59", "2026-01-05T00:00", "2026-01-05T23:59", "2026-01-06T00:00") == [
        False,
        True,
        True,
        False,
    ]
    assert held(calendar(rule, timezone="Asia/Tokyo"), "2026-01-12T00:00", "2026-01-12T08:59") == [True, True]


def test_a_recurring_rule_may_name_its_own_zone() -> None:
    rule = {
        "kind": "recurring",
        "expression": "DTSTART;TZID=America/New_York:20260105T090000 RRULE:FREQ=WEEKLY",
        "duration": "1h",
    }
    in_new_york = calendar(rule, timezone="Asia/Tokyo").stretch_at(utc("2026-01-12T14:00"))
    assert in_new_york == Stretch(utc("2026-01-12T14:00"), utc("2026-01-12T15:00"), "recurring event")
    in_utc = {**rule, "expression": "DTSTART:20260105T090000Z RRULE:FREQ=WEEKLY"}
    assert calendar(in_utc, timezone="Asia/Tokyo").stretch_at(utc("2026-01-12T09:30")) is not None


def test_overlapping_occurrences_hold_as_long_as_the_last_of_them() -> None:
    rule = {"kind": "recurring", "expression": "DTSTART:20260105T090000 RRULE:FREQ=DAILY;COUNT=3", "duration": "60h"}
    texts = ["2026-01-05T08:59", "2026-01-05T09:00", "2026-01-09T20:59", "2026-01-09T21:00"]
    assert held(calendar(rule), *texts) == [False, True, True, False]
