"""What becomes of attempts that fail, take too long, start too late or lose their worker."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

import worker_records
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.identity import new_id
from punctual.domain.processes import Task, Worker
from punctual.domain.run import Run, RunError, RunState, Stop, StopRequest
from punctual.domain.schedule import ScheduleState
from punctual.engine.dispatcher import LEASE, RESEND_AFTER
from punctual.engine.loop import Engine
from punctual.engine.reconcile import LOST_AFTER
from punctual.engine.tick import Tick, tick
from punctual.store import workers
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender

SECOND = timedelta(seconds=1)
BOOM = RunError(type="OSError", message="no luck")


@pytest.fixture
def one(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> Callable[..., Callable[[], Run]]:
    """Fire the only fire time of a schedule, and return how to read its run."""

    def make(**fields: Any) -> Callable[[], Run]:
        trigger = (clock.now() + 10 * SECOND).isoformat()
        schedules.create({"name": "s", "task": "tick", "trigger": trigger, **fields}, actor="test")
        clock.advance(10 * SECOND)
        engine.step()

        def only() -> Run:
            (run,) = Runs(database, clock).list(limit=10).items
            return run

        return only

    return make


def start(database: Database, run: Run, clock: ManualClock, attempt: int = 1, worker_id: UUID | None = None) -> bool:
    with database.write() as tx:
        return worker_records.start(tx, run.id, at=clock.now(), attempt=attempt, worker_id=worker_id)


def fail(database: Database, run: Run, clock: ManualClock, attempt: int = 1) -> bool:
    with database.write() as tx:
        return worker_records.end(tx, run.id, RunState.FAILED, at=clock.now(), attempt=attempt, error=BOOM)


def live(database: Database, clock: ManualClock, worker_id: UUID) -> None:
    """Let a worker that serves the task tell that it lives."""
    worker = Worker(
        name="w",
        id=worker_id,
        host="h",
        pid=1,
        pool="solo",
        concurrency=1,
        queues=[],
        started_at=clock.now(),
        seen_at=clock.now(),
    )
    task = Task(name="tick", description="", signature=None, queues=[], seen_at=clock.now())
    with database.write() as tx:
        workers.announce(tx, worker, [task])


def test_a_failed_run_is_attempted_again_after_growing_pauses(
    engine: Engine,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    one: Callable[..., Callable[[], Run]],
) -> None:
    run = one(retry={"attempts": 4, "delay": 10, "backoff": 3, "max_delay": 60})
    for attempt, pause in ((1, 10), (2, 30), (3, 60)):
        assert start(database, run(), clock, attempt)
        assert fail(database, run(), clock, attempt)
        assert (run().state, run().error) == (RunState.RETRYING, BOOM)
        clock.advance(pause * SECOND - SECOND)
        engine.step()
        assert len(sender.messages) == attempt
        clock.advance(SECOND)
        engine.step()
        assert [message.attempt for message in sender.messages] == list(range(1, attempt + 2))
    assert start(database, run(), clock, 4)
    assert fail(database, run(), clock, 4)
    assert (run().state, run().attempt) == (RunState.FAILED, 4)
    assert {message.run_id for message in sender.messages} == {run().id}


def test_an_attempt_starts_once_however_often_its_message_comes(
    database: Database, clock: ManualClock, one: Callable[..., Callable[[], Run]]
) -> None:
    run = one(retry={"attempts": 2, "delay": 0})
    assert [start(database, run(), clock) for _ in range(3)] == [True, False, False]
    assert fail(database, run(), clock)
    assert [start(database, run(), clock, attempt) for attempt in (1, 2, 2)] == [False, True, False]


def test_a_run_does_not_end_before_it_started_whoever_tells_of_the_end(
    database: Database, clock: ManualClock, one: Callable[..., Callable[[], Run]]
) -> None:
    run = one()
    assert start(database, run(), clock)
    clock.advance(-timedelta(milliseconds=3))
    assert fail(database, run(), clock)
    assert run().state is RunState.FAILED
    assert run().finished_at == run().started_at


def test_a_late_word_of_an_attempt_that_failed_is_not_heard(
    database: Database, clock: ManualClock, one: Callable[..., Callable[[], Run]]
) -> None:
    run = one(retry={"attempts": 2})
    assert start(database, run(), clock)
    assert fail(database, run(), clock)
    with database.write() as tx:
        assert not worker_records.end(tx, run().id, RunState.CANCELLED, at=clock.now(), attempt=1)
        assert not worker_records.end(tx, run().id, RunState.FAILED, at=clock.now(), attempt=1)
    assert run().state is RunState.RETRYING


def test_an_attempt_that_takes_too_long_has_failed_and_is_terminated(
    engine: Engine,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    one: Callable[..., Callable[[], Run]],
) -> None:
    run = one(timeout=30, retry={"attempts": 2, "delay": 5})
    assert sender.messages[0].timeout == 30
    with database.write() as tx:
        deadline = clock.now() + 30 * SECOND
        assert worker_records.start(tx, run().id, at=clock.now(), deadline=deadline)
    clock.advance(29 * SECOND)
    assert engine.step() == deadline
    assert run().state is RunState.RUNNING
    clock.advance(SECOND)
    engine.step()
    assert run().state is RunState.RETRYING
    assert run().error == RunError(type="TimedOut", message="Attempt 1 ran for longer than the schedule's timeout.")
    assert sender.stopped == [StopRequest(run().id, Stop.TERMINATE, attempt=1)]
    clock.advance(5 * SECOND)
    engine.step()
    assert [message.attempt for message in sender.messages] == [1, 2]


def test_a_run_that_does_not_start_in_time_expires(
    engine: Engine,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    one: Callable[..., Callable[[], Run]],
) -> None:
    run = one(expires=60)
    assert sender.messages[0].expires_at == run().due_time + 60 * SECOND
    clock.advance(60 * SECOND)
    engine.step()
    assert (run().state, run().finished_at) == (RunState.EXPIRED, clock.now())
    assert not start(database, run(), clock)


def test_a_run_that_has_started_does_not_expire(
    engine: Engine, database: Database, clock: ManualClock, one: Callable[..., Callable[[], Run]]
) -> None:
    run = one(expires=60)
    assert start(database, run(), clock)
    clock.advance(timedelta(hours=1))
    engine.step()
    assert run().state is RunState.RUNNING


def test_failures_in_a_row_pause_the_schedule_and_say_so(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    document = {"name": "s", "task": "tick", "trigger": "every 10s", "pause_after_failures": 3}
    schedules.create(document, actor="test")
    for state in (RunState.FAILED, RunState.FAILED, RunState.SUCCEEDED, *3 * [RunState.FAILED]):
        assert schedules.get("s").status.state is ScheduleState.ACTIVE
        clock.advance(10 * SECOND)
        engine.step()
        (run,) = Runs(database, clock).list(state=[RunState.QUEUED], limit=10).items
        with database.write() as tx:
            assert worker_records.end(tx, run.id, state, at=clock.now())
    status = schedules.get("s").status
    assert (status.paused, status.failure_streak) == (True, 3)
    assert status.pause_note == "Paused by itself: 3 runs in a row failed or were lost."
    clock.advance(100 * SECOND)
    engine.step()
    assert len(Runs(database, clock).list(limit=10).items) == 6
    schedules.resume("s", actor="test")
    assert schedules.get("s").status.failure_streak == 0


def test_a_run_is_lost_when_its_worker_gives_no_sign_of_life(
    engine: Engine, database: Database, clock: ManualClock, one: Callable[..., Callable[[], Run]]
) -> None:
    run, worker = one(), new_id()
    live(database, clock, worker)
    assert start(database, run(), clock, worker_id=worker)
    for _ in range(2):
        engine.end_lost()
        clock.advance(LOST_AFTER / 2)
    engine.end_lost()
    assert run().state is RunState.RUNNING
    clock.advance(SECOND)
    engine.end_lost()
    assert (run().state, run().reason) == (RunState.LOST, "Worker w has given no sign of life for 30 s.")


def test_a_lost_run_is_attempted_again_where_the_schedule_says_so(
    engine: Engine,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    one: Callable[..., Callable[[], Run]],
) -> None:
    run = one(on_lost="rerun")
    for attempt in range(1, 6):
        assert start(database, run(), clock, attempt, worker_id=new_id())
        for _ in range(4):
            engine.end_lost()
            clock.advance(LOST_AFTER / 2)
        engine.step()
    assert [message.attempt for message in sender.messages] == [1, 2, 3, 4, 5]
    assert run().state is RunState.LOST


def test_a_worker_that_came_back_under_its_name_does_not_speak_for_the_one_before(
    engine: Engine, database: Database, clock: ManualClock, one: Callable[..., Callable[[], Run]]
) -> None:
    run = one()
    assert start(database, run(), clock, worker_id=new_id())
    for _ in range(4):
        clock.advance(LOST_AFTER / 2)
        live(database, clock, new_id())
        engine.end_lost()
    assert run().state is RunState.LOST


def test_no_worker_is_judged_right_after_a_break_of_the_node(
    engine: Engine, database: Database, clock: ManualClock, one: Callable[..., Callable[[], Run]]
) -> None:
    run = one()
    assert start(database, run(), clock, worker_id=new_id())
    engine.end_lost()
    clock.advance(10 * LOST_AFTER)
    engine.end_lost()
    clock.advance(LOST_AFTER / 2)
    engine.end_lost()
    assert run().state is RunState.RUNNING


def test_a_message_that_nobody_heard_of_is_sent_again_each_time_later(
    engine: Engine,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    one: Callable[..., Callable[[], Run]],
) -> None:
    run, worker = one(), new_id()
    for count, pause in ((2, 1), (3, 1), (4, 2), (5, 4)):
        clock.advance(pause * RESEND_AFTER - SECOND)
        live(database, clock, worker)
        engine.step()
        assert len(sender.messages) == count - 1
        clock.advance(SECOND)
        engine.step()
        assert len(sender.messages) == count
    assert {(message.run_id, message.attempt) for message in sender.messages} == {(run().id, 1)}
    assert start(database, run(), clock)
    clock.advance(100 * RESEND_AFTER)
    live(database, clock, worker)
    engine.step()
    assert len(sender.messages) == 5


def test_a_message_is_not_sent_again_while_no_worker_serves_its_task(
    engine: Engine,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    one: Callable[..., Callable[[], Run]],
) -> None:
    run = one()
    for _ in range(5):
        clock.advance(RESEND_AFTER)
        engine.step()
    assert len(sender.messages) == 1
    live(database, clock, new_id())
    clock.advance(SECOND)
    engine.step()
    assert len(sender.messages) == 1
    clock.advance(RESEND_AFTER)
    live(database, clock, new_id())
    engine.step()
    assert len(sender.messages) == 2
    assert run().state is RunState.QUEUED


def test_a_node_that_stood_still_for_longer_than_its_lease_sends_nothing(
    new_engine: Callable[[], Engine],
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "@hourly"}, actor="test")
    clock.advance(timedelta(hours=1))
    frozen, other = new_engine(), new_engine()

    def tick_and_freeze(*args: Any, **facts: Any) -> Tick:
        made = tick(*args, **facts)
        clock.advance(LEASE)
        monkeypatch.undo()
        other.step()
        return made

    monkeypatch.setattr("punctual.engine.loop.tick", tick_and_freeze)
    frozen.step()
    assert len(sender.messages) == 1
    (run,) = Runs(database, clock).list(limit=10).items
    assert run.state is RunState.QUEUED


def test_a_message_refused_for_good_ends_the_run_also_when_it_is_that_of_a_later_attempt(
    engine: Engine,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    one: Callable[..., Callable[[], Run]],
) -> None:
    run = one(retry={"attempts": 3, "delay": 10, "backoff": 1})
    assert start(database, run(), clock)
    assert fail(database, run(), clock)
    sender.unsendable = {"tick": "There is no such exchange."}
    for _ in range(2):
        clock.advance(10 * SECOND)
        engine.step()
    assert (run().state, run().attempt) == (RunState.FAILED, 3)


def test_a_success_that_the_ledger_refuses_does_not_end_a_streak_of_failures(
    database: Database, clock: ManualClock, schedules: Schedules, one: Callable[..., Callable[[], Run]]
) -> None:
    run = one()
    assert start(database, run(), clock)
    assert fail(database, run(), clock)
    with database.write() as tx:
        assert not worker_records.end(tx, run().id, RunState.SUCCEEDED, at=clock.now(), attempt=1)
    assert schedules.get("s").status.failure_streak == 1


def test_after_how_many_failures_a_schedule_is_paused_says_its_present_version(
    database: Database, clock: ManualClock, schedules: Schedules
) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "@yearly", "pause_after_failures": 1}, actor="test")
    runs = [schedules.run_now("s", actor="test") for _ in range(2)]
    schedules.change("s", {"pause_after_failures": 2}, actor="test")
    for run, paused in zip(runs, (False, True), strict=True):
        assert start(database, run, clock)
        assert fail(database, run, clock)
        assert schedules.get("s").status.paused is paused


def test_a_run_ends_even_where_its_schedule_is_broken_and_cannot_be_paused(
    database: Database, clock: ManualClock, one: Callable[..., Callable[[], Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    run = one(pause_after_failures=1)
    assert start(database, run(), clock)
    monkeypatch.setattr("punctual.engine.outcomes.settle", broken)
    assert fail(database, run(), clock)
    assert run().state is RunState.FAILED


def test_a_late_fire_time_whose_run_has_expired_is_recorded_so_and_not_sent(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "@hourly", "expires": 60}, actor="test")
    clock.advance(90 * 60 * SECOND)
    engine.step()
    (run,) = Runs(database, clock).list(limit=10).items
    assert (run.state, run.cause.value) == (RunState.EXPIRED, "catchup")
    assert sender.messages == []
