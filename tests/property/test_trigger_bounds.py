"""However a text or an object is made: the documented error or a trigger, for a bounded amount of work and memory.

Work is counted in calls of Python functions, which is the same on every machine and under every load.
"""

import json
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from types import FrameType
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from property.oracles.nasty import TEXTS
from punctual.domain.errors import TriggerError
from punctual.domain.triggers import AnyTrigger, Trigger, parse_trigger

TRIGGERS: TypeAdapter[AnyTrigger] = TypeAdapter(Trigger)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
MOST_CALLS = 1_000_000
"""A fraction of a second. A search that is given up at its bound takes up to a quarter of it."""
MOST_MEMORY = 5_000_000
MOST_SECONDS = 5.0
"""Processor time for the most rules that one trigger may have, each searched to its bound twice."""


class TooMuchWorkError(Exception):
    """More calls than may be."""


@contextmanager
def bounded() -> Iterator[None]:
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"
        if calls > MOST_CALLS:
            raise TooMuchWorkError

    tracemalloc.start()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MOST_MEMORY


def exercise(trigger: AnyTrigger) -> None:
    for search in (trigger.next_after, trigger.previous_before):
        search(NOW)
    trigger.next_after(FIRST)
    trigger.previous_before(LAST)
    assert parse_trigger(trigger.text).text == trigger.text
    assert TRIGGERS.validate_json(trigger.model_dump_json()) == trigger


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_nasty_text_costs_little_and_is_a_trigger_or_an_error_with_a_fix(text: str) -> None:
    with bounded():
        error = attempt(text)
    if error is not None:
        assert error.message
        assert error.fix
        assert error.position is None or 0 <= error.position <= len(error.text)


def attempt(text: str) -> TriggerError | None:
    try:
        exercise(parse_trigger(text))
    except TriggerError as error:
        return error
    return None


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def unions(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"kind": "cron", "expression": "@daily"}
    for _ in range(depth):
        value = {"kind": "any_of", "triggers": [value, "@daily"]}
    return value


COMPLETE: dict[str, dict[str, Any]] = {
    "cron": {
        "expression": "H * * * *",
        "timezone": "UTC",
        "day_match": "or",
        "on_gap": None,
        "on_fold": None,
        "seed": "a",
    },
    "interval": {"every": 5, "anchor": "2026-01-01T00:00:00Z"},
    "once": {"at": "2026-01-01T00:00", "timezone": "UTC", "on_gap": None, "on_fold": None},
    "rrule": {"expression": "FREQ=DAILY", "timezone": "UTC", "on_gap": None, "on_fold": None, "anchor": None},
    "solar": {"event": "sunset", "latitude": 1, "longitude": 2, "timezone": "UTC"},
    "any_of": {"triggers": ["@daily", "@hourly"]},
}
WRONG: list[Any] = [
    10**400, -(10**400), 10**5000, 1e308, float("nan"), float("-inf"), -0.0, True, None, b"\xff", "\ud800", "\x00", "",
    "9" * 400, "\u0661", "2016-12-31T23:59:60Z", 253_402_300_800, -(10**15), LAST, date.max, timedelta.max, 5 + 3j,
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), [], {}, (), {"kind": "cron"}, nested(5000), unions(500),
]  # fmt: skip


@pytest.mark.parametrize("kind", COMPLETE)
def test_a_wrong_value_in_any_field_of_any_kind_is_a_validation_error(kind: str) -> None:
    refused = 0
    for name in [*COMPLETE[kind], "text", "kind", "other"]:
        for value in WRONG:
            fields = {"kind": kind, **COMPLETE[kind], name: value}
            with bounded():
                refused += is_refused(fields)
    assert refused > len(COMPLETE[kind]) * len(WRONG) / 2


def is_refused(fields: dict[str, Any]) -> bool:
    try:
        exercise(TRIGGERS.validate_python(fields))
    except ValidationError as invalid:
        return bool(invalid.errors())
    return False


@pytest.mark.parametrize(
    "value", [nested(5000), {"kind": nested(5000)}, unions(5000), {1: 2}, object(), 10**5000], ids=range(6)
)
def test_a_value_of_any_shape_is_a_validation_error(value: object) -> None:
    with bounded(), pytest.raises(ValidationError):
        TRIGGERS.validate_python(value)


@pytest.mark.parametrize(
    "document",
    [
        b"", b"\xff\xfe", b"[" * 100_000, b'{"kind":' * 50_000, b'"\\ud800 * * * *"',
        b'{"kind":"interval","every":1e999}',
        b'{"kind":"interval","every":' + b"9" * 400 + b"}", b'{"kind":"interval","every":NaN}', b'"\\u0000"',
        json.dumps(unions(90)).encode(),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_document_that_is_no_trigger_is_a_validation_error(document: bytes) -> None:
    with bounded(), pytest.raises(ValidationError):
        TRIGGERS.validate_json(document)


@pytest.mark.parametrize(
    "text",
    [
        " | ".join(f"RRULE:FREQ=SECONDLY;INTERVAL={99_991 - n};BYHOUR=9;BYMINUTE=0;BYSECOND=0" for n in range(20)),
        " ".join(f"RRULE:FREQ=SECONDLY;INTERVAL={99_991 - n};BYHOUR=9;BYMINUTE=0;BYSECOND=0" for n in range(20)),
        " | ".join(f"RRULE:FREQ=YEARLY;COUNT={10_000 - n};BYMONTH=2;BYMONTHDAY=29" for n in range(20)),
        " | ".join(f"RRULE:FREQ=SECONDLY;COUNT={10_000 - n}" for n in range(20)),
        " | ".join(f"{n} 2 * 3 7L Europe/Berlin on_gap=skip" for n in range(20)),
    ],
    ids=["rare units joined", "rare units in a set", "rare days counted", "seconds counted", "only gaps"],
)
def test_the_most_rules_that_a_trigger_may_have_are_searched_in_seconds(text: str) -> None:
    started = time.process_time()
    trigger = parse_trigger(text)
    trigger.next_after(NOW)
    trigger.previous_before(NOW)
    assert time.process_time() - started < MOST_SECONDS


@pytest.mark.parametrize(
    ("text", "message", "field"),
    [
        (" ".join(["RRULE:FREQ=DAILY"] * 21), "more than 20 rules", "expression"),
        ("RRULE:FREQ=DAILY;COUNT=9000 RRULE:FREQ=DAILY;COUNT=1001", "more than 10000 together", "expression"),
        (" | ".join([" ".join(["RRULE:FREQ=DAILY"] * 11)] * 2), "at most 20 RRULEs in all, got 22", "triggers"),
    ],
)
def test_more_rules_than_can_be_searched_in_no_time_are_refused(text: str, message: str, field: str) -> None:
    with pytest.raises(TriggerError, match=message) as caught:
        parse_trigger(text)
    assert caught.value.field == field
    assert caught.value.fix


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=DAILY;COUNT=10000", datetime(2053, 5, 18, 9, tzinfo=UTC)),  # 9999 days after 2026-01-01
        ("FREQ=DAILY;COUNT=5;BYHOUR=8,9,10", datetime(2026, 1, 2, 10, tzinfo=UTC)),  # 9, 10; 8, 9, 10
        ("FREQ=YEARLY;COUNT=3;BYMONTH=2;BYMONTHDAY=29", datetime(2036, 2, 29, 9, tzinfo=UTC)),
        ("FREQ=YEARLY;COUNT=10000", datetime(9999, 1, 1, 9, tzinfo=UTC)),  # the calendar ends before the count
    ],
)
def test_a_count_ends_where_it_is_worked_out_to(rule: str, last: datetime) -> None:
    trigger = parse_trigger(f"DTSTART:20260101T090000 RRULE:{rule}")
    assert trigger.previous_before(LAST) == last
    assert trigger.next_after(last) is None
