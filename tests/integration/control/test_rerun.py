"""Doing a run again: the same fire time, the same definition, one more record."""

from datetime import timedelta
from typing import Any

import pytest

import worker_records
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.errors import ConflictError, InvalidInputError, NotFoundError
from punctual.domain.identity import new_id
from punctual.domain.run import Arguments, Cause, Run, RunState
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def runs(database: Database, clock: ManualClock) -> Runs:
    return Runs(database, clock)


def make(schedules: Schedules, **fields: Any) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "every 1h", **fields}, actor="test")


def only(runs: Runs, state: RunState | None = None) -> Run:
    (run,) = runs.list(state=None if state is None else [state], limit=10).items
    return run


def end(database: Database, run: Run, state: RunState = RunState.FAILED) -> None:
    with database.write() as tx:
        assert worker_records.end(tx, run.id, state, at=run.due_time)


def test_a_rerun_does_the_work_of_its_fire_time_again_by_the_old_definition(
    engine: Engine,
    schedules: Schedules,
    runs: Runs,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
) -> None:
    make(schedules, args=[1], kwargs={"a": 1}, queue="slow")
    fire_time = clock.now() + HOUR
    clock.move_to(fire_time)
    engine.step()
    failed = only(runs)
    end(database, failed)
    clock.advance(timedelta(minutes=5))
    schedules.change("s", {"args": [2], "kwargs": {"a": 2}, "queue": "fast"}, actor="test")
    again = runs.rerun(failed.id, actor="test")
    assert (again.cause, again.state, again.origin_id) == (Cause.RERUN, RunState.PENDING, failed.id)
    assert (again.fire_time, again.due_time) == (fire_time, clock.now())
    assert (again.schedule_version, again.args, again.kwargs, again.queue) == (1, [1], {"a": 1}, "slow")
    engine.step()
    message = sender.messages[-1]
    assert (message.run_id, message.fire_time, message.cause) == (again.id, fire_time, "rerun")
    assert (message.args, message.kwargs, message.queue) == ([1], {"a": 1}, "slow")
    assert runs.get(failed.id).state is RunState.FAILED
    assert schedules.get("s").status.next_fire_time == fire_time + HOUR


def test_reruns_of_one_fire_time_are_a_microsecond_apart(
    schedules: Schedules, runs: Runs, database: Database, clock: ManualClock
) -> None:
    make(schedules)
    asked = schedules.run_now("s", actor="test")
    end(database, asked, RunState.SUCCEEDED)
    first, second = runs.rerun(asked.id, actor="test"), runs.rerun(asked.id, actor="test")
    assert [first.fire_time, second.fire_time] == [clock.now(), clock.now() + MICROSECOND]
    end(database, first, RunState.CANCELLED)
    third = runs.rerun(first.id, actor="test")
    assert (third.origin_id, third.fire_time) == (first.id, clock.now() + 2 * MICROSECOND)


def test_a_rerun_keeps_the_arguments_of_its_run_and_takes_changes_to_them(
    schedules: Schedules, runs: Runs, database: Database
) -> None:
    make(schedules, task="tidy", args=["/a"], kwargs={"keep": 5})
    asked = schedules.run_now("s", actor="test", changes=Arguments(args=["/b"]))
    end(database, asked)
    same = runs.rerun(asked.id, actor="test")
    assert (same.args, same.kwargs) == (["/b"], {"keep": 5})
    changed = runs.rerun(asked.id, actor="test", changes=Arguments(kwargs={"keep": 6}))
    assert (changed.args, changed.kwargs) == (["/b"], {"keep": 6})
    with pytest.raises(InvalidInputError) as raised:
        runs.rerun(asked.id, actor="test", changes=Arguments(kwargs={"keep": 0}))
    assert [fault.path for fault in raised.value.faults] == ["kwargs.keep"]


def test_a_run_that_has_not_ended_is_not_rerun(schedules: Schedules, runs: Runs) -> None:
    make(schedules)
    asked = schedules.run_now("s", actor="test")
    with pytest.raises(ConflictError, match="is pending: it has not ended"):
        runs.rerun(asked.id, actor="test")
    assert only(runs) == asked


@pytest.mark.parametrize("late", [1, 2])
def test_a_missed_fire_time_is_rerun_where_its_record_stands_for_it_alone(
    late: int, engine: Engine, schedules: Schedules, runs: Runs, clock: ManualClock
) -> None:
    make(schedules, catchup={"policy": "none"})
    first = clock.now() + HOUR
    clock.advance(late * HOUR + timedelta(minutes=30))
    engine.step()
    missed = only(runs, RunState.MISSED)
    if late == 1:
        assert runs.rerun(missed.id, actor="test").fire_time == first
    else:
        with pytest.raises(ConflictError, match="stands for 2 fire times"):
            runs.rerun(missed.id, actor="test")


def test_a_paused_schedule_can_be_rerun_and_a_pause_leaves_a_rerun_alone(
    schedules: Schedules, runs: Runs, database: Database, clock: ManualClock
) -> None:
    make(schedules)
    asked = schedules.run_now("s", actor="test")
    end(database, asked)
    schedules.pause("s", note=None, actor="test")
    again = runs.rerun(asked.id, actor="test")
    clock.advance(-HOUR)
    schedules.pause("s", note=None, actor="test")
    assert runs.get(again.id).state is RunState.PENDING


def test_what_is_gone_is_not_rerun(schedules: Schedules, runs: Runs, database: Database) -> None:
    make(schedules)
    asked = schedules.run_now("s", actor="test")
    end(database, asked)
    schedules.delete("s", actor="test")
    with pytest.raises(ConflictError, match="'s' is deleted") as raised:
        runs.rerun(asked.id, actor="test")
    schedules.restore(raised.value.fix.split()[-1], actor="test")
    assert runs.rerun(asked.id, actor="test").origin_id == asked.id
    with pytest.raises(NotFoundError):
        runs.rerun(new_id(), actor="test")
