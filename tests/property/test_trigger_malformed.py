"""Whatever is typed: a trigger that works, or an error that names a place and a fix, at once."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from punctual.domain.errors import TriggerError
from punctual.domain.triggers import AnyTrigger, Trigger, parse_trigger

TRIGGERS: TypeAdapter[AnyTrigger] = TypeAdapter(Trigger)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST_WAIT = 0.5
"""Seconds of processor time: the slowest known text takes a tenth of it."""

WORDS = [
    "*", "?", "*/5", "*/0", "0", "59", "60", "24", "32", "13", "7", "1-5", "5-1", "fri-mon", "mon", "JAN", "L", "L-3",
    "L-31", "LW", "15W", "5#2", "5#9", "5L", "L5", "H", "1,", ",", "1,,2", "-", "1-", "/", "*/", "1/2/3", "1-2-3",
    "*-5", "2026", "1969", "1970-9999", "*/7999", "Europe/Berlin", "Europe/Berln", "../etc/passwd", "localtime",
    "day_match=and", "on_gap=shift", "on_fold=x", "=", "a=b=c", "every", "every 5m", "1h30m", "90", "1e9s",
    "99999999999999999999d", "2026-12-24", "2026-12-24T18:00", "18:00", "24:00", "2026-02-30T01:00", "@daily", "@",
    "@every", "RRULE:FREQ=DAILY", "DTSTART:20260101T090000",
    "RRULE:FREQ=MONTHLY;BYMONTHDAY=31;BYSETPOS=-1", "EXDATE:20260101", "RDATE:99991231T235959", "|",
    "sunset",    "at", "1,2", "RRULE:FREQ=SECONDLY;INTERVAL=99991;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
    "H(1-5)", "H/7", "H(", "\u0661", "\u00b2", "\x00", "é", "0" * 50,
]  # fmt: skip
ALPHABET = "0123456789*/,-?#LWHlw @=:+.TZmonfrijanEuropeBerlin_\t\n\u0661\u00e9"
TEXTS = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join),
    st.text(ALPHABET, max_size=60),
    st.text(max_size=30),
    st.lists(st.text(ALPHABET.replace(" ", ""), min_size=1, max_size=6), min_size=5, max_size=7).map(" ".join),
)


def read(text: str) -> AnyTrigger | TriggerError:
    try:
        return parse_trigger(text)
    except TriggerError as error:
        return error


@settings(max_examples=500, deadline=None)
@given(text=TEXTS)
@example("*" * 500)
@example("9" * 500)
@example("1-" * 250)
@example("every " + "1s" * 247)
@example("every " + "9" * 490 + "s")
@example(",".join(["*"] * 245) + " * * * *")
@example("0 0 29 2 1 day_match=and")
@example("0 0 0 29 2 ? 1970-9999/1")
@example("0 0 0 30 2 ? *")
@example("0 0 0 29 2 ? 2100-2103")
@example("30 2 * 3 7L Europe/Berlin on_gap=skip")
@example("0 0 1 1 * " + "A" * 480)
@example(" | ".join(["every 5m"] * 400))
@example("RRULE:FREQ=SECONDLY;BYYEARDAY=366;BYMONTH=1")
@example("RRULE:FREQ=DAILY;COUNT=10000;INTERVAL=100000")
@example("RRULE:FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2,4,6,9,11")
@example("RRULE:" + "FREQ=DAILY;" * 200)
@example("H H 31 H H day_match=and")
def test_a_text_is_a_trigger_or_an_error_with_a_fix_and_soon(text: str) -> None:
    started = time.process_time()
    outcome = read(text)
    if isinstance(outcome, TriggerError):
        assert outcome.message
        assert outcome.fix
        assert outcome.position is None or 0 <= outcome.position <= len(outcome.text)
    else:
        outcome.next_after(NOW)
        outcome.previous_before(NOW)
        assert parse_trigger(outcome.text) == outcome
    assert time.process_time() - started < LONGEST_WAIT


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "expression timezone day_match on_gap on_fold every anchor at triggers event latitude longitude seed text other"
)
OBJECTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["cron", "interval", "once", "rrule", "solar", "any_of"]) | VALUES},
    optional=dict.fromkeys(FIELDS.split(), VALUES),
)


@settings(max_examples=250, deadline=None)
@given(value=OBJECTS | VALUES)
def test_an_object_is_a_trigger_or_a_validation_error(value: object) -> None:
    try:
        trigger = TRIGGERS.validate_python(value)
    except ValidationError:
        return
    trigger.next_after(NOW)


@pytest.mark.parametrize(
    "number", [0, 0.999, -1, 1e12, 10**400, float("nan"), float("inf"), True, None, [], "", "0s", "11000d"]
)
def test_an_interval_that_is_no_length_of_time_is_refused_at_its_field(number: object) -> None:
    with pytest.raises(ValidationError) as caught:
        TRIGGERS.validate_python({"kind": "interval", "every": number})
    assert [fault["loc"] for fault in caught.value.errors()] == [("every",)]
    assert isinstance(caught.value.errors()[0]["ctx"]["error"], TriggerError)
