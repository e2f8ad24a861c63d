"""Calendar documents: what goes in comes out, and what is wrong is named."""

from typing import Any

import pytest
from pydantic import ValidationError

from punctual.control.faults import faults_of
from punctual.domain.calendars.calendar import Calendar
from punctual.domain.errors import Fault

EVERY_KIND: list[dict[str, Any]] = [
    {"kind": "dates", "dates": ["2026-12-24", "2026-12-31"], "label": "half days"},
    {"kind": "range", "from": "2026-08-01", "until": "2026-08-14", "label": ""},
    {"kind": "range", "from": "2026-08-01T12:00:00", "until": "2026-08-14T12:00:00", "label": ""},
    {"kind": "range", "from": "2026-08-01T12:00:00+02:00", "until": "2026-08-14T12:00:00Z", "label": ""},
    {"kind": "weekly", "days": ["mon", "tue"], "from": "18:00", "until": "06:00", "label": ""},
    {"kind": "weekly", "days": ["sat", "sun"], "from": None, "until": None, "label": ""},
    {"kind": "yearly", "days": ["12-24..01-02", "05-01"], "label": ""},
    {"kind": "holidays", "country": "DE", "region": "BY", "categories": ["public"], "observed": True},
    {"kind": "recurring", "expression": "RRULE:FREQ=MONTHLY;BYDAY=-1FR", "duration": "1h", "days": None, "label": ""},
]


def faults(*rules: Any, **fields: Any) -> list[Fault]:
    with pytest.raises(ValidationError) as raised:
        Calendar.model_validate({"name": "c", "rules": rules, **fields})
    return faults_of(raised.value, Calendar)


def test_a_document_comes_back_as_it_was_written() -> None:
    document = {"name": "c", "description": "", "timezone": "Europe/Berlin", "rules": EVERY_KIND}
    calendar = Calendar.model_validate(document)
    assert calendar.model_dump(mode="json") == document
    assert Calendar.model_validate_json(calendar.model_dump_json()) == calendar
    assert Calendar.model_validate(calendar.model_dump()) == calendar


def test_the_kinds_of_rules_are_in_the_json_schema() -> None:
    schema = Calendar.model_json_schema()
    kinds = schema["properties"]["rules"]["items"]["discriminator"]["mapping"]
    assert sorted(kinds) == ["dates", "holidays", "range", "recurring", "weekly", "yearly"]
    for name in ("Dates", "Range", "Weekly", "Yearly", "PublicHolidays", "Recurring"):
        assert "kind" in schema["$defs"][name]["required"]
    assert {"from", "until"} <= schema["$defs"]["Weekly"]["properties"].keys()


@pytest.mark.parametrize(
    ("rule", "path", "message", "fix"),
    [
        ("mon", "rules[0]", "a rule must be an object", "Write for example"),
        ({}, "rules[0].kind", "is required", "Use one of dates,"),
        ({"kind": "weakly"}, "rules[0].kind", '"weakly" is no kind of rule', 'Did you mean "weekly"?'),
        ({"kind": "dates", "dates": []}, "rules[0].dates", "at least 1", ""),
        ({"kind": "dates", "dates": ["24.12.2026"]}, "rules[0].dates[0]", '"24.12.2026" is no date', '"2026-12-24"'),
        ({"kind": "dates", "dates": ["2026-02-30"]}, "rules[0].dates[0]", "is not in the calendar", "that exists"),
        (
            {"kind": "dates", "dates": ["2026-12-24"], "lable": ""},
            "rules[0].lable",
            "is not a field here",
            "Remove it.",
        ),
        ({"kind": "dates", "dates": ["2026-12-24"], "label": "a\nb"}, "rules[0].label", "control character", ""),
        ({"kind": "range", "from": "2026-12-24"}, "rules[0].until", "is required", ""),
        ({"kind": "range", "from": "now", "until": "2026-12-24"}, "rules[0].from", '"now" is no date', "T18:00"),
        ({"kind": "range", "from": 5, "until": "2026-12-24"}, "rules[0].from", '"5" is no date', "T18:00"),
        (
            {"kind": "range", "from": "2026-12-24T25:00", "until": "2026-12-26T25:00"},
            "rules[0].from",
            "is not in the calendar",
            "that exist",
        ),
        ({"kind": "range", "from": "2026-12-26", "until": "2026-12-24"}, "rules[0].until", "does not come", "Swap"),
        (
            {"kind": "range", "from": "2026-12-24T10:00", "until": "2026-12-24T10:00"},
            "rules[0].until",
            "does not come",
            "Swap",
        ),
        ({"kind": "range", "from": "2026-12-24", "until": "2026-12-24T10:00"}, "rules[0].until", "not both", "in none"),
        (
            {"kind": "range", "from": "2026-12-24T09:00Z", "until": "2026-12-24T10:00"},
            "rules[0].until",
            "only one",
            "in none",
        ),
        (
            {"kind": "range", "from": "0001-01-01T00:00+05:00", "until": "2026-12-24T10:00Z"},
            "rules[0].from",
            "years 1 to 9999",
            "nearer",
        ),
        ({"kind": "weekly", "days": "mon-fry"}, "rules[0].days", "no day of the week", 'Did you mean "fri"?'),
        ({"kind": "weekly", "days": 5}, "rules[0].days", "tuple", ""),
        ({"kind": "weekly", "days": "xyz"}, "rules[0].days", "no day of the week", '"mon-fri"'),
        ({"kind": "weekly", "days": "mon", "from": "18:00"}, "rules[0].until", 'is missing, though "from"', "both"),
        ({"kind": "weekly", "days": "mon", "until": "18:00"}, "rules[0].from", 'is missing, though "until"', "both"),
        ({"kind": "weekly", "days": "mon", "from": "9", "until": "17:00"}, "rules[0].from", "no time", '"00:00"'),
        ({"kind": "weekly", "days": "mon", "from": "09:00", "until": "24:01"}, "rules[0].until", "no time", '"24:00"'),
        ({"kind": "weekly", "days": "mon", "from": "09:60", "until": "17:00"}, "rules[0].from", "no time", '"00:00"'),
        ({"kind": "weekly", "days": "mon", "from": "24:00", "until": "06:00"}, "rules[0].from", "24:00", '"00:00"'),
        (
            {"kind": "weekly", "days": "mon", "from": "09:00", "until": "09:00"},
            "rules[0].until",
            "begin and end",
            "whole",
        ),
        ({"kind": "yearly", "days": "24.12."}, "rules[0].days[0]", "no day of the year", '"12-24"'),
        ({"kind": "yearly", "days": ["02-30"]}, "rules[0].days[0]", "02-30 is no day of the year", "01 to 12"),
        ({"kind": "yearly", "days": ["12-24..13-01"]}, "rules[0].days[0]", "13-01 is no day", "01 to 12"),
        ({"kind": "recurring", "expression": "DAILY", "days": 1}, "rules[0].expression", "no property", "Properties"),
        (
            {
                "kind": "recurring",
                "expression": "DTSTART;TZID=Europe/Berln:20260101T000000 RRULE:FREQ=DAILY",
                "days": 1,
            },
            "rules[0].expression",
            "unknown time zone",
            'Did you mean "Europe/Berlin"?',
        ),
        ({"kind": "recurring", "expression": "RRULE:FREQ=DAILY"}, "rules[0].duration", "is missing", "Give either"),
        (
            {"kind": "recurring", "expression": "RRULE:FREQ=DAILY", "days": 1, "duration": "1h"},
            "rules[0].duration",
            'is given besides "days"',
            "Give either",
        ),
        (
            {"kind": "recurring", "expression": "RRULE:FREQ=DAILY", "duration": "1 fortnight"},
            "rules[0].duration",
            "unknown unit",
            "Units",
        ),
        (
            {"kind": "recurring", "expression": "RRULE:FREQ=DAILY", "duration": "367d"},
            "rules[0].duration",
            "longer than a year",
            "366d",
        ),
        ({"kind": "recurring", "expression": "RRULE:FREQ=HOURLY", "days": 1}, "rules[0].days", "do not go", "duration"),
        (
            {"kind": "recurring", "expression": "RRULE:FREQ=SECONDLY", "duration": "1s"},
            "rules",
            "up to 86400 occurrences a day",
            "weekly rules",
        ),
    ],
)
def test_a_fault_names_its_field_and_what_to_do(rule: Any, path: str, message: str, fix: str) -> None:
    fault = faults(rule)[0]
    assert fault.path == path
    assert message in fault.message
    assert fix in fault.fix


def test_an_unknown_time_zone_is_an_error_with_a_proposal() -> None:
    assert faults({"kind": "weekly", "days": "mon"}, timezone="Europe/Berln") == [
        Fault("timezone", "invalid_calendar", 'unknown time zone "Europe/Berln"', 'Did you mean "Europe/Berlin"?')
    ]


def test_a_calendar_has_at_least_one_rule_and_at_most_500() -> None:
    monday = {"kind": "weekly", "days": "mon"}
    assert faults()[0].path == "rules"
    assert faults(*[monday] * 501)[0].path == "rules"
    assert len(Calendar.model_validate({"name": "c", "rules": [monday] * 500}).rules) == 500


def test_recurring_rules_that_count_too_far_together_are_refused() -> None:
    rule = {"kind": "recurring", "expression": "DTSTART:20260105T090000 RRULE:FREQ=DAILY;COUNT=6000", "duration": "1h"}
    fault = faults(rule, rule)[0]
    assert (fault.path, fault.message) == ("rules", "recurring rules count 12000 occurrences, more than 10000 together")


def test_a_name_follows_the_rules_of_schedule_names() -> None:
    monday = {"kind": "weekly", "days": "mon"}
    assert "slash" in faults(monday, name="a/b")[0].message
    assert "space" in faults(monday, name=" a")[0].message
    assert "id" in faults(monday, name="0190b5a0-1111-7000-8000-000000000000")[0].message
