"""Why recurrence sets, solar events and unions do not fire, and the notes where they do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from punctual.domain.errors import TriggerError
from punctual.domain.explain.notes import notes_on
from punctual.domain.explain.why import explain
from punctual.domain.triggers import parse_trigger

LAST_FRIDAY = "DTSTART:20261127T180000 RRULE:FREQ=MONTHLY;BYDAY=-1FR"
UNION = "0 9 * * mon-fri Europe/Berlin | 0 11 * * sat,sun | every 7d"


@pytest.mark.parametrize(
    ("text", "instant", "reasons"),
    [
        (f"{LAST_FRIDAY};COUNT=12", "2026-12-11T18:00Z", ["it is not the last Friday of the month"]),
        (f"{LAST_FRIDAY};COUNT=12", "2027-12-31T18:00Z", ["it is after the last of COUNT=12, 18:00 on 29 October 2027"]),  # noqa: E501 - one row a line
        (f"{LAST_FRIDAY} EXDATE:20261225T180000", "2026-12-25T18:00Z", ["excluded by EXDATE"]),
        (f"{LAST_FRIDAY};UNTIL=20270101T000000", "2027-01-29T18:00Z", ["it is after UNTIL, 00:00 on 1 January 2027"]),
        ("RRULE:FREQ=DAILY;UNTIL=20261201T000000Z Europe/Berlin", "2026-12-01T23:00Z", ["it is after UNTIL, 00:00 on 1 December 2026 UTC"]),  # noqa: E501 - one row a line
        (LAST_FRIDAY, "2026-10-30T18:00Z", ["it is before the start, 18:00 on 27 November 2026"]),
        (LAST_FRIDAY, "2026-11-27T18:00:00.5Z", ["it is 0.5 seconds past a whole second, and a recurrence set fires on whole seconds"]),  # noqa: E501 - one row a line
        (f"{LAST_FRIDAY} RDATE:20261225T190000", "2026-12-25T18:30Z", ["RRULE:FREQ=MONTHLY;BYDAY=-1FR: the time is 18:30, and it fires at 18:00", "RDATE: it is none of its dates"]),  # noqa: E501 - one row a line
        ("DTSTART:20260105T090000 RRULE:FREQ=WEEKLY;INTERVAL=2", "2026-01-12T09:00Z", ["its week is left out: only every 2nd week counts, from 09:00 on 5 January 2026"]),  # noqa: E501 - one row a line
        ("DTSTART:20260104T090000 RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU", "2026-01-12T09:00Z", ["its week is left out: only every 2nd week counts, from 09:00 on 4 January 2026"]),  # noqa: E501 - one row a line
        ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-29T00:00Z", ["of the times in its month, it is not the last"]),  # noqa: E501 - one row a line
        ("RRULE:FREQ=HOURLY;BYHOUR=9,10;BYDAY=MO", "2026-01-29T11:30Z", ["it is not a Monday", "hour is 11, and it fires only in hours 9 and 10", "minute is 30, and it fires only in minute 0"]),  # noqa: E501 - one row a line
        ("RRULE:FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1,-1", "2026-07-01T00:00Z", ["the month is July, and it fires only in June"]),  # noqa: E501 - one row a line
        ("RRULE:FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1,-1", "2026-06-02T00:00Z", ["it is not the 1st or last day of the month"]),  # noqa: E501 - one row a line
        ("RRULE:FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "2026-05-18T00:00Z", ["it is not in week 20 of the year"]),
        ("RRULE:FREQ=YEARLY;BYYEARDAY=1,100", "2026-01-02T00:00Z", ["it is not the 1st or 100th day of the year"]),
        ("DTSTART:20260101T023000 RRULE:FREQ=DAILY Europe/Berlin", "2026-10-25T01:30Z", ["02:30 comes twice on 25 October 2026; this is the second time, and it fires only the first time"]),  # noqa: E501 - one row a line
        ("sunset at 69.65,18.96 Europe/Oslo", "2026-06-21T12:00Z", ["the sun does not set here on 21 June 2026 (polar day)"]),  # noqa: E501 - one row a line
        ("sunset at -69.65,18.96", "2026-06-21T12:00Z", ["the sun does not set here on 21 June 2026 (polar night)"]),
        ("sunrise at 69.65,18.96", "2026-12-21T12:00Z", ["the sun does not rise here on 21 December 2026 (polar night)"]),  # noqa: E501 - one row a line
        ("dusk_civil at 69.65,18.96", "2026-06-21T12:00Z", ["there is no civil dusk here on 21 June 2026: the sun stays less than 6° below the horizon"]),  # noqa: E501 - one row a line
        ("dawn_civil at 85,0", "2026-12-21T12:00Z", ["there is no civil dawn here on 21 December 2026: the sun stays more than 6° below the horizon"]),  # noqa: E501 - one row a line
        (UNION, "2026-11-21T10:00Z", [
            "0 9 * * mon-fri Europe/Berlin: Saturday is not in mon-fri",
            "0 9 * * mon-fri Europe/Berlin: hour is 11, and the expression has 9",
            "0 11 * * sat,sun: hour is 10, and the expression has 11",
            "every 7d: The nearest fire times are 00:00 on 19 November 2026 UTC and 00:00 on 26 November 2026 UTC",
        ]),
    ],
)  # fmt: skip
def test_the_reasons_why_it_does_not_fire_are_exact(text: str, instant: str, reasons: list[str]) -> None:
    answer = explain(parse_trigger(text), datetime.fromisoformat(instant))
    assert not answer.fires
    assert list(answer.reasons) == reasons


def test_an_instant_beside_a_solar_event_is_told_its_distance() -> None:
    trigger = parse_trigger("sunset at 52.52,13.41 Europe/Berlin")
    sunset = trigger.next_after(datetime(2026, 11, 21, tzinfo=UTC))
    assert sunset is not None
    wall = (sunset + timedelta(hours=1)).strftime("%H:%M:%S")
    told = f"sunset is at {wall} on 21 November 2026 CET, and this is 3:00:00"
    assert explain(trigger, sunset - timedelta(hours=3)).reasons == (f"{told} before",)
    assert explain(trigger, sunset + timedelta(hours=3)).reasons == (f"{told} after",)


DAYS = "MO TU WE TH FR SA SU -1FR 2MO".split()  # noqa: SIM905 - one line reads better than nine
RULES = st.builds(
    "FREQ={};INTERVAL={}{}".format,
    st.sampled_from(["YEARLY", "MONTHLY", "MONTHLY"]),
    st.integers(1, 3),
    st.sampled_from([";BYMONTH=3,10", ";BYMONTHDAY=1,13,-1", ";BYMONTHDAY=13;BYDAY=FR,MO", ";BYYEARDAY=1,60,-1", ""]),
) | st.builds(
    "FREQ={};INTERVAL={};BYDAY={}{}".format,
    st.sampled_from(["YEARLY;BYMONTH=1,3,10", "MONTHLY"]),
    st.integers(1, 3),
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True).map(",".join),
    st.sampled_from(["", ";BYSETPOS=-1", ";BYSETPOS=1,2"]),
) | st.builds(
    "FREQ={};INTERVAL={};BYDAY={}{}".format,
    st.sampled_from(["WEEKLY", "WEEKLY;WKST=SU", "DAILY", "HOURLY", "HOURLY;BYMINUTE=0,30"]),
    st.integers(1, 3),
    st.sampled_from(["MO,TU,WE,TH,FR", "SA,SU", "MO"]),
    st.sampled_from(["", ";BYHOUR=2,9", ";BYMONTH=3,10"]),
)  # fmt: skip
ENDS = st.sampled_from(["", ";COUNT=9", ";UNTIL=20260920T020000", ";UNTIL=20260920T020000Z"])


@settings(max_examples=600, deadline=None)
@given(
    rule=RULES.filter(lambda rule: "BYYEARDAY" not in rule or "YEARLY" in rule),
    end=ENDS,
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    after=st.datetimes(datetime(2025, 12, 1), datetime(2027, 6, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    off=st.sampled_from([timedelta(days, hour) for days in (0, 1, -7, 31) for hour in (0, 1, 3600)]),
)
def test_a_set_has_reasons_exactly_when_it_does_not_fire(
    rule: str, end: str, zone: str, after: datetime, off: timedelta
) -> None:
    text = f"DTSTART:20260101T020000 RRULE:{rule}{end} EXDATE:20260302T020000 {zone}"
    try:
        trigger = parse_trigger(text)
    except TriggerError:  # it has no date
        assume(condition=False)
    instant = (trigger.next_after(after) or after.replace(microsecond=0)) + off
    answer = explain(trigger, instant)
    assert answer.fires == (trigger.count_between(instant, instant, 2) == (1, True))
    assert answer.fires != bool(answer.reasons)
    assert zone != "UTC" or not any("comes twice" in reason for reason in answer.reasons)


@pytest.mark.parametrize(
    ("text", "fire_time", "notes"),
    [
        ("DTSTART:20260101T023000 RRULE:FREQ=DAILY Europe/Berlin", "2026-03-29T01:00Z", ["02:30 does not exist on 29 March 2026; it runs at 03:00 instead"]),  # noqa: E501 - one row a line
        ("DTSTART:20260101T023000 RRULE:FREQ=DAILY Europe/Berlin on_gap=skip", "2026-03-30T00:30Z", ["02:30 does not exist on 29 March 2026 and is skipped: on_gap=skip"]),  # noqa: E501 - one row a line
        ("RRULE:FREQ=HOURLY Europe/Berlin", "2026-03-29T01:00Z", ["02:00 does not exist on 29 March 2026 and is skipped: a rule that is hourly or more frequent follows elapsed time"]),  # noqa: E501 - one row a line
        ("DTSTART:20260101T023000 RRULE:FREQ=DAILY Europe/Berlin", "2026-10-25T00:30Z", ["02:30 comes twice on 25 October 2026; this is the first time, and it runs only the first time"]),  # noqa: E501 - one row a line
        ("RDATE:20260329T023000 Europe/Berlin", "2026-03-29T01:00Z", ["02:30 does not exist on 29 March 2026; it runs at 03:00 instead"]),  # noqa: E501 - one row a line
        ("RRULE:FREQ=DAILY Europe/Berlin", "2026-03-28T23:00Z", []),
        ("30 2 * * * Europe/Berlin | @daily", "2026-03-29T01:00Z", ['It fires by "30 2 * * * Europe/Berlin"', "02:30 does not exist on 29 March 2026; it runs at 03:00 instead"]),  # noqa: E501 - one row a line
        ("0 0 * * mon | @daily", "2026-11-23T00:00Z", ['It fires by "0 0 * * mon" and "@daily"']),
    ],
)  # fmt: skip
def test_a_fire_time_has_the_notes_of_what_fires_then(text: str, fire_time: str, notes: list[str]) -> None:
    instant = datetime.fromisoformat(fire_time)
    trigger = parse_trigger(text)
    assert trigger.next_after(instant - timedelta(seconds=1)) == instant
    assert notes_on(trigger, instant) == notes


@pytest.mark.parametrize(
    ("text", "after", "note"),
    [
        ("sunset at 69.65,18.96", "2026-06-21T12:00Z", "days before had no sunset here: polar day"),
        ("sunrise at 69.65,18.96", "2026-12-21T12:00Z", "days before had no sunrise here: polar night"),
        ("dusk_civil at 69.65,18.96", "2026-06-21T12:00Z", "days before had no civil dusk here: the sun stays less than 6° below the horizon"),  # noqa: E501 - one row a line
    ],
)  # fmt: skip
def test_the_first_event_after_polar_day_or_night_says_how_long_there_was_none(
    text: str, after: str, note: str
) -> None:
    trigger = parse_trigger(text)
    first = trigger.next_after(datetime.fromisoformat(after))
    last = trigger.previous_before(datetime.fromisoformat(after))
    assert first is not None
    assert last is not None
    days_between = (first.date() - last.date()).days - 1
    (told,) = notes_on(trigger, first)
    assert told.endswith(note)
    assert abs(int(told.split()[1]) - days_between) <= 1  # the sun's days are not those of UTC
    second = trigger.next_after(first)
    assert second is not None
    assert notes_on(trigger, second) == []
