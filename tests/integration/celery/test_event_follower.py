"""The follower of events goes on through faults, and loses nothing that it can keep."""

import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from celery import Celery

from punctual.celery.following import event_follower
from punctual.celery.following.event_follower import EventFollower
from punctual.celery.following.event_records import EventRecords
from punctual.celery.following.heard import Heard
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.control.system import System
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.run import Run, RunState
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock
from servers.waiting import eventually


class Broken:
    """A clock that is the database's, which can be away."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.is_away = False

    def now(self) -> datetime:
        if self.is_away:
            raise DatabaseUnavailableError
        return self._clock.now()


@pytest.fixture
def time(clock: ManualClock) -> Broken:
    return Broken(clock)


@pytest.fixture
def app(redis_url: str) -> Celery:
    return Celery("plain", broker=redis_url, set_as_current=False)


@pytest.fixture
def follower(app: Celery, database: Database, clock: ManualClock, time: Broken) -> Iterator[EventFollower]:
    """A follower that listens."""
    follower = EventFollower(app, database, time)
    stopping = threading.Event()
    thread = threading.Thread(target=follower.run, args=(stopping,), daemon=True)
    thread.start()

    def is_heard() -> bool:
        send(app, "worker-heartbeat")
        return any(view.worker.name == "celery@one" for view in System(database, clock).workers())

    eventually(is_heard)
    yield follower
    stopping.set()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def run(schedules: Schedules, engine: Engine) -> Run:
    schedules.create({"name": "a", "task": "tick", "trigger": "every 30d"}, actor="test")
    run = schedules.run_now("a", actor="test")
    engine.step()
    return run


def send(app: Celery, kind: str, **fields: Any) -> None:
    with app.connection_for_write() as connection:
        app.events.Dispatcher(connection, hostname="celery@one").send(kind, **fields)


@pytest.fixture
def get(database: Database, clock: ManualClock) -> Any:
    return lambda run: Runs(database, clock).get(run.id)


@pytest.mark.usefixtures("follower")
def test_a_rejected_message_has_failed_with_what_its_failure_says(app: Celery, run: Run, get: Any) -> None:
    send(app, "task-started", uuid=str(run.id))
    send(app, "task-rejected", uuid=str(run.id), requeue=False)
    send(app, "task-failed", uuid=str(run.id), exception="OSError('no luck')")
    found = eventually(lambda: get(run) if get(run).state is RunState.FAILED else None)
    assert found.error.message == "no luck"


@pytest.mark.usefixtures("follower")
def test_a_rejected_message_has_failed_where_nothing_else_says_so(app: Celery, run: Run, get: Any) -> None:
    send(app, "task-started", uuid=str(run.id))
    send(app, "task-rejected", uuid=str(run.id), requeue=False)
    found = eventually(lambda: get(run) if get(run).state is RunState.FAILED else None)
    assert found.error.type == "Reject"


def test_events_wait_for_the_database(
    app: Celery, run: Run, follower: EventFollower, time: Broken, get: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        time.is_away = True
        send(app, "task-started", uuid=str(run.id))
        eventually(lambda: follower.fault)
        assert get(run).state is RunState.QUEUED
        time.is_away = False
        eventually(lambda: get(run).state is RunState.RUNNING)
        eventually(lambda: follower.fault is None)
    assert [vars(record)["action"] for record in caplog.records] == ["events_away", "events_back"]


def test_so_many_events_wait_and_then_the_oldest_are_dropped_with_word_of_it(
    app: Celery,
    run: Run,
    follower: EventFollower,
    time: Broken,
    get: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_follower, "_MOST_WAITING", 2)
    time.is_away = True
    send(app, "task-started", uuid=str(run.id))
    eventually(lambda: follower.fault)
    for _ in range(3):
        send(app, "worker-heartbeat")
    send(app, "task-succeeded", uuid=str(run.id), result="1", runtime=0.5)
    with caplog.at_level(logging.INFO):
        time.is_away = False
        eventually(lambda: get(run).state is RunState.SUCCEEDED)
        eventually(lambda: "events_dropped" in [vars(record)["action"] for record in caplog.records])


def test_an_event_that_cannot_be_written_keeps_no_other_from_it(
    app: Celery, run: Run, follower: EventFollower, get: Any, caplog: pytest.LogCaptureFixture
) -> None:
    del follower
    with caplog.at_level(logging.ERROR):
        send(app, "worker-heartbeat", processed=float("inf"))
        send(app, "task-started", uuid=str(run.id))
        eventually(lambda: get(run).state is RunState.RUNNING)
    assert {vars(record)["action"] for record in caplog.records} == {"event_not_recorded"}


@pytest.mark.usefixtures("follower")
def test_an_outage_while_the_event_at_fault_is_looked_for_drops_none(
    app: Celery, run: Run, get: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: set[str] = set()
    tried_alone: list[str] = []
    write = EventRecords.write

    def write_but_the_last(records: EventRecords, batch: Sequence[Heard]) -> None:
        heard.update(event.kind for event in batch)
        tried_alone.extend(event.kind for event in batch if len(batch) == 1)
        if "task-succeeded" not in heard or tried_alone[-1:] == ["task-succeeded"]:
            raise DatabaseUnavailableError
        write(records, batch)

    monkeypatch.setattr(EventRecords, "write", write_but_the_last)
    send(app, "worker-heartbeat", processed=float("inf"))
    send(app, "task-started", uuid=str(run.id))
    send(app, "task-succeeded", uuid=str(run.id), result="1", runtime=0.5)
    eventually(lambda: tried_alone.count("task-succeeded") > 1)
    assert get(run).state is RunState.RUNNING
    monkeypatch.undo()
    eventually(lambda: get(run).state is RunState.SUCCEEDED)
