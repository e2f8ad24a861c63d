"""Wrong calendars and wrong iCalendar files: never an exception but the documented ones, never a hang."""

from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.calendars.icalendar_import import calendar_from_ics
from punctual.domain.calendars.use import OpenTimes
from punctual.domain.errors import InvalidInputError

NOW = datetime(2026, 5, 5, 10, tzinfo=UTC)
LONGEST = 5.0
"""Seconds that one document may take, on a busy machine."""

LINES = [
    "BEGIN:VCALENDAR",
    "END:VCALENDAR",
    "X-WR-TIMEZONE:Europe/Berlin",
    "X-WR-CALNAME:a\\,b\\nc",
    "BEGIN:VEVENT",
    "END:VEVENT",
    "BEGIN:VTIMEZONE",
    "TZID:Home",
    "X-LIC-LOCATION:Asia/Tokyo",
    "END:VTIMEZONE",
    "UID:a",
    "SUMMARY:Caf\u00e9\\; open",
    "DTSTART;VALUE=DATE:20260105",
    "DTSTART:19520229T100000",
    "DTSTART;TZID=Home:99991231T235959",
    "DTSTART;TZID=Europe/Berlin:20260329T023000",
    "DTSTART:00010101T000000Z",
    "DTEND;VALUE=DATE:20260107",
    "DTEND:20260105T110000Z",
    "DURATION:PT1H",
    "DURATION:-P9999W",
    "RRULE:FREQ=DAILY",
    "RRULE:FREQ=YEARLY;UNTIL=20300101",
    "RRULE:FREQ=SECONDLY;INTERVAL=7;BYMONTHDAY=31;BYMONTH=2",
    "RRULE:FREQ=MONTHLY;COUNT=10000;BYDAY=-1FR",
    "RDATE;VALUE=PERIOD:20260105T100000Z/PT1H,20260106/P1D",
    "RDATE:20260105T100000,20260106",
    "EXDATE:20260105T100000Z",
    "EXRULE:FREQ=DAILY",
    "RECURRENCE-ID:20260105T100000",
    "STATUS:CANCELLED",
    "TRANSP:TRANSPARENT",
    " folded",
    "",
]
EVENT = st.lists(st.sampled_from(LINES[10:]), max_size=6).map(lambda lines: ["BEGIN:VEVENT", *lines, "END:VEVENT"])
WELL_NESTED = st.lists(EVENT, max_size=4).map(
    lambda events: [LINES[0], *LINES[6:10], *(line for event in events for line in event), LINES[1]]
)
ANY_ORDER = st.lists(st.sampled_from(LINES) | st.text(max_size=40), max_size=20)


@settings(max_examples=400, deadline=None)
@given(
    lines=WELL_NESTED | ANY_ORDER,
    cut=st.integers(0, 400),
    damage=st.text(max_size=3),
    timezone=st.sampled_from([None, "Europe/Berlin", "Nowhere"]),
    free=st.booleans(),
)
def test_a_file_is_imported_or_refused_with_faults(
    lines: list[str], cut: int, damage: str, timezone: str | None, *, free: bool
) -> None:
    whole = "\r\n".join(lines)
    start = perf_counter()
    for text in (whole, whole[:cut] + damage + whole[cut:]):
        try:
            found = calendar_from_ics(text, name="c", timezone=timezone, include_free=free)
        except InvalidInputError:
            continue
        OpenTimes([found.calendar], []).closure_at(NOW)
        assert Calendar.model_validate_json(found.calendar.model_dump_json()) == found.calendar
    assert perf_counter() - start < LONGEST


TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        *["2026-12-24", "0001-01-01", "9999-12-31", "2026-12-24T18:00", "9999-12-31T23:59:59.999999", "mon-sun"],
        *["18:00", "24:00", "00:00", "12-24..01-02", "02-29", "DE", "BY", "public", "366d", "1s"],
        *["DTSTART:19700101 RRULE:FREQ=DAILY", "RRULE:FREQ=HOURLY", "0001-01-01T00:00:00+14:00", "2026-12-24T18:00Z"],
    ]
)
VALUES = TEXTS | st.lists(TEXTS, max_size=3) | st.none() | st.booleans() | st.integers() | st.floats() | st.dates()
FIELDS = ["dates", "from", "until", "days", "country", "region", "categories", "observed", "expression", "duration"]
KINDS = ["dates", "range", "weekly", "yearly", "holidays", "recurring"]
RULES = st.fixed_dictionaries(
    {}, optional={"kind": st.sampled_from(KINDS) | VALUES, "label": VALUES, **dict.fromkeys(FIELDS, VALUES)}
)


def given_what_it_needs(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule without the fields of other kinds, which would always be refused."""
    own = {
        "dates": ["dates"],
        "range": ["from", "until"],
        "weekly": ["days", "from", "until"],
        "yearly": ["days"],
        "holidays": ["country", "region", "categories", "observed"],
        "recurring": ["expression", "duration", "days"],
    }
    kind = rule.get("kind")
    names = own.get(kind, FIELDS) if isinstance(kind, str) else FIELDS
    return {name: value for name, value in rule.items() if name in {"kind", *names}}


@settings(max_examples=600, deadline=None)
@given(
    rules=st.lists(RULES.map(given_what_it_needs) | RULES, max_size=3), timezone=st.sampled_from(["UTC", "Asia/Tokyo"])
)
def test_a_document_is_read_or_refused_with_faults(rules: list[dict[str, Any]], timezone: str) -> None:
    start = perf_counter()
    try:
        calendar = Calendar.model_validate({"name": "c", "timezone": timezone, "rules": rules})
    except ValidationError:
        return
    for instant in (NOW, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        OpenTimes([calendar], []).closure_at(instant)
        OpenTimes([], [calendar]).closure_at(instant)
    assert Calendar.model_validate_json(calendar.model_dump_json()) == calendar
    assert perf_counter() - start < LONGEST
