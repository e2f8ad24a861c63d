"""Bounds, jitter and their records on a real database: what is due when, and what becomes of what is not."""

from datetime import timedelta
from typing import Any

import pytest

from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.errors import InvalidInputError
from punctual.domain.run import Cause, Run, RunState
from punctual.domain.schedule import Schedule, ScheduleState
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive

SECOND = timedelta(seconds=1)
JITTERED = {"trigger": "every 100s", "jitter": "60s"}


def make(schedules: Schedules, **fields: Any) -> Schedule:
    return schedules.create({"name": "s", "task": "tick", "trigger": "every 10s", **fields}, actor="test")


def ledger(database: Database, clock: ManualClock) -> list[Run]:
    return Runs(database, clock).list(schedule="s", state=None, cause=None, limit=200, cursor=None).items[::-1]


def test_a_run_with_jitter_is_sent_at_its_due_time_and_not_before(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    start = clock.now()
    made = make(schedules, **JITTERED)
    due = made.status.next_due_time
    assert due is not None
    assert start + 100 * SECOND < due < start + 160 * SECOND
    drive(engine, clock, due - timedelta(milliseconds=1))
    assert (sender.messages, ledger(database, clock)) == ([], [])
    assert engine.step() == due
    drive(engine, clock, due)
    (run,) = ledger(database, clock)
    assert (run.state, run.fire_time, run.due_time) == (RunState.QUEUED, start + 100 * SECOND, due)
    assert [message.fire_time for message in sender.messages] == [run.fire_time]


def test_schedules_with_jitter_are_due_apart_though_they_fire_together(
    schedules: Schedules, clock: ManualClock
) -> None:
    due = set()
    for number in range(10):
        made = make(schedules, name=f"s{number}", trigger="@hourly", jitter=1800)
        assert made.status.next_fire_time == clock.now() + 3600 * SECOND
        due.add(made.status.next_due_time)
    assert len(due) == 10


@pytest.mark.parametrize("action", ["pause", "delete"])
def test_a_run_that_waits_for_its_due_time_is_skipped_when_its_schedule_stops(
    action: str,
    engine: Engine,
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
) -> None:
    made = make(schedules, **JITTERED)
    clock.advance(100 * SECOND)
    if action == "pause":
        schedules.pause("s", note=None, actor="test")
    else:
        schedules.delete("s", actor="test")
    drive(engine, clock, clock.now() + 200 * SECOND)
    assert sender.messages == []
    (run,) = Runs(database, clock).list(schedule=str(made.id), state=None, cause=None, limit=9, cursor=None).items
    assert run.state is RunState.SKIPPED
    assert run.reason == f"The schedule was {action}d before it was due."


def test_a_run_that_waits_for_its_due_time_is_sent_as_it_was_though_its_schedule_changes(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    start = clock.now()
    due = make(schedules, args=["old"], **JITTERED).status.next_due_time
    assert due is not None
    clock.advance(100 * SECOND)
    schedules.change("s", {"args": ["new"], "jitter": 0}, actor="test")
    drive(engine, clock, due)
    assert [list(message.args) for message in sender.messages] == [["old"]]
    drive(engine, clock, start + 200 * SECOND)
    assert [list(message.args) for message in sender.messages] == [["old"], ["new"]]
    assert [run.due_time for run in ledger(database, clock)] == [due, start + 200 * SECOND]


def test_a_schedule_is_finished_after_its_last_run_and_goes_on_when_more_are_allowed(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules, max_runs=3)
    schedules.run_now("s", actor="test")
    drive(engine, clock, start + 60 * SECOND)
    status = schedules.get("s").status
    assert (status.state, status.run_count, status.next_fire_time) == (ScheduleState.FINISHED, 3, None)
    fired = [run.fire_time for run in ledger(database, clock) if run.cause is Cause.SCHEDULE]
    assert fired == [start + n * 10 * SECOND for n in (1, 2, 3)]
    changed = schedules.change("s", {"max_runs": 4}, actor="test")
    assert changed.status.next_fire_time == start + 70 * SECOND
    drive(engine, clock, start + 200 * SECOND)
    assert schedules.get("s").status.run_count == 4


def test_fire_times_lie_within_start_and_end_both_included(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    bounds = {"start_at": (start + 30 * SECOND).isoformat(), "end_at": (start + 55 * SECOND).isoformat()}
    assert make(schedules, **bounds).status.next_fire_time == start + 30 * SECOND
    drive(engine, clock, start + 120 * SECOND)
    assert [run.fire_time for run in ledger(database, clock)] == [start + n * SECOND for n in (30, 40, 50)]
    assert schedules.get("s").status.state is ScheduleState.FINISHED


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"end_at": "2025-01-01T00:00:00Z"}, "end_at", "never_fires"),
        ({"trigger": "2026-06-01T00:00", "start_at": "2026-06-02T00:00:00Z"}, "start_at", "never_fires"),
        ({"start_at": "2026-06-02T00:00:00Z", "end_at": "2026-06-01T00:00:00Z"}, "end_at", "invalid_trigger"),
        ({"start_at": "2026-06-02T00:00:00"}, "start_at", "timezone_aware"),
        ({"max_runs": 0}, "max_runs", "greater_than_equal"),
        ({"jitter": "2 days"}, "jitter", "less_than_equal"),
        ({"jitter": "5 mintues"}, "jitter", "invalid_trigger"),
        ({"calendars": {"blackout": ["no-such"]}}, "calendars.blackout[0]", "unknown_calendar"),
    ],
)
def test_a_timing_that_would_never_run_is_refused_by_the_name_of_its_field(
    schedules: Schedules, fields: dict[str, Any], path: str, code: str
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        make(schedules, **fields)
    assert [(fault.path, fault.code) for fault in raised.value.faults] == [(path, code)]
    assert schedules.list(query=None, state=None, limit=5, cursor=None).items == []
