"""When a schedule with calendars is open and closed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import pytest
from pydantic import ValidationError

from punctual.control.faults import faults_of
from punctual.domain.calendars.calendar import Calendar
from punctual.domain.calendars.use import CalendarUse, Closure, OpenTimes, WhenClosed
from punctual.domain.errors import TriggerError

OFFICE = {"kind": "weekly", "days": "mon-fri", "from": "09:00", "until": "17:00"}
NEVER = {"kind": "dates", "dates": ["2000-01-01"]}
NOW = datetime(2026, 5, 5, 10, tzinfo=UTC)  # a Tuesday


def calendar(name: str, *rules: dict[str, Any], timezone: str = "Europe/Berlin") -> Calendar:
    return Calendar.model_validate({"name": name, "timezone": timezone, "rules": rules})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_schedule_without_calendars_is_always_open() -> None:
    assert OpenTimes([], []).closure_at(NOW) is None
    assert OpenTimes([], []).open_until(NOW, NOW + timedelta(days=400)) == NOW + timedelta(days=400)


def test_a_blackout_closes_with_the_name_of_the_calendar_and_of_the_day() -> None:
    times = OpenTimes([calendar("holidays", {"kind": "holidays", "country": "DE"})], [])
    reason = 'closed by the calendar "holidays" (Christmas Day)'
    # The day after is a holiday too: it opens on the 27th.
    assert times.closure_at(utc("2026-12-25T12:00")) == Closure(utc("2026-12-26T23:00"), reason)
    assert times.closure_at(utc("2026-12-26T23:00")) is None


def test_outside_an_allowed_calendar_a_schedule_is_closed() -> None:
    times = OpenTimes([], [calendar("office hours", OFFICE)])
    reason = 'outside the allowed calendar "office hours"'
    # Friday evening until Monday 09:00 in Berlin, in summer.
    assert times.closure_at(utc("2026-05-08T15:00")) == Closure(utc("2026-05-11T07:00"), reason)
    assert times.closure_at(utc("2026-05-08T14:59")) is None


def test_all_calendars_must_agree() -> None:
    holidays = calendar("holidays", {"kind": "holidays", "country": "DE"})
    mornings = calendar("mornings", {"kind": "weekly", "days": "mon-sun", "from": "06:00", "until": "10:00"})
    times = OpenTimes([holidays], [calendar("office", OFFICE), mornings])
    # 2026-05-14 is Ascension Day, a Thursday: open again on Friday from 09:00 to 10:00.
    closure = times.closure_at(utc("2026-05-13T08:00"))
    assert closure == Closure(utc("2026-05-15T07:00"), 'outside the allowed calendar "mornings"')
    assert times.open_until(utc("2026-05-15T07:00"), utc("2027-01-01T00:00")) == utc("2026-05-15T08:00")
    on_the_day = times.closure_at(utc("2026-05-14T07:30"))
    assert on_the_day is not None
    assert on_the_day.reason == 'closed by the calendar "holidays" (Ascension Day)'


def test_a_blackout_is_the_opposite_of_the_same_calendar_allowed() -> None:
    office = calendar("office", OFFICE)
    for number in range(7 * 24):
        instant = NOW + timedelta(hours=number)
        assert (OpenTimes([office], []).closure_at(instant) is None) != (
            OpenTimes([], [office]).closure_at(instant) is None
        )


def test_an_open_schedule_tells_when_it_closes_at_most_to_the_limit() -> None:
    times = OpenTimes([calendar("maintenance", {"kind": "range", "from": "2026-05-20", "until": "2026-05-20"})], [])
    assert times.open_until(NOW, utc("2026-06-01T00:00")) == utc("2026-05-19T22:00")
    assert times.open_until(NOW, utc("2026-05-07T00:00")) == utc("2026-05-07T00:00")
    assert times.open_until(utc("2026-05-20T10:00"), utc("2026-06-01T00:00")) == utc("2026-05-20T10:00")


def test_a_schedule_that_never_opens_again_says_so_by_none() -> None:
    always = calendar("always", {"kind": "range", "from": "0001-01-01", "until": "9999-12-31"})
    assert OpenTimes([always], []).closure_at(NOW) == Closure(
        None, 'closed by the calendar "always" (0001-01-01 to 9999-12-31)'
    )
    past = OpenTimes([], [calendar("past", NEVER)])
    assert past.closure_at(NOW) == Closure(None, 'outside the allowed calendar "past"')


def test_a_search_goes_five_years_ahead() -> None:
    times = OpenTimes([], [calendar("once", {"kind": "dates", "dates": ["2030-02-01"]}, timezone="UTC")])
    near = times.closure_at(utc("2025-03-01T12:00"))
    assert near is not None
    assert near.until == utc("2030-02-01T00:00")
    far = times.closure_at(utc("2025-01-01T12:00"))
    assert far is not None
    assert far.until is None


def test_a_naive_instant_is_refused() -> None:
    naive = datetime(2026, 5, 5)  # noqa: DTZ001 - what is tested
    with pytest.raises(TriggerError, match="no UTC offset"):
        OpenTimes([], []).closure_at(naive)
    with pytest.raises(TriggerError, match="no UTC offset"):
        calendar("c", OFFICE).stretch_at(naive)


def test_the_ends_of_time_are_answered() -> None:
    office = calendar("c", OFFICE, {"kind": "range", "from": "0001-01-01", "until": "9999-12-31"})
    for instant in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        assert OpenTimes([office], []).closure_at(instant) is None
        assert OpenTimes([], [office]).closure_at(instant) is not None
        assert office.stretch_at(instant) is None


def test_a_use_names_each_calendar_once() -> None:
    use = CalendarUse.model_validate({"blackout": ["a"], "allowed": ["b", "c"], "when_closed": "next_open"})
    assert use.names == ("a", "b", "c")
    assert use.when_closed is WhenClosed.NEXT_OPEN
    assert CalendarUse().when_closed is WhenClosed.SKIP
    for document, field in (({"blackout": ["a", "a"]}, "blackout"), ({"blackout": ["a"], "allowed": ["a"]}, "allowed")):
        with pytest.raises(ValidationError) as raised:
            CalendarUse.model_validate(document)
        fault = faults_of(raised.value, CalendarUse)[0]
        assert (fault.path, fault.message) == (field, 'the calendar "a" is named twice')
    with pytest.raises(ValidationError, match="at most 20"):
        CalendarUse.model_validate({"blackout": [str(number) for number in range(21)]})


def minute_of(number: int) -> str:
    return f"{number // 60:02}:{number % 60:02}"


def every_other_minute(first: int) -> list[dict[str, Any]]:
    return [
        {"kind": "weekly", "days": "mon-sun", "from": minute_of(minute), "until": minute_of(minute + 1)}
        for minute in range(first, 1000, 2)
    ]


def events(count: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": "recurring",
            "expression": f"DTSTART:20200101T{minute_of(2 * minute).replace(':', '')}00 RRULE:FREQ=DAILY",
            "duration": "1m",
        }
        for minute in range(count)
    ]


AGES = {"kind": "range", "from": "0001-01-01", "until": "9999-12-31"}


@pytest.mark.parametrize(
    ("blackout", "allowed"),
    [
        ([[AGES] * 500], []),
        ([[{"kind": "yearly", "days": "01-01..12-31"}] * 500], []),
        ([[{"kind": "weekly", "days": "mon-sun"}] * 500], []),
        ([], [every_other_minute(0), every_other_minute(1)]),
        ([], [events(500), [NEVER]]),
        ([], [[NEVER]] * 20),
        ([[{"kind": "holidays", "country": "DE"}]] * 20, [[OFFICE]] * 19 + [[NEVER]]),
        ([[{"kind": "recurring", "expression": "DTSTART:20200101 RRULE:FREQ=DAILY", "days": 366}] * 500], []),
    ],
)
def test_calendars_made_to_be_slow_are_answered_in_bounded_time(
    blackout: Sequence[list[dict[str, Any]]], allowed: Sequence[list[dict[str, Any]]]
) -> None:
    times = OpenTimes(
        [calendar(f"b{number}", *rules) for number, rules in enumerate(blackout)],
        [calendar(f"a{number}", *rules) for number, rules in enumerate(allowed)],
    )
    start = process_time()
    closure = times.closure_at(NOW)
    assert times.open_until(NOW, NOW + timedelta(days=10_000)) == NOW
    assert process_time() - start < 3  # a twentieth of it on an idle machine; days, if it were not bounded
    assert closure is not None
    assert closure.until is None


def test_a_search_in_crowded_calendars_gives_the_same_answer_whatever_was_asked_before() -> None:
    allowed = [calendar("even", *every_other_minute(0)), calendar("odd", *every_other_minute(1))]
    fresh, used = OpenTimes([], allowed), OpenTimes([], allowed)
    for number in range(0, 9, 3):
        used.closure_at(NOW + timedelta(days=number))
    assert used.closure_at(NOW) == fresh.closure_at(NOW)
