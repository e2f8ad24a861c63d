"""Named hard cases of time zones and the calendar, in one table: the fire times are worked out by hand, in UTC."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from punctual.domain.errors import TriggerError
from punctual.domain.triggers import cron, parse_trigger

Case = tuple[str, str, str, list[str]]

CASES: dict[str, list[Case]] = {
    # Each: the trigger, why, the instant to start after, the fire times that follow.
    "Berlin": [
        ("30 2 * * * Europe/Berlin", "01:00Z: 02:00 to 03:00 is left out, so it runs at its end",
         "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("0,30 2,3 * * * Europe/Berlin", "three fixed times meet at the end of the gap, and run once",
         "2026-03-29T00:00", ["2026-03-29T01:00", "2026-03-29T01:30", "2026-03-30T00:00"]),
        ("*/30 * * * * Europe/Berlin", "with * it follows elapsed time through the gap",
         "2026-03-29T00:15", ["2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30"]),
        ("*/20 2 * * * Europe/Berlin", "with * nothing is moved: that hour did not come",
         "2026-03-28T12:00", ["2026-03-30T00:00", "2026-03-30T00:20", "2026-03-30T00:40"]),
        ("30 2 * * * Europe/Berlin on_gap=skip", "asked to skip the gap", "2026-03-28T12:00", ["2026-03-30T00:30"]),
        ("30 2 * * * Europe/Berlin", "01:00Z: 02:00 to 03:00 comes twice, the first one counts",
         "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("30 2 * * * Europe/Berlin on_fold=second", "asked for the second pass",
         "2026-10-24T12:00", ["2026-10-25T01:30", "2026-10-26T01:30"]),
        ("30 2 * * * Europe/Berlin on_fold=both", "asked for both passes",
         "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-26T01:30"]),
        ("0 2,3 * * * Europe/Berlin", "02:00 once though it comes twice, then 03:00",
         "2026-10-24T12:00", ["2026-10-25T00:00", "2026-10-25T02:00"]),
        ("0 * * * * Europe/Berlin", "with * every hour that passes",
         "2026-10-24T23:30", ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]),
        ("2026-10-25T02:30 Europe/Berlin", "a single wall time: the first pass",
         "2026-10-24T00:00", ["2026-10-25T00:30"]),
        ("RRULE:FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0 Europe/Berlin", "a recurrence moves like a fixed time",
         "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
    ],
    "New York": [
        ("30 2 * * * America/New_York", "07:00Z: 02:00-05 becomes 03:00-04",
         "2026-03-08T05:00", ["2026-03-08T07:00", "2026-03-09T06:30"]),
        ("30 1 * * * America/New_York", "06:00Z: 02:00-04 becomes 01:00-05",
         "2026-10-31T12:00", ["2026-11-01T05:30", "2026-11-02T06:30"]),
    ],
    "Lord Howe, half an hour": [
        ("15 2 * * * Australia/Lord_Howe", "15:30Z: 02:00+10:30 becomes 02:30+11",
         "2026-10-03T12:00", ["2026-10-03T15:30", "2026-10-04T15:15"]),
        ("45 1 * * * Australia/Lord_Howe", "15:00Z: 02:00+11 becomes 01:30+10:30",
         "2026-04-04T12:00", ["2026-04-04T14:45", "2026-04-05T15:15"]),
        ("45 * * * * Australia/Lord_Howe", "01:45 comes twice, half an hour apart",
         "2026-04-04T14:00", ["2026-04-04T14:45", "2026-04-04T15:15", "2026-04-04T16:15"]),
    ],
    "Sao Paulo, a gap at midnight": [
        ("0 0 * * * America/Sao_Paulo", "03:00Z: the day begins at 01:00-02",
         "2018-11-03T12:00", ["2018-11-04T03:00", "2018-11-05T02:00"]),
        ("30 23 * * * America/Sao_Paulo", "02:00Z: midnight-02 becomes 23:00-03 of the same day",
         "2018-02-17T12:00", ["2018-02-18T01:30", "2018-02-19T02:30"]),
    ],
    "Asuncion, a gap at midnight, until 2024": [
        ("0 0 * * * America/Asuncion", "04:00Z: the day begins at 01:00-03",
         "2023-09-30T12:00", ["2023-10-01T04:00", "2023-10-02T03:00"]),
        ("30 23 * * * America/Asuncion", "03:00Z: midnight-03 becomes 23:00-04",
         "2024-03-23T12:00", ["2024-03-24T02:30", "2024-03-25T03:30"]),
        ("30 23 * * * America/Asuncion", "-03 for good since October 2024",
         "2025-03-22T12:00", ["2025-03-23T02:30", "2025-03-24T02:30"]),
    ],
    "Apia, without 2011-12-30": [
        ("0 12 * * * Pacific/Apia", "10:00Z: the 29th at 24:00-10 is the 31st at 00:00+14, and nothing is moved",
         "2011-12-29T12:00", ["2011-12-29T22:00", "2011-12-30T22:00"]),
        ("*/30 * * * * Pacific/Apia", "elapsed time knows no missing day",
         "2011-12-30T09:15", ["2011-12-30T09:30", "2011-12-30T10:00", "2011-12-30T10:30"]),
        ("0 12 30 12 * Pacific/Apia on_gap=shift", "even when asked: that day does not exist",
         "2011-12-01T00:00", ["2012-12-29T22:00"]),
    ],
    "Casablanca, clocks put back for Ramadan": [
        ("30 2 * * * Africa/Casablanca", "02:00Z: 03:00+01 becomes 02:00+00",
         "2026-02-14T12:00", ["2026-02-15T01:30", "2026-02-16T02:30"]),
        ("30 2 * * * Africa/Casablanca", "02:00Z: 02:00+00 becomes 03:00+01",
         "2026-03-21T12:00", ["2026-03-22T02:00", "2026-03-23T01:30"]),
    ],
    "Chatham, quarters of an hour": [
        ("0 3 * * * Pacific/Chatham", "14:00Z: 02:45+12:45 becomes 03:45+13:45",
         "2026-09-26T00:00", ["2026-09-26T14:00", "2026-09-27T13:15"]),
        ("0 3 * * * Pacific/Chatham", "14:00Z: 03:45+13:45 becomes 02:45+12:45",
         "2026-04-04T00:00", ["2026-04-04T13:15", "2026-04-05T14:15"]),
    ],
    "Troll, two hours": [
        ("30 1 * * * Antarctica/Troll", "01:00Z: 01:00+00 becomes 03:00+02",
         "2026-03-29T00:00", ["2026-03-29T01:00", "2026-03-29T23:30"]),
        ("30 1,2 * * * Antarctica/Troll", "both hours are left out: one run for both",
         "2026-03-29T00:00", ["2026-03-29T01:00", "2026-03-29T23:30", "2026-03-30T00:30"]),
        ("30 2 * * * Antarctica/Troll", "01:00Z: 03:00+02 becomes 01:00+00",
         "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T02:30"]),
        ("*/30 1-2 * * * Antarctica/Troll", "with * both passes of both hours: 23:00Z to 01:00Z, then to 03:00Z",
         "2026-10-24T12:00",
         ["2026-10-24T23:00", "2026-10-24T23:30", "2026-10-25T00:00", "2026-10-25T00:30",
          "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00", "2026-10-25T02:30", "2026-10-26T01:00"]),
    ],
    "Nuuk, whose rules changed in 2023 and 2024": [
        ("30 22 * * * America/Nuuk", "01:00Z: 22:00-03 becomes 23:00-02", "2023-03-25T12:00",
         ["2023-03-26T01:00", "2023-03-27T00:30"]),
        ("30 22 * * * America/Nuuk", "and no change back in the autumn of 2023",
         "2023-10-28T12:00", ["2023-10-29T00:30", "2023-10-30T00:30"]),
        ("30 23 * * * America/Nuuk", "01:00Z: 23:00-02 becomes midnight-01",
         "2024-03-30T12:00", ["2024-03-31T01:00", "2024-04-01T00:30"]),
        ("30 23 * * * America/Nuuk", "01:00Z: midnight-01 becomes 23:00-02",
         "2024-10-26T12:00", ["2024-10-27T00:30", "2024-10-28T01:30"]),
    ],
    "Dublin, whose winter is the exception (negative daylight saving)": [
        ("30 1 * * * Europe/Dublin", "01:00Z: 01:00+00 becomes 02:00+01",
         "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("30 1 * * * Europe/Dublin", "01:00Z: 02:00+01 becomes 01:00+00",
         "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ],
    "Moscow, for good in 2011 and again in 2014": [
        ("30 2 * * * Europe/Moscow", "23:00Z: 02:00+03 becomes 03:00+04",
         "2011-03-26T12:00", ["2011-03-26T23:00", "2011-03-27T22:30"]),
        ("30 2 * * * Europe/Moscow", "and not back in autumn",
         "2011-10-29T12:00", ["2011-10-29T22:30", "2011-10-30T22:30"]),
        ("30 1 * * * Europe/Moscow", "22:00Z: 02:00+04 becomes 01:00+03",
         "2014-10-25T12:00", ["2014-10-25T21:30", "2014-10-26T22:30"]),
    ],
    "Kwajalein, without 1993-08-21": [
        ("0 12 * * * Pacific/Kwajalein", "12:00Z: the 20th at 24:00-12 is the 22nd at 00:00+12",
         "1993-08-20T12:00", ["1993-08-21T00:00", "1993-08-22T00:00"]),
        ("0 0 21 * * Pacific/Kwajalein", "that day does not exist", "1993-08-01T00:00", ["1993-09-20T12:00"]),
    ],
    "Caracas, half an hour for nine years": [
        ("45 2 * * * America/Caracas", "07:00Z: 03:00-04 becomes 02:30-04:30",
         "2007-12-08T12:00", ["2007-12-09T06:45", "2007-12-10T07:15"]),
        ("45 2 * * * America/Caracas", "07:00Z: 02:30-04:30 becomes 03:00-04",
         "2016-04-30T12:00", ["2016-05-01T07:00", "2016-05-02T06:45"]),
        ("0 * * * * America/Caracas", "02:00-04:30, then 03:00-04 half an hour later",
         "2016-05-01T05:45", ["2016-05-01T06:30", "2016-05-01T07:00", "2016-05-01T08:00"]),
    ],
    "Vostok, seven hours": [
        ("30 3 1 11 * Antarctica/Vostok", "midnight+00 becomes 07:00+07: too long for daylight saving, nothing moves",
         "1994-10-01T00:00", ["1995-10-31T20:30"]),
        ("0 20 * * * Antarctica/Vostok", "17:00Z: midnight+07 becomes 17:00+00, and 20:00 counts the first time",
         "1994-01-31T00:00", ["1994-01-31T13:00", "1994-02-01T20:00"]),
    ],
    "29 February, across 2100 without one": [
        ("0 0 29 2 *", "2100 is no leap year", "2092-03-01T00:00", ["2096-02-29T00:00", "2104-02-29T00:00"]),
        ("0 0 L 2 *", "its last day is the 28th",
         "2096-03-01T00:00", ["2097-02-28T00:00", "2098-02-28T00:00", "2099-02-28T00:00", "2100-02-28T00:00"]),
        ("0 0 */29 2 *", "days 1 and 30, of which February has one",
         "2095-03-01T00:00", ["2096-02-01T00:00", "2097-02-01T00:00"]),
        ("DTSTART:20960229T000000 RRULE:FREQ=YEARLY", "an invalid date is skipped, RFC 5545 3.3.10",
         "2096-02-29T00:00", ["2104-02-29T00:00"]),
    ],
    "the year 9999": [
        ("59 59 23 31 12 ? 9999", "the last second there is, and no more",
         "2026-01-01T00:00", ["9999-12-31T23:59:59", ""]),
        ("0 12 31 12 * America/New_York", "17:00Z is still in 9999",
         "9999-01-01T00:00", ["9999-12-31T17:00", ""]),
        ("0 20 31 12 * America/New_York", "01:00Z of a day that has no year",
         "9998-12-01T00:00", ["9999-01-01T01:00", ""]),
        ("RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31;BYHOUR=23;BYMINUTE=0;BYSECOND=0", "the same for a recurrence",
         "9998-12-31T23:00", ["9999-12-31T23:00", ""]),
        ("every 1d", "the same for an interval", "9999-12-30T12:00", ["9999-12-31T00:00", ""]),
    ],
    "leap seconds, which are ignored": [
        ("* * * * * *", "2016-12-31T23:59:60Z is no fire time",
         "2016-12-31T23:59:58", ["2016-12-31T23:59:59", "2017-01-01T00:00:00", "2017-01-01T00:00:01"]),
        ("every 1s", "nor for an interval", "2016-12-31T23:59:59", ["2017-01-01T00:00:00"]),
    ],
}  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why", "after", "expected"),
    [
        pytest.param(text, why, after, expected, id=f"{name}: {text} after {after}")
        for name, cases in CASES.items()
        for text, why, after, expected in cases
    ],
)
def test_a_hard_case_has_the_fire_times_worked_out_by_hand(
    text: str, why: str, after: str, expected: list[str]
) -> None:
    trigger = parse_trigger(text)
    wanted = [utc(each) if each else None for each in expected]
    found: list[datetime | None] = []
    instant: datetime | None = utc(after)
    while instant is not None and len(found) < len(wanted):
        instant = trigger.next_after(instant)
        found.append(instant)
    assert found == wanted, why
    instants = [each for each in wanted if each is not None]
    for earlier, later in pairwise(instants):
        assert trigger.previous_before(later) == earlier
    assert trigger.count_between(utc(after) + timedelta(seconds=1), instants[-1], 99) == (len(instants), True)


def test_a_minute_with_a_leap_second_has_sixty_fire_times_and_that_second_cannot_be_named() -> None:
    every_second = cron("* * * * * *")
    first, last = utc("2016-12-31T23:59:00"), utc("2016-12-31T23:59:59.999999")
    assert every_second.count_between(first, last, 1000) == (60, True)
    for text in ("2016-12-31T23:59:60Z", "60 59 23 31 12 ? 2016", "DTSTART:20161231T235960 RRULE:FREQ=DAILY"):
        with pytest.raises(TriggerError):
            parse_trigger(text)
