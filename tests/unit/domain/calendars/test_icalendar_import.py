"""Calendars out of iCalendar files, written as the programs that people use export them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.calendars.icalendar_import import ImportedCalendar, calendar_from_ics
from punctual.domain.errors import InvalidInputError

GOOGLE = """BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:PUBLISH
X-WR-CALNAME:Team closures\\, 2026
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VTIMEZONE
TZID:Europe/Berlin
X-LIC-LOCATION:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260803
DTEND;VALUE=DATE:20260815
DTSTAMP:20260101T000000Z
UID:summer@google.com
DESCRIPTION:A long text that goes on: it has commas\\, semicolons\\; and is fo
 lded; DTSTART:20200101
SUMMARY:Summer break
TRANSP:OPAQUE
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:This is an event reminder
SUMMARY:Alarm
TRIGGER:-P0DT0H30M0S
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:20260105T160000
DTEND;TZID=Europe/Berlin:20260105T180000
RRULE:FREQ=WEEKLY;UNTIL=20261231T225959Z;BYDAY=MO
EXDATE;TZID=Europe/Berlin:20260112T160000
UID:weekly@google.com
SUMMARY:Maintenance
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:20260120T100000
DTEND;TZID=Europe/Berlin:20260120T120000
UID:weekly@google.com
RECURRENCE-ID;TZID=Europe/Berlin:20260119T160000
SUMMARY:Maintenance (moved)
END:VEVENT
BEGIN:VEVENT
DTSTART:20260210T080000Z
DTEND:20260210T093000Z
UID:once@google.com
SUMMARY:Release
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260301
DTEND;VALUE=DATE:20260302
UID:cancelled@google.com
STATUS:CANCELLED
SUMMARY:Not this one
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260302
DTEND;VALUE=DATE:20260303
UID:free@google.com
TRANSP:TRANSPARENT
SUMMARY:Birthday
END:VEVENT
END:VCALENDAR
"""

OUTLOOK = """BEGIN:VCALENDAR
PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN
VERSION:2.0
METHOD:PUBLISH
X-CALSTART:20260101T000000Z
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16011028T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010325T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
CLASS:PUBLIC
DTEND;TZID="W. Europe Standard Time":20260701T060000
DTSTART;TZID="W. Europe Standard Time":20260630T220000
SUMMARY;LANGUAGE=de:Wartung
UID:040000008200E00074C5B7101A82E008
X-MICROSOFT-CDO-BUSYSTATUS:OOF
END:VEVENT
BEGIN:VEVENT
DTEND;TZID="W. Europe Standard Time":20260702T060000
DTSTART;TZID="W. Europe Standard Time":20260701T220000
SUMMARY:Frei
UID:040000008200E00074C5B7101A82E009
X-MICROSOFT-CDO-BUSYSTATUS:FREE
END:VEVENT
END:VCALENDAR
"""

APPLE = """BEGIN:VCALENDAR
CALSCALE:GREGORIAN
PRODID:-//Apple Inc.//macOS 15.0//EN
VERSION:2.0
X-WR-CALNAME:Feiertage
BEGIN:VEVENT
CREATED:20200101T000000Z
DTSTART;VALUE=DATE:19491003
RRULE:FREQ=YEARLY
UID:A
SUMMARY;LANGUAGE=de:Tag der Einheit
TRANSP:TRANSPARENT
X-APPLE-UNIVERSAL-ID:a
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260501
UID:B
SUMMARY:Tag der Arbeit
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270501
UID:C
SUMMARY:Tag der Arbeit
TRANSP:TRANSPARENT
END:VEVENT
END:VCALENDAR
"""


def file(*lines: str, head: tuple[str, ...] = ()) -> str:
    """A file of one event with these lines."""
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", *head, "BEGIN:VEVENT", "UID:u", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    )


def imported(*lines: str, timezone: str | None = "Europe/Berlin") -> Calendar:
    return calendar_from_ics(file(*lines), name="c", timezone=timezone).calendar


def held(calendar: Calendar, *texts: str) -> list[str | None]:
    """The labels at these local times of the calendar's zone."""
    zone = ZoneInfo(calendar.timezone)
    stretches = [calendar.stretch_at(datetime.fromisoformat(text).replace(tzinfo=zone)) for text in texts]
    return [stretch.label if stretch else None for stretch in stretches]


@pytest.fixture
def google() -> ImportedCalendar:
    return calendar_from_ics(GOOGLE, name="closures")


def test_the_calendar_takes_its_zone_and_description_from_the_file(google: ImportedCalendar) -> None:
    assert google.calendar.name == "closures"
    assert google.calendar.timezone == "Europe/Berlin"
    assert google.calendar.description == "Team closures, 2026"


def test_an_event_of_whole_days_ends_before_its_end_date(google: ImportedCalendar) -> None:
    texts = ["2026-08-02T23:59", "2026-08-03T00:00", "2026-08-14T23:59", "2026-08-15T00:00"]
    assert held(google.calendar, *texts) == [None, "Summer break", "Summer break", None]


def test_a_series_has_its_exceptions_and_its_moved_occurrences(google: ImportedCalendar) -> None:
    on_mondays = ["2026-01-05T16:00", "2026-01-12T16:30", "2026-01-19T16:30", "2026-01-26T17:59", "2026-01-26T18:00"]
    assert held(google.calendar, *on_mondays) == ["Maintenance", None, None, "Maintenance", None]
    assert held(google.calendar, "2026-01-20T10:00", "2026-01-20T12:00") == ["Maintenance (moved)", None]
    # 16:00 on the clock in summer too; the last one before UNTIL is on 2026-12-28.
    assert held(google.calendar, "2026-07-06T16:00", "2026-12-28T16:00", "2027-01-04T16:00") == [
        "Maintenance",
        "Maintenance",
        None,
    ]


def test_a_time_in_utc_is_an_instant(google: ImportedCalendar) -> None:
    assert held(google.calendar, "2026-02-10T08:59", "2026-02-10T09:00", "2026-02-10T10:30") == [None, "Release", None]


def test_cancelled_and_free_events_are_left_out_and_reported(google: ImportedCalendar) -> None:
    assert held(google.calendar, "2026-03-01T12:00", "2026-03-02T12:00") == [None, None]
    assert google.notes == (
        'Left out are events that are cancelled: event 5 "Not this one".',
        'Left out are events that are shown as free: event 6 "Birthday".',
    )


def test_a_windows_zone_is_mapped() -> None:
    outlook = calendar_from_ics(OUTLOOK, name="c")
    assert outlook.calendar.timezone == "Europe/Berlin"
    texts = ["2026-06-30T21:59", "2026-06-30T22:00", "2026-07-01T05:59", "2026-07-01T22:00"]
    assert held(outlook.calendar, *texts) == [None, "Wartung", "Wartung", None]
    assert outlook.notes == ('Left out are events that are shown as free: event 2 "Frei".',)


def test_a_file_of_free_events_only_says_how_to_take_them() -> None:
    with pytest.raises(InvalidInputError) as raised:
        calendar_from_ics(APPLE, name="c")
    fault = raised.value.faults[0]
    assert fault.message.startswith("no event is left to take. Left out are events that are shown as free: event 1")
    assert fault.fix == "Take the events that are shown as free, too."
    apple = calendar_from_ics(APPLE, name="c", timezone="Europe/Berlin", include_free=True)
    assert apple.notes == ()
    assert held(apple.calendar, "2026-10-03T12:00", "2030-10-03T00:00", "2027-05-01T23:59", "2028-05-01T12:00") == [
        "Tag der Einheit",
        "Tag der Einheit",
        "Tag der Arbeit",
        None,
    ]
    assert len(apple.calendar.rules) == 2  # days of one label are one rule


def test_a_file_without_a_zone_is_read_in_utc_and_says_so() -> None:
    found = calendar_from_ics(file("DTSTART:20260105T100000", "DTEND:20260105T110000"), name="c")
    assert found.calendar.timezone == "UTC"
    assert "taken in UTC" in found.notes[0]
    assert held(found.calendar, "2026-01-05T10:00", "2026-01-05T11:00") == [
        "2026-01-05 10:00Z to 2026-01-05 11:00Z",
        None,
    ]


def test_a_zone_given_wins_over_that_of_the_file() -> None:
    text = file("DTSTART;VALUE=DATE:20260105", head=("X-WR-TIMEZONE:America/New_York",))
    assert calendar_from_ics(text, name="c").calendar.timezone == "America/New_York"
    assert calendar_from_ics(text, name="c", timezone="Asia/Tokyo").calendar.timezone == "Asia/Tokyo"
    assert calendar_from_ics(text, name="c", timezone="Tokyo Standard Time").calendar.timezone == "Asia/Tokyo"


def test_a_series_in_another_zone_follows_its_own_clocks() -> None:
    calendar = imported(
        "DTSTART;TZID=America/New_York:20260105T090000",
        "DTEND;TZID=America/New_York:20260105T100000",
        "RRULE:FREQ=DAILY",
        "EXDATE:20260106T140000Z",
        "SUMMARY:NY",
    )
    # 09:00 in New York is 15:00 in Berlin, but 14:00 from 2026-03-08 on, until Berlin changes on 2026-03-29.
    texts = ["2026-01-05T15:00", "2026-01-06T15:00", "2026-01-07T15:59", "2026-03-10T14:00", "2026-03-10T15:00"]
    assert held(calendar, *texts) == ["NY", None, "NY", "NY", None]


def test_a_series_in_utc_stays_there() -> None:
    calendar = imported(
        "DTSTART:20260105T090000Z", "DURATION:PT1H30M", "RRULE:FREQ=WEEKLY;COUNT=30", "EXDATE:20260112T090000Z"
    )
    texts = ["2026-01-05T10:00", "2026-01-05T11:30", "2026-01-12T10:00", "2026-07-06T11:00", "2026-07-27T11:00"]
    assert held(calendar, *texts) == ["recurring event", None, None, "recurring event", "recurring event"]
    assert held(calendar, "2026-08-03T11:00") == [None]  # the 31st


def test_a_series_of_whole_days_has_days_of_any_length() -> None:
    calendar = imported(
        "DTSTART;VALUE=DATE:20260328",
        "DTEND;VALUE=DATE:20260330",
        "RRULE:FREQ=YEARLY;UNTIL=20280101T000000Z",
        "EXDATE;VALUE=DATE:20270328",
        "SUMMARY:Fair",
    )
    stretch = calendar.stretch_at(datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert stretch is not None
    assert stretch.end - stretch.start == timedelta(hours=47)
    assert held(calendar, "2027-03-28T12:00", "2028-03-28T12:00") == [None, None]


def test_a_whole_day_excludes_the_occurrence_on_it() -> None:
    calendar = imported(
        "DTSTART;TZID=Europe/Berlin:20260105T090000",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;UNTIL=20260108",
        "EXDATE;VALUE=DATE:20260106",
        "SUMMARY:S",
    )
    texts = [f"2026-01-{day:02}T09:30" for day in (5, 6, 7, 8, 9)]
    assert held(calendar, *texts) == ["S", None, "S", "S", None]


def test_added_dates_and_periods_are_held() -> None:
    calendar = imported(
        "DTSTART:20260105T090000",
        "DTEND:20260105T100000",
        "RDATE:20260107T090000,20260109T090000",
        "RDATE;VALUE=PERIOD:20260110T120000Z/PT2H,20260111T120000Z/20260111T130000Z",
        "EXDATE:20260109T090000",
        "SUMMARY:S",
    )
    texts = ["2026-01-05T09:30", "2026-01-07T09:30", "2026-01-09T09:30", "2026-01-10T14:30", "2026-01-11T13:30"]
    assert held(calendar, *texts) == ["S", "S", None, "S", "S"]
    assert held(calendar, "2026-01-10T15:00", "2026-01-11T14:00") == [None, None]


def test_the_start_of_a_series_is_an_occurrence_though_its_rule_does_not_name_it() -> None:
    # 2026-01-05 is a Monday.
    calendar = imported("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=WEEKLY;BYDAY=WE", "SUMMARY:S")
    assert held(calendar, "2026-01-05T12:00", "2026-01-06T12:00", "2026-01-07T12:00", "2026-01-12T12:00") == [
        "S",
        None,
        "S",
        None,
    ]


def test_an_occurrence_that_was_cancelled_or_is_free_is_left_out_of_its_series() -> None:
    changes = [
        [
            "BEGIN:VEVENT",
            "UID:u",
            "RECURRENCE-ID;VALUE=DATE:20260106",
            "DTSTART;VALUE=DATE:20260106",
            line,
            "END:VEVENT",
        ]
        for line in ("STATUS:CANCELLED", "TRANSP:TRANSPARENT")
    ]
    for change in changes:
        lines = ["DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;COUNT=3", "SUMMARY:S", "END:VEVENT", *change[:-1]]
        assert held(imported(*lines), "2026-01-05T12:00", "2026-01-06T12:00", "2026-01-07T12:00") == ["S", None, "S"]


def test_an_own_name_of_a_zone_is_read_by_the_place_that_the_file_gives_or_by_its_end() -> None:
    lines = [
        "BEGIN:VCALENDAR",
        "BEGIN:VTIMEZONE",
        "TZID:Home",
        "X-LIC-LOCATION:Europe/Berlin",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        "DTSTART;TZID=Home:20260105T090000",
        "DTEND;TZID=/freeassociation.sourceforge.net/America/New_York:20260105T090000",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    stretch = calendar_from_ics("\n".join(lines), name="c").calendar.stretch_at(datetime(2026, 1, 5, 9, tzinfo=UTC))
    assert stretch is not None
    assert (stretch.start.hour, stretch.end.hour) == (8, 14)


def test_a_yearly_series_may_be_older_than_1970() -> None:
    lines = ["DTSTART;VALUE=DATE:19520229", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:19600229", "SUMMARY:Birthday"]
    assert held(imported(*lines), "2028-02-29T12:00", "2027-02-28T12:00", "2027-03-01T12:00") == [
        "Birthday",
        None,
        None,
    ]


def test_many_days_of_one_label_are_few_rules() -> None:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=2 * number) for number in range(1500)]
    events = [f"BEGIN:VEVENT\nDTSTART;VALUE=DATE:{day:%Y%m%d}\nSUMMARY:Even\nEND:VEVENT" for day in days]
    found = calendar_from_ics("\n".join(["BEGIN:VCALENDAR", *events, "END:VCALENDAR"]), name="c")
    assert len(found.calendar.rules) == 2
    assert held(found.calendar, "2020-01-01T12:00", "2020-01-02T12:00", f"{days[-1]:%Y-%m-%d}T12:00") == [
        "Even",
        None,
        "Even",
    ]


def test_a_zone_defined_to_be_slow_costs_nothing() -> None:
    slow = "BEGIN:VTIMEZONE\nTZID:Evil\nBEGIN:STANDARD\nDTSTART:16010101T000000\nRRULE:FREQ=SECONDLY\n"
    slow += "END:STANDARD\nEND:VTIMEZONE"
    text = GOOGLE.replace("BEGIN:VTIMEZONE", f"{slow}\nBEGIN:VTIMEZONE", 1)
    assert calendar_from_ics(text, name="closures").calendar == calendar_from_ics(GOOGLE, name="closures").calendar
