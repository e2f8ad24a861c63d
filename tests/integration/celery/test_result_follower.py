"""Runs of which nobody tells are looked up in the result backend of the app."""

import itertools
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import TaskRevokedError, WorkerLostError

from punctual.celery.following.followers import followers_for
from punctual.celery.following.result_follower import ResultFollower
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.identity import new_id
from punctual.domain.processes import WorkerLoad
from punctual.domain.run import Run, RunState
from punctual.domain.source import Source
from punctual.engine.build import build_engine
from punctual.engine.loop import Engine
from punctual.store import attempts, workers
from punctual.store.attempts import Runner
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender

NewRun = Callable[..., Run]
SECOND = timedelta(seconds=1)
RETRY = {"attempts": 2, "delay": 0, "backoff": 1}


@pytest.fixture
def app(redis_url: str) -> Celery:
    return plain_app(redis_url)


def plain_app(backend: str | None) -> Celery:
    made = Celery("plain", broker="memory://", backend=backend, set_as_current=False)
    made.conf.result_expires = None
    return made


@pytest.fixture
def follower(app: Celery, database: Database, clock: ManualClock) -> ResultFollower:
    return ResultFollower(app, database, clock)


@pytest.fixture
def look(follower: ResultFollower, clock: ManualClock) -> Callable[[], int]:
    """Look at what is to be looked at when some time has passed."""

    def look() -> int:
        clock.advance(6 * SECOND)
        return follower.step()

    return look


@pytest.fixture
def new_run(schedules: Schedules, engine: Engine) -> NewRun:
    numbers = itertools.count()

    def make(**policies: Any) -> Run:
        name = f"s{next(numbers)}"
        schedules.create({"name": name, "task": "tick", "trigger": "every 30d", **policies}, actor="test")
        run = schedules.run_now(name, actor="test")
        engine.step()
        return run

    return make


@pytest.fixture
def get(database: Database, clock: ManualClock) -> Callable[[Run], Run]:
    return lambda run: Runs(database, clock).get(run.id)


Get = Callable[[Run], Run]
Look = Callable[[], int]


def store(app: Celery, run: Run, state: str, result: Any = None, **request: Any) -> None:
    """Keep a result as a worker does; with facts about its request as `result_extended` makes it."""
    extended = SimpleNamespace(**{"task": "tick", "args": [], "kwargs": {}, "group": None, **request})
    app.conf.result_extended = bool(request)
    app.backend.store_result(str(run.id), result, state, request=extended if request else None)


def test_a_success_is_found(app: Celery, new_run: NewRun, look: Look, get: Get) -> None:
    run = new_run()
    store(app, run, "SUCCESS", {"rows": 3}, hostname="celery@far", retries=1, delivery_info=None)
    assert look() == 1
    found = get(run)
    assert (found.state, found.result, found.worker, found.attempt) == (
        RunState.SUCCEEDED,
        {"rows": 3},
        "celery@far",
        2,
    )
    assert found.source is Source.RESULT_BACKEND
    assert found.finished_at is not None


def test_a_failure_is_found_with_its_error(app: Celery, new_run: NewRun, look: Look, get: Get) -> None:
    run = new_run()
    store(app, run, "FAILURE", OSError("no luck"))
    look()
    found = get(run)
    assert (found.state, found.attempt) == (RunState.FAILED, 1)
    assert found.error is not None
    assert (found.error.type, found.error.message) == ("OSError", "no luck")


def test_what_is_not_known_there_stays_as_it_is(app: Celery, new_run: NewRun, look: Look, get: Get) -> None:
    del app
    run = new_run()
    look()
    assert (get(run).state, get(run).source) == (RunState.QUEUED, None)


def test_a_task_that_runs_is_seen_to_run_and_its_timeout_counts_from_then(
    app: Celery, new_run: NewRun, look: Look, get: Get, clock: ManualClock
) -> None:
    run = new_run(timeout="90s")
    store(app, run, "STARTED", {"pid": 3, "hostname": "celery@far"})
    look()
    found = get(run)
    assert (found.state, found.worker, found.attempt) == (RunState.RUNNING, "celery@far", 1)
    assert (found.started_at, found.times_out_at) == (clock.now(), clock.now() + 90 * SECOND)


def test_retries_of_celery_are_seen(app: Celery, new_run: NewRun, look: Look, get: Get) -> None:
    run = new_run()
    store(app, run, "RETRY", OSError("busy"))
    look()
    assert (get(run).state, get(run).attempt) == (RunState.RETRYING, 1)
    store(app, run, "STARTED", {"hostname": "celery@far"})
    look()
    assert (get(run).state, get(run).attempt) == (RunState.RUNNING, 2)
    store(app, run, "SUCCESS", 1)
    look()
    assert (get(run).state, get(run).attempt) == (RunState.SUCCEEDED, 2)


def test_the_failure_of_an_attempt_is_not_taken_for_that_of_the_next(
    app: Celery, new_run: NewRun, look: Look, get: Get, engine: Engine
) -> None:
    run = new_run(retry=RETRY)
    store(app, run, "FAILURE", OSError("first"))
    look()
    assert (get(run).state, get(run).attempt) == (RunState.RETRYING, 1)
    engine.step()
    look()
    assert (get(run).state, get(run).attempt) == (RunState.RETRYING, 1)
    store(app, run, "FAILURE", OSError("second"))
    look()
    found = get(run)
    assert (found.state, found.attempt) == (RunState.FAILED, 2)
    assert found.error is not None
    assert found.error.message == "second"


@pytest.mark.parametrize(("reason", "state"), [("terminated", RunState.CANCELLED), ("expired", RunState.EXPIRED)])
def test_what_was_revoked(app: Celery, new_run: NewRun, look: Look, get: Get, reason: str, state: RunState) -> None:
    run = new_run()
    store(app, run, "REVOKED", TaskRevokedError(reason))
    look()
    assert get(run).state is state


def test_a_process_that_died_loses_the_run(app: Celery, new_run: NewRun, look: Look, get: Get) -> None:
    run = new_run()
    store(app, run, "FAILURE", WorkerLostError("signal 9"))
    look()
    assert (get(run).state, get(run).reason) == (RunState.LOST, "The process that ran the task died: signal 9")


def test_a_run_that_the_plugin_tells_of_is_not_looked_up(
    app: Celery, new_run: NewRun, look: Look, get: Get, database: Database, clock: ManualClock
) -> None:
    run = new_run()
    with database.write(Source.PLUGIN) as tx:
        attempts.start(tx, run.id, Runner("w", new_id()), attempt=1, deadline=None, at=clock.now())
    store(app, run, "SUCCESS", 1)
    assert look() == 0
    assert get(run).state is RunState.RUNNING


def test_an_end_of_which_no_event_was_heard_is_found(
    app: Celery, new_run: NewRun, look: Look, get: Get, database: Database, clock: ManualClock
) -> None:
    run = new_run()
    with database.write(Source.EVENTS) as tx:
        attempts.start(tx, run.id, Runner("w", new_id()), attempt=1, deadline=None, at=clock.now())
    store(app, run, "SUCCESS", 1)
    look()
    assert (get(run).state, get(run).source) == (RunState.SUCCEEDED, Source.RESULT_BACKEND)


def test_a_run_is_looked_up_after_some_seconds_and_then_ever_more_seldom(
    new_run: NewRun, follower: ResultFollower, clock: ManualClock
) -> None:
    new_run()
    looks = []
    sent = clock.now()
    for _ in range(1000):
        clock.advance(SECOND)
        if follower.step():
            looks.append((clock.now() - sent).total_seconds())
    pauses = [later - earlier for earlier, later in itertools.pairwise(looks)]
    assert looks[0] == 5
    assert pauses == sorted(pauses)
    assert pauses[-1] == 120
    assert len(looks) < 30


def test_nodes_share_the_looks(
    app: Celery, new_run: NewRun, follower: ResultFollower, database: Database, clock: ManualClock
) -> None:
    other = ResultFollower(app, database, clock)
    for _ in range(3):
        new_run()
    clock.advance(6 * SECOND)
    assert (follower.step(), other.step()) == (3, 0)


def test_a_backend_that_cannot_give_many_results_at_once_is_asked_one_by_one(
    new_run: NewRun, get: Get, database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    app = plain_app(f"db+sqlite:///{tmp_path / 'results.db'}")
    follower = ResultFollower(app, database, clock)
    runs = [new_run() for _ in range(3)]
    for run in runs[1:]:
        store(app, run, "SUCCESS", 1)
    clock.advance(6 * SECOND)
    assert follower.step() == 3
    assert [get(run).state for run in runs] == [RunState.QUEUED, RunState.SUCCEEDED, RunState.SUCCEEDED]


def test_a_result_that_cannot_be_read_keeps_no_other_from_being_read(
    app: Celery, new_run: NewRun, look: Look, get: Get, caplog: pytest.LogCaptureFixture
) -> None:
    broken, well = new_run(), new_run()
    store(app, well, "SUCCESS", 1)
    app.backend.set(app.backend.get_key_for_task(str(broken.id)), b"{")
    with caplog.at_level(logging.ERROR):
        look()
    assert (get(broken).state, get(well).state) == (RunState.QUEUED, RunState.SUCCEEDED)
    assert [vars(record)["action"] for record in caplog.records] == ["result_unreadable"]


def test_the_time_of_an_end_lies_between_its_sending_and_now(
    app: Celery, new_run: NewRun, look: Look, get: Get, clock: ManualClock
) -> None:
    clock.move_to(datetime(2020, 1, 1, tzinfo=UTC))  # long before the clock of the worker
    run = new_run()
    store(app, run, "SUCCESS", 1)
    look()
    assert get(run).finished_at == clock.now()


def test_a_broker_that_cannot_tell_everybody_is_not_asked_for_events(database: Database, clock: ManualClock) -> None:
    for broker in ("sqla+sqlite:////nowhere/broker.db", "nonsense://"):
        app = Celery("plain", broker=broker, backend="file:///tmp", set_as_current=False)
        assert [each.name for each in followers_for(app, database, clock)] == ["punctual-results"]


@pytest.mark.parametrize(
    ("backend", "followed"),
    [(None, False), ("rpc://", False), ("disabled://", False), ("redis://nowhere", True), ("file:///tmp", True)],
)
def test_only_a_backend_that_others_can_read_is_asked(
    database: Database, clock: ManualClock, backend: str | None, *, followed: bool
) -> None:
    names = [each.name for each in followers_for(plain_app(backend), database, clock)]
    assert names == ["punctual-events", *(["punctual-results"] if followed else [])]


def test_what_runs_without_the_plugin_is_not_sent_again(
    app: Celery,
    schedules: Schedules,
    look: Look,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
) -> None:
    engine = build_engine(database, sender, clock, resend_after=30 * SECOND)
    schedules.create({"name": "a", "task": "tick", "trigger": "every 30d"}, actor="test")
    first = schedules.run_now("a", actor="test")
    engine.step()
    store(app, first, "SUCCESS", 1)
    look()
    schedules.run_now("a", actor="test")
    engine.step()
    for _ in range(10):
        clock.advance(31 * SECOND)
        with database.write() as tx:
            workers.heartbeat(tx, "celery@test", clock.now(), WorkerLoad())
        engine.step()
    assert len(sender.messages) == 2
