"""Errors of iCalendar imports: each names the event, what is wrong, and what to do."""

import pytest

from punctual.domain.calendars.icalendar_import import calendar_from_ics
from punctual.domain.errors import Fault, InvalidInputError


def file(*lines: str) -> str:
    """A file of one event with these lines."""
    return "\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:u", *lines, "END:VEVENT", "END:VCALENDAR"])


def fault_of(text: str, timezone: str | None = None) -> Fault:
    with pytest.raises(InvalidInputError) as raised:
        calendar_from_ics(text, name="c", timezone=timezone)
    return raised.value.faults[0]


def test_an_unknown_zone_is_an_error_that_names_the_event() -> None:
    fault = fault_of(file("DTSTART;TZID=Customized Time Zone:20260105T090000", "SUMMARY:Team day"))
    assert fault.path == "ics"
    assert fault.code == "invalid_calendar"
    assert fault.message == 'event 1 "Team day": unknown time zone "Customized Time Zone"'
    assert "IANA name" in fault.fix
    assert "Did you mean" in fault_of(file("DTSTART;TZID=Europe/Berln:20260105T090000")).fix
    wrong = fault_of(file("DTSTART;VALUE=DATE:20260105"), timezone="Europe/Berln")
    assert (wrong.path, wrong.fix[:28]) == ("timezone", 'Did you mean "Europe/Berlin"')


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["SUMMARY:x"], 'event 1 "x": it has no start'),
        (["DTSTART;VALUE=DATE:20260230"], 'event 1 (UID u): "20260230" is no date'),
        (["DTSTART:20260105T25"], '"20260105T25" is no date'),
        (["DTSTART:20260105T090000", "DTEND:20260105T080000"], "it ends before it starts"),
        (["DTSTART:20260105T090000", "DTEND;VALUE=DATE:20260106"], "not both days, or both times"),
        (["DTSTART:20260105T090000", "DURATION:1h"], '"1h" is no duration'),
        (["DTSTART:20260105T090000", "DURATION:P999999999D"], "outside the years"),
        (["DTSTART:20260105T090000", "DURATION:PT1H", "RRULE:FREQ=FORTNIGHTLY"], "FORTNIGHTLY"),
        (
            ["DTSTART:20260105T090000", "DURATION:PT1H", "RRULE:FREQ=SECONDLY;BYMONTHDAY=31;BYMONTH=2"],
            "no date matches",
        ),
        (["DTSTART:20260105T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"], "EXRULE"),
        (["DTSTART:20260105T090000", "DURATION:P400D", "RRULE:FREQ=DAILY"], "more than a year"),
        (["DTSTART;VALUE=DATE:20260105", "DURATION:P400D", "RRULE:FREQ=DAILY"], "more than a year"),
        (["DTSTART:19600105T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY"], "starts before 1970"),
        (["DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=HOURLY"], "whole days do not go"),
        (["DTSTART:20260105T090000", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260105T090000"], "all later occurrences"),
        (
            ["DTSTART:20260101T000000", "DURATION:PT1H", "RRULE:FREQ=DAILY"]
            + [f"EXDATE:2026{month:02}{day:02}T000000" for month in range(1, 13) for day in range(2, 29)],
            "too many dates",
        ),
    ],
)
def test_an_event_that_cannot_be_taken_is_named_with_what_is_wrong(lines: list[str], message: str) -> None:
    fault = fault_of(file(*lines))
    assert message in fault.message
    assert fault.message.startswith("event 1")
    assert fault.fix


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["DTSTART:20260105T090000"], "have no length"),
        (
            ["DTSTART:20260105T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260101T000000Z"],
            "end before they begin",
        ),
        (["DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;UNTIL=20260104"], "end before they begin"),
        (
            ["DTSTART;VALUE=DATE:20260105", "RDATE;VALUE=DATE:20260105", "EXDATE;VALUE=DATE:20260105"],
            "no occurrence left",
        ),
    ],
)
def test_an_event_with_nothing_to_add_is_left_out_and_reported(lines: list[str], reason: str) -> None:
    assert reason in fault_of(file(*lines)).message
    both = calendar_from_ics(file("DTSTART;VALUE=DATE:20260301", "END:VEVENT", "BEGIN:VEVENT", *lines), name="c")
    assert len(both.calendar.rules) == 1
    assert reason in both.notes[-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not begin"),
        ("hello", "is no line of one"),
        ("BEGIN:VCARD\nEND:VCARD", "does not begin with BEGIN:VCALENDAR"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", "ends nothing that was begun"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT", "END:VEVENT is missing"),
        ('BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID="a:b\nEND:VEVENT\nEND:VCALENDAR', "cannot be read"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR", "the file has no events"),
        ("x" * 1_048_577, "1048577 characters"),
        ("BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\nEND:VEVENT\n" * 5001 + "END:VCALENDAR", "5001 events"),
    ],
)
def test_a_text_that_is_no_such_file_is_an_error(text: str, message: str) -> None:
    assert message in fault_of(text).message


def test_a_file_with_more_rules_than_fit_is_an_error() -> None:
    events = [
        f"BEGIN:VEVENT\nDTSTART:2026{1 + n // 28 % 12:02}{1 + n % 28:02}T{n // 336:02}0000\nDURATION:PT1H\nEND:VEVENT"
        for n in range(501)
    ]
    fault = fault_of("\n".join(["BEGIN:VCALENDAR", *events, "END:VCALENDAR"]))
    assert "makes more than 500 rules" in fault.message


def test_series_that_count_too_far_together_are_refused_before_they_are_counted() -> None:
    series = ["DTSTART:20260105T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=6000"]
    fault = fault_of(file(*series, "END:VEVENT", "BEGIN:VEVENT", *series))
    assert fault.message == "recurring rules count 12000 occurrences, more than 10000 together"
    assert "UNTIL" in fault.fix


def test_at_most_twenty_faults_are_told() -> None:
    with pytest.raises(InvalidInputError) as raised:
        calendar_from_ics("BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\nEND:VEVENT\n" * 50 + "END:VCALENDAR", name="c")
    assert len(raised.value.faults) == 20
