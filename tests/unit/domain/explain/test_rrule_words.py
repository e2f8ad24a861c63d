"""Recurrence sets and solar events in words: examples that are read by people."""

from datetime import UTC, datetime

import pytest

from punctual.domain.explain.words import in_words
from punctual.domain.triggers import parse_trigger

START = "DTSTART:20261127T180000"
LAST_FRIDAY = f"{START} RRULE:FREQ=MONTHLY;BYDAY=-1FR"
EXAMPLES = [
    (f"{LAST_FRIDAY};COUNT=12 Europe/Berlin", "every month on the last Friday at 18:00 in Europe/Berlin, from 27 November 2026, 12 times"),  # noqa: E501 - one row a line
    (f"{LAST_FRIDAY};UNTIL=20271231T235959", "every month on the last Friday at 18:00 in UTC, from 27 November 2026, until 31 December 2027"),  # noqa: E501 - one row a line
    (f"{LAST_FRIDAY};UNTIL=20271231T120000", "every month on the last Friday at 18:00 in UTC, from 27 November 2026, until 12:00 on 31 December 2027"),  # noqa: E501 - one row a line
    (f"{LAST_FRIDAY} EXDATE:20261225T180000", "every month on the last Friday at 18:00 in UTC, from 27 November 2026, except on 25 December 2026"),  # noqa: E501 - one row a line
    (f"{LAST_FRIDAY} RDATE:20261224T180000,20270101T180000", "every month on the last Friday at 18:00 in UTC, from 27 November 2026, and on 24 December 2026 and 1 January 2027"),  # noqa: E501 - one row a line
    (f"{LAST_FRIDAY} RDATE:20261224T090000 EXDATE:20261225T180000", "every month on the last Friday at 18:00 in UTC, from 27 November 2026, and on 24 December 2026 at 09:00, except on 25 December 2026 at 18:00"),  # noqa: E501 - one row a line
    ("RDATE:20270101T090000,20270201T090000,20270301T100000", "on 1 January 2027 and 1 February 2027 at 09:00 and on 1 March 2027 at 10:00 in UTC"),  # noqa: E501 - one row a line
    (f"{START} RRULE:FREQ=DAILY;UNTIL=20261201T000000Z Europe/Berlin", "every day at 18:00 in Europe/Berlin, from 27 November 2026, until 00:00 on 1 December 2026 UTC"),  # noqa: E501 - one row a line
    (f"{START} RRULE:FREQ=WEEKLY;COUNT=3 RRULE:FREQ=MONTHLY;BYDAY=1SA;BYHOUR=11 Europe/Berlin", "every week on Friday at 18:00 (3 times), and every month on the first Saturday at 11:00, in Europe/Berlin, from 18:00 on 27 November 2026"),  # noqa: E501 - one row a line
    ("DTSTART:20260105T090000 RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "every 2 weeks on Monday and Wednesday at 09:00 in UTC, from 5 January 2026"),  # noqa: E501 - one row a line
    ("DTSTART:20260105T090000 RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU;WKST=SU", "every 2 weeks on Saturday and Sunday at 09:00, with weeks that start on Sunday, in UTC, from 5 January 2026"),  # noqa: E501 - one row a line
    ("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9", "every week on every weekday at 09:00 in UTC"),
    ("RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,17", "every day, only on weekdays, at 09:00 and 17:00 in UTC"),
    ("RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15,-1", "every month on the 1st, 15th and last day at 00:00 in UTC"),
    ("RRULE:FREQ=MONTHLY;BYMONTHDAY=31", "every month on the 31st when there is one at 00:00 in UTC"),
    ("RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "every month on the 13th, but only if it is a Friday, at 00:00 in UTC"),  # noqa: E501 - one row a line
    ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=18", "every month on every weekday at 18:00, only the last of these in each month, in UTC"),  # noqa: E501 - one row a line
    ("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "every year on the last Sunday of October at 00:00 in UTC"),
    ("RRULE:FREQ=YEARLY;BYDAY=20MO", "every year on the 20th Monday of the year at 00:00 in UTC"),
    ("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "every year on the 29th of February when there is one at 00:00 in UTC"),  # noqa: E501 - one row a line
    ("RRULE:FREQ=YEARLY;BYWEEKNO=20,-1;BYDAY=MO", "every year on every Monday in week 20 and the last week of the year at 00:00 in UTC"),  # noqa: E501 - one row a line
    ("RRULE:FREQ=YEARLY;BYYEARDAY=100,-1", "every year on the 100th and last day of the year at 00:00 in UTC"),
    ("DTSTART:20260131T093000 RRULE:FREQ=YEARLY", "every year on the 31st of January at 09:30 in UTC, from 31 January 2026"),  # noqa: E501 - one row a line
    ("DTSTART:20260101T093000 RRULE:FREQ=HOURLY;INTERVAL=5", "every 5 hours, at minute 30, in UTC, from 09:30 on 1 January 2026"),  # noqa: E501 - one row a line
    ("RRULE:FREQ=HOURLY Europe/Berlin on_gap=shift on_fold=first", "every hour in Europe/Berlin; when clocks go forward, a time left out runs right after the gap; when clocks go back, a repeated time runs only the first time"),  # noqa: E501 - one row a line
    ("RRULE:FREQ=DAILY Europe/Berlin on_gap=shift on_fold=first", "every day at 00:00 in Europe/Berlin"),
    ("RRULE:FREQ=MINUTELY;INTERVAL=15;BYHOUR=9,10,11;BYDAY=MO", "every 15 minutes, only on Mondays, only in hours 9 to 11, in UTC"),  # noqa: E501 - one row a line
    ("RRULE:FREQ=SECONDLY;INTERVAL=5;BYMINUTE=0;BYMONTH=1", "every 5 seconds, only in January, only in minute 0, in UTC"),  # noqa: E501 - one row a line
    ("RRULE:FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,30;BYSECOND=15", "every day at second 15 of minutes 0 and 30 of hours 0 to 3 in UTC"),  # noqa: E501 - one row a line
    ("sunset at 52.52,13.41 Europe/Berlin", "at sunset at 52.52° N, 13.41° E"),
    ("dusk_civil at -33.87,-151.2", "at civil dusk at 33.87° S, 151.2° W"),
    ("solar_noon at 0,0", "at solar noon at 0° N, 0° E"),
    ("@daily | sunrise at 1,2", "every day at 00:00 in UTC, or at sunrise at 1° N, 2° E"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), EXAMPLES)
def test_a_set_or_a_solar_event_reads_well(text: str, words: str) -> None:
    assert in_words(parse_trigger(text)) == words


def test_examples_have_words_of_their_own() -> None:
    assert len({words for _, words in EXAMPLES}) == len(EXAMPLES)


def test_a_set_that_is_stored_says_from_when_it_counts_on_the_clock_of_its_zone() -> None:
    stored = parse_trigger("RRULE:FREQ=DAILY;INTERVAL=3 Asia/Tokyo").anchored(datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert in_words(stored) == "every 3 days at 21:00 in Asia/Tokyo, from 1 July 2026"


def test_a_start_that_leaves_out_times_of_its_own_day_is_told_to_the_minute() -> None:
    text = "DTSTART:20260101T{} RRULE:FREQ=DAILY;BYHOUR=9,18;BYMINUTE=0;BYSECOND=0"
    assert in_words(parse_trigger(text.format("090000"))).endswith("at 09:00 and 18:00 in UTC, from 1 January 2026")
    assert in_words(parse_trigger(text.format("090001"))).endswith("from 09:00:01 on 1 January 2026")


MONDAY = "DTSTART:20260105T090000"
NEIGHBOURS = [
    [f"DTSTART:20260105T{start} RRULE:FREQ=DAILY;BYHOUR=9,18;BYMINUTE=0" for start in ("080000", "130000", "190000")],
    [f"{MONDAY} RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO{week}" for week in ("", ";WKST=SU")],
    [f"{MONDAY} RRULE:FREQ=WEEKLY;BYDAY=SU,MO;BYSETPOS=1{week}" for week in ("", ";WKST=SU")],
    [f"RRULE:FREQ=YEARLY;BYWEEKNO=1;BYDAY=SU{week}" for week in ("", ";WKST=SU")],
    [f"{MONDAY} RRULE:FREQ=DAILY;UNTIL=20260107T{time}" for time in ("080000", "090000", "080000Z")],
    [f"{MONDAY} RRULE:FREQ=DAILY RDATE:20260107T{time}" for time in ("080000", "090000", "100000")],
    [f"{MONDAY} RRULE:FREQ=DAILY;BYHOUR=9,10 EXDATE:20260107T{time}" for time in ("090000", "100000")],
    [f"{MONDAY} RRULE:FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS={which}" for which in ("1", "-1", "1,-1", "2", "-2")],
    [f"{MONDAY} RRULE:FREQ=YEARLY;BYDAY={day}{months}" for day in ("1MO", "MO") for months in ("", ";BYMONTH=1")],
    [f"{MONDAY} RRULE:FREQ=MONTHLY;BYDAY={days}" for days in ("MO,-1FR", "-1MO,FR", "-1MO,-1FR", "MO,FR")],
    [f"{MONDAY} RRULE:FREQ=MONTHLY;BYMONTHDAY={days}" for days in ("7,-1", "-7", "7", "7,8,9,-1", "-7,-1")],
    [f"RRULE:FREQ={often};BYMINUTE=0,30" for often in ("HOURLY", "MINUTELY")],
    [f"RRULE:FREQ={often};BYSECOND=0,30" for often in ("HOURLY", "MINUTELY", "SECONDLY")],
    [f"{MONDAY} RRULE:FREQ=HOURLY;INTERVAL=5", "DTSTART:20260105T080000 RRULE:FREQ=HOURLY;INTERVAL=5"],
    [f"{MONDAY} RRULE:FREQ=DAILY;COUNT=2 RRULE:FREQ=WEEKLY", f"{MONDAY} RRULE:FREQ=DAILY RRULE:FREQ=WEEKLY;COUNT=2"],
    [f"{MONDAY} RRULE:FREQ=DAILY;INTERVAL={interval}" for interval in (1, 2, 3)],
    [f"{MONDAY} RRULE:FREQ=DAILY{count}" for count in ("", ";COUNT=1", ";COUNT=2")],
    [f"RRULE:FREQ=HOURLY RRULE:FREQ=DAILY;BYHOUR=2;BYMINUTE=30 Europe/Berlin{gap}{fold}"
     for gap in ("", " on_gap=skip", " on_gap=shift") for fold in ("", " on_fold=both", " on_fold=second")],
]  # fmt: skip


@pytest.mark.parametrize("texts", NEIGHBOURS)
def test_sets_that_differ_a_little_have_words_of_their_own(texts: list[str]) -> None:
    assert len({in_words(parse_trigger(text)) for text in texts}) == len(texts)
