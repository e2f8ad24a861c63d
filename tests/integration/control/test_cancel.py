"""Cancelling a run: at once where it has not started, by its worker where it runs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

import worker_records
from punctual.control.cancel import Interruption
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.errors import ConflictError, NotFoundError
from punctual.domain.identity import new_id
from punctual.domain.processes import Worker
from punctual.domain.run import Run, RunError, RunState, Stop
from punctual.engine import outcomes
from punctual.engine.loop import Engine
from punctual.store import workers
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender

HOUR = timedelta(hours=1)


@pytest.fixture
def runs(database: Database, clock: ManualClock) -> Runs:
    return Runs(database, clock)


def make(schedules: Schedules, **fields: Any) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "every 1h", **fields}, actor="test")


def started(engine: Engine, schedules: Schedules, database: Database, worker: str = "celery@test") -> Run:
    """Let a worker start a run."""
    run = schedules.run_now("s", actor="test")
    engine.step()
    with database.write() as tx:
        assert worker_records.start(tx, run.id, at=run.due_time, worker=worker)
    return run


def announce(database: Database, clock: ManualClock, name: str, pool: str) -> None:
    now = clock.now()
    facts = {"name": name, "host": "h", "pid": 1, "concurrency": 1, "queues": [], "started_at": now, "seen_at": now}
    with database.write() as tx:
        workers.announce(tx, Worker(pool=pool, **facts), [])


def stops(sender: RecordingSender) -> list[tuple[UUID, Stop]]:
    return [(request.run_id, request.stop) for request in sender.stopped]


def fail(database: Database, run_id: UUID, clock: ManualClock, attempt: int = 1) -> None:
    with database.write() as tx:
        error = RunError(type="SoftTimeLimitExceeded", message="")
        worker_records.end(tx, run_id, RunState.FAILED, at=clock.now(), attempt=attempt, error=error)


def test_a_run_that_is_about_to_be_sent_is_never_sent(
    engine: Engine, schedules: Schedules, runs: Runs, clock: ManualClock, sender: RecordingSender
) -> None:
    make(schedules)
    run = schedules.run_now("s", actor="test")
    done = runs.cancel(run.id, actor="alice", note="not today")
    assert (done.run.state, done.run.finished_at) == (RunState.CANCELLED, clock.now())
    assert done.run.reason == "Cancelled by alice while it was pending: not today"
    assert done.interruption is Interruption.NOT_NEEDED
    engine.step()
    assert sender.messages == []


def test_of_a_run_that_was_sent_the_workers_are_asked_to_drop_the_message(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    make(schedules)
    run = schedules.run_now("s", actor="test")
    engine.step()
    assert runs.cancel(run.id, actor="alice").run.reason == "Cancelled by alice while it was queued."
    engine.step()
    assert stops(sender) == [(run.id, Stop.CANCEL)]
    with database.write() as tx:
        assert not worker_records.start(tx, run.id, at=clock.now())
    engine.step()
    assert stops(sender) == [(run.id, Stop.CANCEL)]


def test_a_run_that_waits_makes_room_for_those_behind_it(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    make(schedules, overlap="buffer_all")
    first = started(engine, schedules, database)
    second, third = (schedules.run_now("s", actor="test") for _ in range(2))
    assert runs.cancel(second.id, actor="alice").run.state is RunState.CANCELLED
    engine.step()
    assert sender.stopped == []
    with database.write() as tx:
        worker_records.end(tx, first.id, RunState.SUCCEEDED, at=clock.now())
    engine.step()
    assert [message.run_id for message in sender.messages] == [first.id, third.id]


def test_a_run_between_two_attempts_is_not_attempted_again(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    make(schedules, retry={"attempts": 3, "delay": "10s"})
    run = started(engine, schedules, database)
    fail(database, run.id, clock)
    waiting = runs.get(run.id)
    assert (waiting.state, waiting.attempt, waiting.next_attempt_at) == (
        RunState.RETRYING,
        1,
        clock.now() + timedelta(seconds=10),
    )
    assert runs.cancel(run.id, actor="alice").run.reason == "Cancelled by alice while it was retrying."
    clock.advance(HOUR / 2)
    engine.step()
    assert len(sender.messages) == 1


def test_a_run_that_runs_is_asked_to_stop_and_is_cancelled_by_stopping(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    make(schedules, retry={"attempts": 3}, pause_after_failures=1)
    announce(database, clock, "celery@test", "prefork")
    run = started(engine, schedules, database)
    asked = runs.cancel(run.id, actor="alice", note="wrong data")
    assert (asked.run.state, asked.run.reason) == (RunState.RUNNING, "alice asked it to stop: wrong data")
    assert asked.interruption is Interruption.ASKED
    assert "the task may clean up first" in asked.message
    engine.step()
    assert stops(sender) == [(run.id, Stop.CANCEL)]
    fail(database, run.id, clock)
    ended = runs.get(run.id)
    assert (ended.state, ended.reason) == (RunState.CANCELLED, "alice asked it to stop: wrong data")
    assert ended.error is not None
    status = schedules.get("s").status
    assert (status.failure_streak, status.paused) == (0, False)


def test_a_run_that_ends_well_although_it_was_asked_to_stop_has_succeeded(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database, clock: ManualClock
) -> None:
    make(schedules)
    run = started(engine, schedules, database)
    runs.cancel(run.id, actor="alice")
    with database.write() as tx:
        worker_records.end(tx, run.id, RunState.SUCCEEDED, at=clock.now(), attempt=1)
    assert (runs.get(run.id).state, runs.get(run.id).reason) == (RunState.SUCCEEDED, None)


def test_a_worker_that_dies_with_a_run_that_was_asked_to_stop_has_stopped_it(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database, clock: ManualClock
) -> None:
    make(schedules, on_lost="rerun")
    run = started(engine, schedules, database)
    runs.cancel(run.id, actor="alice")
    with database.write() as tx:
        assert outcomes.lost(tx, run.id, attempt=1, at=clock.now(), why="It was killed.")
    assert runs.get(run.id).state is RunState.CANCELLED


def test_terminate_cancels_at_once_and_leaves_the_rest_to_the_worker(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    make(schedules)
    announce(database, clock, "celery@test", "prefork")
    run = started(engine, schedules, database)
    runs.cancel(run.id, actor="alice")
    done = runs.cancel(run.id, actor="bob", terminate=True)
    assert (done.run.state, done.run.reason) == (RunState.CANCELLED, "Terminated by bob while it ran.")
    assert "is asked to end the process that runs it" in done.message
    engine.step()
    assert stops(sender) == [(run.id, Stop.TERMINATE)]
    with database.write() as tx:
        assert not worker_records.end(tx, run.id, RunState.FAILED, at=clock.now(), attempt=1)


@pytest.mark.parametrize("pool", ["threads", "solo"])
@pytest.mark.parametrize("terminate", [False, True])
def test_what_cannot_be_interrupted_is_said_to_run_on(
    pool: str,
    engine: Engine,
    schedules: Schedules,
    runs: Runs,
    database: Database,
    clock: ManualClock,
    *,
    terminate: bool,
) -> None:
    make(schedules)
    announce(database, clock, "celery@one", pool)
    done = runs.cancel(started(engine, schedules, database, "celery@one").id, actor="alice", terminate=terminate)
    assert done.interruption is Interruption.IMPOSSIBLE
    assert f"celery@one cannot interrupt a task (pool {pool}), so the task runs on." in done.message
    assert done.run.state is (RunState.CANCELLED if terminate else RunState.RUNNING)


def test_of_a_worker_that_is_not_known_nothing_is_promised(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database
) -> None:
    make(schedules)
    done = runs.cancel(started(engine, schedules, database, "celery@gone").id, actor="alice")
    assert done.interruption is Interruption.UNKNOWN
    assert "whether it can is not known" in done.message


def test_a_later_attempt_is_not_held_to_the_stop_of_an_earlier_one(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database, clock: ManualClock
) -> None:
    make(schedules, retry={"attempts": 3, "delay": "10s"}, timeout="1m")
    run = schedules.run_now("s", actor="test")
    engine.step()
    with database.write() as tx:
        worker_records.start(tx, run.id, at=clock.now(), deadline=clock.now() + timedelta(minutes=1))
    assert runs.get(run.id).times_out_at == clock.now() + timedelta(minutes=1)
    clock.advance(timedelta(minutes=1))
    engine.step()
    assert runs.get(run.id).state is RunState.RETRYING
    with database.write() as tx:
        worker_records.start(tx, run.id, at=clock.now(), attempt=2)
    fail(database, run.id, clock, attempt=2)
    assert runs.get(run.id).state is RunState.RETRYING


def test_a_run_of_a_deleted_schedule_can_be_cancelled(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database
) -> None:
    make(schedules)
    run = started(engine, schedules, database)
    schedules.delete("s", actor="test")
    assert runs.cancel(run.id, actor="alice", terminate=True).run.state is RunState.CANCELLED


def test_a_run_that_has_ended_is_not_cancelled(
    engine: Engine, schedules: Schedules, runs: Runs, database: Database, clock: ManualClock
) -> None:
    make(schedules)
    run = started(engine, schedules, database)
    with database.write() as tx:
        worker_records.end(tx, run.id, RunState.SUCCEEDED, at=clock.now())
    before = runs.get(run.id)
    with pytest.raises(ConflictError, match="is succeeded: it has ended"):
        runs.cancel(run.id, actor="alice", terminate=True)
    assert runs.get(run.id) == before
    with pytest.raises(NotFoundError):
        runs.cancel(new_id(), actor="alice")


def test_a_run_says_until_when_it_may_start(schedules: Schedules, runs: Runs, database: Database) -> None:
    make(schedules, expires="10m")
    run = schedules.run_now("s", actor="test")
    assert run.expires_at == run.due_time + timedelta(minutes=10)
    with database.write() as tx:
        worker_records.start(tx, run.id, at=run.due_time)
    assert runs.get(run.id).expires_at is None
