"""Forecasts of what is stored, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from punctual.control.calendars import Calendars
from punctual.control.forecast import Forecasts, SystemForecast
from punctual.control.schedules import Schedules
from punctual.domain.errors import InvalidInputError
from punctual.engine.loop import Engine
from punctual.store import schedules as stored
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive

HOUR = timedelta(hours=1)


def forecast(database: Database, clock: ManualClock, **asked: Any) -> SystemForecast:
    wanted: dict[str, Any] = {"start": None, "length": HOUR, "jitter": timedelta(0), "query": None}
    return Forecasts(database, clock).forecast(**(wanted | asked))


def make(schedules: Schedules, name: str, trigger: str, **fields: Any) -> str:
    document = {"name": name, "task": "tick", "trigger": trigger, **fields}
    return str(schedules.create(document, actor="test").id)


def test_schedules_of_many_pages_are_each_counted_once(
    database: Database, clock: ManualClock, schedules: Schedules
) -> None:
    for number in range(13):
        make(schedules, f"s{number}", f"{number} * * * *")
    for size in (1, 3, 12, 13, 14):
        with patch("punctual.control.forecast.PAGE", size):
            found = forecast(database, clock, start=clock.now() + HOUR)
        assert found.forecast.as_is.counts == [1] * 13 + [0] * 47


def test_a_forecast_is_what_then_happens(
    database: Database, clock: ManualClock, schedules: Schedules, engine: Engine, sender: RecordingSender
) -> None:
    make(schedules, "jittered", "*/7 * * * *", jitter=240)
    make(schedules, "hashed", "H/9 * * * *")
    make(schedules, "dense", "every 25s", max_runs=30)
    weekly = {"kind": "weekly", "days": "thu", "from": "00:15", "until": "00:25"}
    Calendars(database, clock).create({"name": "lunch", "rules": [weekly]}, actor="test")
    make(schedules, "moves", "*/10 * * * *", calendars={"blackout": ["lunch"], "when_closed": "next_open"})
    make(schedules, "skips", "*/2 * * * *", calendars={"blackout": ["lunch"]}, jitter=600)
    make(schedules, "ends", "* * * * *", end_at="2026-01-01T00:20:00Z")
    start = clock.now()
    found = forecast(database, clock)
    sent = [0] * 60
    for minute in range(60):
        drive(engine, clock, start + timedelta(minutes=minute + 1) - timedelta(microseconds=1))
        sent[minute] = len(sender.messages) - sum(sent)
    assert found.forecast.as_is.counts == sent
    assert (found.forecast.skipped, sent[25] >= 1) == (5, True)
    assert sum(sent) > 60


def test_those_that_do_not_fire_are_left_out_and_counted_by_the_reason(
    database: Database, clock: ManualClock, schedules: Schedules
) -> None:
    make(schedules, "good", "*/30 * * * *")
    make(schedules, "done", "2026-01-01T00:00:01")
    paused = make(schedules, "paused", "* * * * *")
    schedules.pause(paused, note=None, actor="test")
    deleted = make(schedules, "deleted", "* * * * *")
    schedules.delete(deleted, actor="test")
    broken = make(schedules, "broken", "* * * * *")
    with database.write() as tx:
        stored.set_aside(tx, UUID(broken), error="No.", error_count=1, retry_at=clock.now())
    found = forecast(database, clock, start=clock.now() + HOUR)
    assert (found.paused, found.errors) == (1, 1)
    assert found.forecast.as_is.runs == 2
    some = forecast(database, clock, query="oo")
    assert (some.paused, some.errors, some.forecast.as_is.schedules) == (0, 0, 1)


def test_a_start_beyond_the_calendar_is_a_fault(database: Database, clock: ManualClock) -> None:
    for start in (datetime(9999, 6, 1, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC)):
        with pytest.raises(InvalidInputError, match="start: must be from the year 1970"):
            forecast(database, clock, start=start)
