"""The engine on a real database: every fire time once, whatever happens on the way."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

import worker_records
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.identity import new_id
from punctual.domain.message_options import MessageOptions
from punctual.domain.run import Arguments, Cause, Run, RunError, RunState
from punctual.engine.dispatcher import LEASE
from punctual.engine.loop import Engine
from punctual.engine.sender import TaskMessage, Unsendable
from punctual.engine.tick import Tick, tick
from punctual.store import attempts, outbox
from punctual.store.database import Database, Transaction
from punctual.testing import ManualClock, RecordingSender, drive


def make(schedules: Schedules, name: str = "s", trigger: Any = "every 10s", **fields: Any) -> None:
    schedules.create({"name": name, "task": "tick", "trigger": trigger, **fields}, actor="test")


def ledger(database: Database, clock: ManualClock, schedule: str | None = None) -> list[Run]:
    """Return all runs, the oldest fire time first."""
    found: list[Run] = []
    cursor = None
    while True:
        page = Runs(database, clock).list(schedule=schedule, state=None, cause=None, limit=200, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found[::-1]


def test_a_schedule_fires_at_each_fire_time_once(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    start = clock.now()
    make(schedules, args=[1, "two"], kwargs={"three": 3}, queue="slow")
    drive(engine, clock, start + timedelta(seconds=60))
    fire_times = [start + timedelta(seconds=10 * n) for n in range(1, 7)]
    runs = ledger(database, clock)
    assert [run.fire_time for run in runs] == fire_times
    assert {run.state for run in runs} == {RunState.QUEUED}
    assert [message.run_id for message in sender.messages] == [run.id for run in runs]
    message = sender.messages[0]
    assert (message.task, list(message.args), message.kwargs, message.queue) == (
        "tick",
        [1, "two"],
        {"three": 3},
        "slow",
    )
    assert (message.schedule, message.fire_time, message.cause) == ("s", fire_times[0], "schedule")


def test_the_engine_tells_exactly_when_it_wants_to_wake(
    engine: Engine, schedules: Schedules, clock: ManualClock
) -> None:
    assert engine.step() is None
    make(schedules, "later", "every 1h")
    make(schedules, "sooner", "every 90s")
    assert engine.step() == clock.now() + timedelta(seconds=90)


def test_two_engines_share_the_work_and_double_nothing(
    new_engine: Callable[[], Engine],
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
) -> None:
    for number in range(5):
        make(schedules, f"s{number}", "every 7s")
    engines = [new_engine(), new_engine()]
    for _ in range(40):
        clock.advance(timedelta(seconds=1))
        for engine in engines:
            engine.step()
    runs = ledger(database, clock)
    assert len(runs) == 5 * (40 // 7)
    assert sorted(message.run_id for message in sender.messages) == sorted(run.id for run in runs)


def test_a_restart_after_downtime_accounts_for_every_fire_time(
    new_engine: Callable[[], Engine], schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules, trigger="every 60s")
    drive(new_engine(), clock, start + timedelta(minutes=3))
    clock.advance(timedelta(hours=1, seconds=30))
    drive(new_engine(), clock, clock.now())
    by_state: dict[RunState, list[Run]] = {}
    for run in ledger(database, clock):
        by_state.setdefault(run.state, []).append(run)
    (missed,) = by_state[RunState.MISSED]
    assert missed.fire_time == start + timedelta(minutes=4)
    assert missed.covered_until == start + timedelta(minutes=62)
    assert missed.covered_count == 59
    assert [run.fire_time for run in by_state[RunState.QUEUED]][-1] == start + timedelta(minutes=63)
    assert len(by_state[RunState.QUEUED]) == 4


def test_many_batches_due_at_once_are_each_fired_once(
    engine: Engine,
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("tick", "loop"):
        monkeypatch.setattr(f"punctual.engine.{module}.BATCH", 20)
    names = {f"s{number}" for number in range(110)}
    for name in names:
        make(schedules, name, "every 1h")
    clock.advance(timedelta(hours=1))
    engine.step()
    assert sorted(message.schedule for message in sender.messages) == sorted(names)
    assert len(ledger(database, clock)) == len(names)


def test_of_many_batches_one_at_a_time_is_published_and_not_yet_marked(
    engine: Engine,
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("tick", "loop"):
        monkeypatch.setattr(f"punctual.engine.{module}.BATCH", 5)
    for number in range(60):
        make(schedules, f"s{number}", "every 1h")
    publish = sender.send

    def publish_alone(messages: Sequence[TaskMessage]) -> Sequence[Unsendable]:
        published = {message.run_id for message in sender.messages}
        assert not [run for run in ledger(database, clock) if run.state is RunState.PENDING and run.id in published]
        return publish(messages)

    monkeypatch.setattr(sender, "send", publish_alone)
    clock.advance(timedelta(hours=1))
    engine.step()
    assert len(sender.messages) == 60


def test_a_fault_in_the_midst_of_many_batches_is_told_and_the_rest_fires_later(
    engine: Engine,
    schedules: Schedules,
    clock: ManualClock,
    sender: RecordingSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("tick", "loop"):
        monkeypatch.setattr(f"punctual.engine.{module}.BATCH", 20)
    names = {f"s{number}" for number in range(110)}
    for name in names:
        make(schedules, name, "every 1h")
    clock.advance(timedelta(hours=1))
    done: list[Tick] = []

    def fails_the_third_time(*args: Any, **kwargs: Any) -> Tick:
        if len(done) >= 2:
            raise DatabaseUnavailableError
        done.append(tick(*args, **kwargs))
        return done[-1]

    monkeypatch.setattr("punctual.engine.loop.tick", fails_the_third_time)
    with pytest.raises(DatabaseUnavailableError):
        engine.step()
    monkeypatch.setattr("punctual.engine.loop.tick", tick)
    engine.step()
    assert sorted(message.schedule for message in sender.messages) == sorted(names)


def test_a_broken_schedule_is_set_aside_and_the_others_go_on(
    engine: Engine,
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    break_spec: Callable[[str], None],
    mend_spec: Callable[[str], None],
) -> None:
    start = clock.now()
    make(schedules, "broken")
    make(schedules, "sound")
    break_spec("broken")
    drive(engine, clock, start + timedelta(seconds=30))
    assert len(ledger(database, clock, "sound")) == 3
    mend_spec("broken")
    assert schedules.get("broken").status.error
    assert schedules.list(query=None, state="error", limit=10, cursor=None).items[0].spec.name == "broken"
    drive(engine, clock, start + timedelta(seconds=45))
    assert [run.fire_time for run in ledger(database, clock, "broken")] == [
        start + timedelta(seconds=10 * n) for n in range(1, 5)
    ]
    assert schedules.get("broken").status.error is None


def test_while_the_broker_is_away_runs_are_recorded_and_sent_on_its_return(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    start = clock.now()
    make(schedules)
    sender.fail()
    drive(engine, clock, start + timedelta(seconds=40))
    assert {run.state for run in ledger(database, clock)} == {RunState.PENDING}
    assert sender.messages == []
    sender.recover()
    drive(engine, clock, start + timedelta(seconds=60))
    runs = ledger(database, clock)
    assert len(runs) == 6
    assert {run.state for run in runs} == {RunState.QUEUED}
    assert sorted(message.run_id for message in sender.messages) == sorted(run.id for run in runs)


def test_a_crash_between_recording_and_sending_is_made_good_by_any_node_under_the_same_id(
    new_engine: Callable[[], Engine],
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make(schedules)
    clock.advance(timedelta(seconds=10))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sender, "send", die)
        with pytest.raises(KeyboardInterrupt):
            new_engine().step()
    (pending,) = ledger(database, clock)
    assert pending.state is RunState.PENDING
    other = new_engine()
    clock.advance(LEASE - timedelta(seconds=1))
    schedules.pause("s", note=None, actor="test")
    other.step()
    assert pending.id not in [message.run_id for message in sender.messages]
    clock.advance(timedelta(seconds=1))
    other.step()
    assert [message.run_id for message in sender.messages].count(pending.id) == 1


def test_a_crash_between_sending_and_marking_sends_again_under_the_same_id(
    new_engine: Callable[[], Engine],
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make(schedules, trigger="every 1h")
    clock.advance(timedelta(hours=1))

    def lost(tx: Transaction, *_: object, **__: object) -> None:
        del tx
        raise DatabaseUnavailableError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "mark_sent", lost)
        with pytest.raises(DatabaseUnavailableError):
            new_engine().step()
    clock.advance(LEASE)
    new_engine().step()
    (run,) = ledger(database, clock)
    assert run.state is RunState.QUEUED
    assert [message.run_id for message in sender.messages] == [run.id, run.id]


def test_run_now_is_sent_by_the_engine_beside_the_fire_times(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    make(schedules, trigger="every 1h")
    schedules.pause("s", note=None, actor="test")
    first, second = (schedules.run_now("s", actor="test") for _ in range(2))
    assert first.id != second.id
    engine.step()
    assert [message.run_id for message in sender.messages] == [first.id, second.id]
    assert {(run.cause, run.state) for run in ledger(database, clock)} == {(Cause.MANUAL, RunState.QUEUED)}


def test_a_run_is_sent_with_the_arguments_that_it_was_asked_for_with(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    make(schedules, trigger="every 1h", args=[1], kwargs={"a": 1, "b": 2})
    schedules.run_now("s", actor="test", changes=Arguments(args=[None], kwargs={"b": None, "c": [3]}))
    schedules.run_now("s", actor="test", changes=Arguments(args=[], kwargs={}))
    schedules.run_now("s", actor="test")
    clock.advance(timedelta(hours=1))
    engine.step()
    by_fire_time = sorted(sender.messages, key=lambda message: message.fire_time)
    assert [(message.args, message.kwargs) for message in by_fire_time] == [
        ([None], {"a": 1, "b": None, "c": [3]}),
        ([], {"a": 1, "b": 2}),
        ([1], {"a": 1, "b": 2}),
        ([1], {"a": 1, "b": 2}),
    ]
    assert [(run.args, run.kwargs) for run in ledger(database, clock)] == [
        (message.args, message.kwargs) for message in by_fire_time
    ]


def test_every_message_of_a_schedule_has_its_options_whatever_its_cause(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    options = MessageOptions("reports", "reports.a", 0, {"tenant": {"ids": [1, None]}}, 1.5, 60.0)
    make(schedules, catchup={"policy": "all"}, **options._asdict())
    drive(engine, clock, clock.now() + timedelta(seconds=10))
    schedules.run_now("s", actor="test")
    engine.step()
    Runs(database, clock).cancel(sender.messages[0].run_id, note=None, actor="test")
    Runs(database, clock).rerun(sender.messages[0].run_id, actor="test")
    engine.step()
    clock.advance(timedelta(minutes=10))
    engine.step()
    sent = {message.cause: message.options for message in sender.messages}
    assert sent == dict.fromkeys(["schedule", "manual", "rerun", "catchup"], options)


def test_a_retry_that_is_recorded_late_does_not_hide_the_attempt_that_follows(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    make(schedules)
    clock.advance(timedelta(seconds=10))
    engine.step()
    (run,) = ledger(database, clock)
    failed_at = clock.now()
    with database.write() as tx:
        assert worker_records.start(tx, run.id, at=failed_at)
        assert worker_records.start(tx, run.id, attempt=2, at=failed_at + timedelta(seconds=1))
        error = RunError(type="E", message="m")
        assert not attempts.retry(tx, run.id, attempt=1, error=error, send_at=failed_at, sent_by_celery=True)
    assert ledger(database, clock)[0].state is RunState.RUNNING


def test_the_first_terminal_state_wins_over_late_and_early_records(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    make(schedules)
    clock.advance(timedelta(seconds=10))
    engine.step()
    (run,) = ledger(database, clock)
    now = clock.now()
    with database.write() as tx:
        assert worker_records.start(tx, run.id, at=now)
        assert worker_records.end(tx, run.id, RunState.SUCCEEDED, at=now, result={"n": 1})
        assert not worker_records.end(tx, run.id, RunState.FAILED, at=now)
        assert not worker_records.start(tx, run.id, attempt=2, at=now)
        outbox.mark_sent(tx, [run.id], node=new_id(), at=now, again_at=None)
    (run,) = ledger(database, clock)
    assert (run.state, run.result, run.worker) == (RunState.SUCCEEDED, {"n": 1}, "w")
