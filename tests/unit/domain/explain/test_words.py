"""Triggers in words: examples that are read by people."""

from datetime import UTC, datetime, timedelta

import pytest

from punctual.domain.explain.words import in_words
from punctual.domain.triggers import every, parse_trigger
from punctual.domain.triggers.base import TriggerModel

EXAMPLES = [
    ("0 9 * * mon-fri Europe/Berlin", "every weekday at 09:00 in Europe/Berlin"),
    ("*/15 9-17 * * mon-fri America/New_York", "every 15 minutes from 09:00 to 17:45 on weekdays in America/New_York"),
    ("0 2 L * *", "at 02:00 on the last day of every month in UTC"),
    ("every 90s", "every 90 seconds"),
    ("2026-12-24T18:00 Europe/Berlin", "once at 18:00 on 24 December 2026 in Europe/Berlin"),
    ("0 0 1,15 * mon", "on the 1st and 15th of every month, or on every Monday, at 00:00 in UTC"),
    ("0 0 1,15 * mon day_match=and", "at 00:00 on the 1st and 15th of every month, but only if it is a Monday, in UTC"),
    ("* * * * *", "every minute in UTC"),
    ("*/5 * * * *", "every 5 minutes in UTC"),
    ("0 * * * *", "every hour in UTC"),
    ("5 * * * *", "every hour at 5 minutes past the hour in UTC"),
    ("5,35 * * * *", "at 5 and 35 minutes past every hour in UTC"),
    ("@daily", "every day at 00:00 in UTC"),
    ("@weekly", "every Sunday at 00:00 in UTC"),
    ("@monthly", "at 00:00 on the 1st of every month in UTC"),
    ("@yearly", "at 00:00 on the 1st of January every year in UTC"),
    ("0 */2 * * *", "every 2 hours from 00:00 to 22:00 in UTC"),
    ("0 */8 * * * Europe/Berlin", "every 8 hours, at 00:00, 08:00 and 16:00 in Europe/Berlin"),
    ("0 */5 * * * Europe/Berlin", "every day at 00:00, 05:00, 10:00, 15:00 and 20:00 in Europe/Berlin; when clocks go forward, a time left out is skipped; when clocks go back, a repeated time runs both times"),  # noqa: E501 - one row a line
    ("0 9-17 * * *", "every hour from 09:00 to 17:00 in UTC"),
    ("30 9-17 * * mon-fri", "every hour from 09:30 to 17:30 on weekdays in UTC"),
    ("0,30 9-17 * * mon-fri Europe/Berlin", "at 0 and 30 minutes past every hour from 09 to 17 on weekdays in Europe/Berlin"),  # noqa: E501 - one row a line
    ("*/15 22-2 * * *", "every 15 minutes from 22:00 to 02:45 in UTC"),
    ("*/15 22-2 * * mon", "every 15 minutes from 00:00 to 02:45 and from 22:00 to 23:45 on Mondays in UTC"),
    ("0 9 * * fri-mon", "every day from Friday to Monday at 09:00 in UTC"),
    ("0 9 * * sat,sun", "every Saturday and Sunday at 09:00 in UTC"),
    ("0 9 * * mon,wed,fri", "every Monday, Wednesday and Friday at 09:00 in UTC"),
    ("0 2 L-3 * *", "at 02:00 on the day 3 days before the last day of every month in UTC"),
    ("0 2 LW * *", "at 02:00 on the last weekday (Monday to Friday) of every month in UTC"),
    ("0 2 15W * *", "at 02:00 on the weekday (Monday to Friday) nearest the 15th of every month in UTC"),
    ("0 9 * * 5#2", "at 09:00 on the second Friday of every month in UTC"),
    ("0 9 * * 5L", "at 09:00 on the last Friday of every month in UTC"),
    ("0 9 * * 5#5", "at 09:00 on the fifth Friday of every month that has one in UTC"),
    ("0 9 * * mon,5#2", "on every Monday, and on the second Friday of every month, at 09:00 in UTC"),
    ("0 9 13 * fri", "on the 13th of every month, or on every Friday, at 09:00 in UTC"),
    ("0 9 13 * 5 day_match=and", "at 09:00 on the 13th of every month, but only if it is a Friday, in UTC"),
    ("0 9 */2 * *", "at 09:00 on every 2nd day from the 1st to the 31st of every month in UTC"),
    ("0 9 */2 * fri", "at 09:00 on every 2nd day from the 1st to the 31st of every month, but only if it is a Friday, in UTC"),  # noqa: E501 - one row a line
    ("0 0 31 * *", "at 00:00 on the 31st of every month that has one in UTC"),
    ("0 0 29 2 *", "at 00:00 on the 29th of February when there is one in UTC"),
    ("0 0 1 */3 *", "at 00:00 on the 1st of every 3rd month from January to October every year in UTC"),
    ("0 0 1 jan,jul *", "at 00:00 on the 1st of January and July every year in UTC"),
    ("0 12 * jun-aug *", "every day from June to August at 12:00 in UTC"),
    ("0 12 * jun-aug mon", "every Monday from June to August at 12:00 in UTC"),
    ("*/10 * * * * *", "every 10 seconds in UTC"),
    ("30 * * * * *", "every minute (at second 30 of the minute) in UTC"),
    ("*/10 * 9-17 * * mon-fri", "every 10 seconds from 09:00:00 to 17:59:50 on weekdays in UTC"),
    ("0 0 0 1 1 * 2027", "at 00:00 on the 1st of January in 2027 in UTC"),
    ("0 0 12 * * * 2027-2030", "every day in the years 2027 to 2030 at 12:00 in UTC"),
    ("0 0 12 * * mon 2027,2029", "every Monday in 2027 and 2029 at 12:00 in UTC"),
    ("15,45 30 6 * * *", "every day at 06:30:15 and 06:30:45 in UTC"),
    ("30 */5 * * * *", "every 5 minutes (at second 30 of the minute) in UTC"),
    ("*/20 */5 * * * *", "every 5 minutes (at seconds 0, 20 and 40 of the minute) in UTC"),
    ("*/7 * * * *", "at every 7th minute from 0 to 56 of every hour in UTC"),
    ("*/40 * * * *", "at 0 and 40 minutes past every hour in UTC"),
    ("0-10 * * * *", "at minutes 0 to 10 of every hour in UTC"),
    ("0-10 9-17 * * *", "at minutes 0 to 10 of every hour from 09 to 17 in UTC"),
    ("*/15 0-23/2 * * *", "every 15 minutes in every 2nd hour from 00 to 22 in UTC"),
    ("*/15 9,12,15,20 * * *", "every 15 minutes in the hours 09, 12, 15 and 20 in UTC"),
    ("30 2 * * * Europe/Berlin on_gap=skip", "every day at 02:30 in Europe/Berlin; when clocks go forward, a time left out is skipped"),  # noqa: E501 - one row a line
    ("30 2 * * * Europe/Berlin on_fold=both", "every day at 02:30 in Europe/Berlin; when clocks go back, a repeated time runs both times"),  # noqa: E501 - one row a line
    ("0 0-23 * * * Europe/Berlin", "every hour in Europe/Berlin; when clocks go forward, a time left out runs right after the gap; when clocks go back, a repeated time runs only the first time"),  # noqa: E501 - one row a line
    ("0 8-18/2 * * 1-5", "every weekday at 08:00, 10:00, 12:00, 14:00, 16:00 and 18:00 in UTC"),
    ("0 1,2,4,8,16,20,22 * * *", "every day at 01:00, 02:00, 04:00, 08:00, 16:00, 20:00 and 22:00 in UTC"),
    ("0 0 1-7 * *", "at 00:00 on the 1st to 7th of every month in UTC"),
    ("0 0 1,10-15,L * *", "at 00:00 on the 1st, 10th to 15th and the last day of every month in UTC"),
    ("every 1h", "every hour"),
    ("every 1d", "every 24 hours"),
    ("every 7d", "every 7 days of 24 hours"),
    ("every 1h30m", "every 90 minutes"),
    ("every 3661s", "every 1 hour, 1 minute and 1 second"),
    ("every 1.5s", "every 1.5 seconds"),
    ("2026-12-24T17:00Z", "once at 17:00 on 24 December 2026 in UTC"),
    ("2026-03-29T02:30 Europe/Berlin", "once right after the clocks leave out 02:30 on 29 March 2026 in Europe/Berlin"),
    ("2026-10-25T02:30 Europe/Berlin on_fold=both", "twice at 02:30 on 25 October 2026 in Europe/Berlin, which comes twice"),  # noqa: E501 - one row a line
    ("* 9 * * *", "every minute from 09:00 to 09:59 in UTC"),
    ("0 9 1-5 * mon-fri day_match=and", "at 09:00 on the 1st to 5th of every month, but only if it is a weekday (Monday to Friday), in UTC"),  # noqa: E501 - one row a line
    ("0 9 * 2-12/2 *", "every day in every 2nd month from February to December at 09:00 in UTC"),
    ("59 23 L dec *", "at 23:59 on the last day of December every year in UTC"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), EXAMPLES)
def test_a_trigger_reads_well(text: str, words: str) -> None:
    assert in_words(parse_trigger(text)) == words


def test_examples_have_words_of_their_own() -> None:
    assert len({words for _, words in EXAMPLES}) == len(EXAMPLES) >= 60


def test_a_stored_interval_says_from_when_it_counts() -> None:
    stored = every(90, anchor=datetime(2026, 7, 1, 12, 0, 5, tzinfo=UTC))
    assert in_words(stored) == "every 90 seconds, counted from 12:00:05 on 1 July 2026 UTC"


def test_names_and_numbers_have_the_same_words() -> None:
    assert in_words(parse_trigger("0 9 * jun Friday-Mon")) == in_words(parse_trigger("0 9 * 6 5-1"))


class Tides(TriggerModel):
    text: str = "high tide"

    @property
    def timezone_name(self) -> str:
        return "UTC"

    def next_after(self, instant: datetime) -> datetime:
        return instant + timedelta(hours=12, minutes=25)

    def previous_before(self, instant: datetime) -> datetime:
        return instant - timedelta(hours=12, minutes=25)


def test_a_kind_without_words_is_told_by_its_text() -> None:
    assert in_words(Tides()) == "high tide"


def test_an_instant_that_its_zone_has_no_year_for_is_told_in_its_own_offset() -> None:
    assert in_words(parse_trigger("9999-12-31T23:00Z Asia/Tokyo")) == "once at 23:00 on 31 December 9999 UTC"
