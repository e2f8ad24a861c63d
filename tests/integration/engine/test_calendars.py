"""Calendars in the engine: what they close is skipped or put off, and recorded with the reason."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from punctual.control.calendars import Calendars
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.run import Cause, Run, RunState
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive

HOUR = timedelta(hours=1)
FREEZE = {"name": "freeze", "rules": [{"kind": "range", "from": "2026-01-01T03:00", "until": "2026-01-01T05:30"}]}


@pytest.fixture
def calendars(database: Database, clock: ManualClock) -> Calendars:
    found = Calendars(database, clock)
    found.create(FREEZE, actor="test")
    return found


def make(schedules: Schedules, when_closed: str = "skip", **fields: Any) -> None:
    document = {
        "name": "s",
        "task": "tick",
        "trigger": "0 * * * *",
        "calendars": {"blackout": ["freeze"], "when_closed": when_closed},
    }
    schedules.create(document | fields, actor="test")


def ledger(database: Database, clock: ManualClock) -> list[Run]:
    return Runs(database, clock).list(schedule="s", state=None, cause=None, limit=200, cursor=None).items[::-1]


def hours(found: list[Run], start: datetime) -> list[float]:
    return [(run.fire_time - start) / HOUR for run in found]


@pytest.mark.usefixtures("calendars")
def test_a_closed_fire_time_is_skipped_with_its_reason_in_the_ledger(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    start = clock.now()
    make(schedules)
    drive(engine, clock, start + 7 * HOUR)
    runs = ledger(database, clock)
    assert hours(runs, start) == [1, 2, 3, 4, 5, 6, 7]
    skipped = [run for run in runs if run.state is RunState.SKIPPED]
    assert hours(skipped, start) == [3, 4, 5]
    assert all(run.reason and 'Closed by the calendar "freeze"' in run.reason for run in skipped)
    assert [message.fire_time for message in sender.messages] == [start + n * HOUR for n in (1, 2, 6, 7)]


@pytest.mark.usefixtures("calendars")
def test_the_last_closed_fire_time_is_put_off_to_the_opening(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    start = clock.now()
    make(schedules, "next_open")
    drive(engine, clock, start + 5.4 * HOUR)
    waiting = ledger(database, clock)[-1]
    assert (waiting.state, waiting.due_time) == (RunState.PENDING, start + 5.5 * HOUR)
    assert [message.fire_time for message in sender.messages] == [start + n * HOUR for n in (1, 2)]
    drive(engine, clock, start + 6 * HOUR)
    assert [message.fire_time for message in sender.messages] == [start + n * HOUR for n in (1, 2, 5, 6)]
    by_state = {run.state for run in ledger(database, clock) if run.fire_time in {start + 3 * HOUR, start + 4 * HOUR}}
    assert by_state == {RunState.SKIPPED}


@pytest.mark.usefixtures("calendars")
def test_closed_fire_times_in_a_row_that_are_met_together_have_one_record(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules, trigger="* * * * *", catchup={"policy": "all", "window": "8h", "limit": 10_000})
    clock.advance(6 * HOUR)
    drive(engine, clock, clock.now())
    (skipped,) = [run for run in ledger(database, clock) if run.state is RunState.SKIPPED]
    assert (skipped.fire_time, skipped.covered_until) == (start + 3 * HOUR, start + 5.5 * HOUR - HOUR / 60)
    assert (skipped.covered_count, skipped.covered_count_exact) == (150, True)


@pytest.mark.usefixtures("calendars")
def test_run_now_is_never_held_back(
    engine: Engine, schedules: Schedules, clock: ManualClock, sender: RecordingSender
) -> None:
    make(schedules)
    clock.advance(4 * HOUR)
    engine.step()
    run = schedules.run_now("s", actor="test")
    engine.step()
    assert run.cause is Cause.MANUAL
    assert sender.messages[-1].run_id == run.id


def test_a_changed_calendar_holds_for_fire_times_after_the_change(
    engine: Engine, schedules: Schedules, calendars: Calendars, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules)
    drive(engine, clock, start + 3 * HOUR)
    clock.advance(1.5 * HOUR)  # the fire time of 04:00 waits for a node
    rules = [{"kind": "range", "from": "2026-01-01T06:00", "until": "2026-01-01T07:00"}]
    calendars.change("freeze", {"rules": rules}, actor="test")
    drive(engine, clock, start + 7 * HOUR)
    skipped = [run for run in ledger(database, clock) if run.state is RunState.SKIPPED]
    assert hours(skipped, start) == [3, 4, 6]
    assert hours(ledger(database, clock), start) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.usefixtures("calendars")
def test_jitter_does_not_send_into_closed_time(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules, trigger="59 2 * * *", jitter="1h")
    drive(engine, clock, start + 6 * HOUR)
    (run,) = ledger(database, clock)
    assert start + 2 * HOUR + 59 * HOUR / 60 <= run.due_time < start + 3 * HOUR
