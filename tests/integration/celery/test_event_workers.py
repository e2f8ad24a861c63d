"""What is known of workers by their events: which of them live, and which runs they leave behind."""

from datetime import timedelta
from typing import Any

import pytest

from integration.celery.event_site import ONE, TWO, EventSite, NewRun
from punctual.domain.identity import new_id
from punctual.domain.processes import Worker
from punctual.domain.run import RunState
from punctual.domain.source import Source
from punctual.engine.reconcile import LostRuns
from punctual.store import attempts, workers
from punctual.store.attempts import Runner
from punctual.store.database import Database
from punctual.testing import ManualClock

SECOND = timedelta(seconds=1)


def test_events_of_a_worker_with_the_plugin_tell_nothing(
    event_site: EventSite, new_run: NewRun, database: Database, clock: ManualClock
) -> None:
    run = new_run()
    now = clock.now()
    own = Worker(
        name=ONE, host="one", pid=7, pool="solo", concurrency=1, queues=["celery"], started_at=now, seen_at=now
    )
    with database.write() as tx:
        workers.announce(tx, own, [])
    event_site.begin(run)
    event_site.tell("worker-heartbeat", active=1, processed=9)
    assert event_site.get(run).state is RunState.QUEUED
    with database.read() as tx:
        assert workers.get(tx, ONE) == own


def test_a_run_that_the_gate_let_start_is_left_to_the_plugin(
    event_site: EventSite, new_run: NewRun, database: Database, clock: ManualClock
) -> None:
    run = new_run()
    with database.write(Source.PLUGIN) as tx:
        attempts.start(tx, run.id, Runner(TWO, new_id()), attempt=1, deadline=None, at=clock.now())
    before = event_site.get(run)
    event_site.begin(run)
    event_site.tell("task-succeeded", run, result="1", runtime=0.1)
    assert event_site.get(run) == before


def test_a_worker_is_known_by_its_events(event_site: EventSite, clock: ManualClock, database: Database) -> None:
    about: dict[str, Any] = {"sw_ident": "py-celery", "sw_ver": "5.6.0", "freq": 2.0}
    event_site.tell("worker-online", active=0, processed=0, **about)
    life = event_site.system.workers()[0].worker.id
    clock.advance(5 * SECOND)
    event_site.tell("worker-heartbeat", active=2, processed=4, **about)
    (view,) = event_site.system.workers()
    worker = view.worker
    assert (worker.name, worker.host, worker.pid, worker.pool, worker.plugin) == (ONE, "one", 7, "unknown", False)
    assert (worker.active, worker.processed, worker.celery_version) == (2, 4, "5.6.0")
    assert (worker.id, view.live) == (life, True)
    with database.read() as tx:
        assert workers.served_since(tx, ["tick"], since=clock.now()) == set()


@pytest.mark.parametrize(
    "fields", [{"pid": 8, "processed": 9}, {"processed": 0}], ids=["another process", "counts anew"]
)
def test_a_worker_that_is_started_again_is_a_new_life(
    event_site: EventSite, clock: ManualClock, fields: dict[str, Any]
) -> None:
    event_site.tell("worker-heartbeat", active=1, processed=4)
    first = event_site.system.workers()[0].worker
    clock.advance(5 * SECOND)
    event_site.tell("worker-online", active=0, **fields)
    second = event_site.system.workers()[0].worker
    assert first.id != second.id
    assert second.started_at > first.started_at


def test_a_worker_that_is_long_gone_is_forgotten(event_site: EventSite, clock: ManualClock) -> None:
    event_site.tell("worker-heartbeat")
    clock.advance(timedelta(minutes=11))
    event_site.tell("worker-heartbeat", worker=TWO)
    assert [view.worker.name for view in event_site.system.workers()] == [TWO]


def test_a_run_whose_worker_gives_no_sign_of_life_is_lost(
    event_site: EventSite, new_run: NewRun, clock: ManualClock, database: Database
) -> None:
    lost, kept = new_run(), new_run()
    event_site.begin(lost, ONE)
    event_site.begin(kept, TWO)
    judge = LostRuns(database, clock, after=60 * SECOND, by_events=True)
    for_plugin = LostRuns(database, clock)
    for _ in range(14):
        judge.step()
        for_plugin.step()
        clock.advance(5 * SECOND)
        event_site.tell("worker-heartbeat", worker=TWO, active=1, processed=1)
    judge.step()
    assert event_site.get(kept).state is RunState.RUNNING
    found = event_site.get(lost)
    assert (found.state, found.reason) == (
        RunState.LOST,
        "Worker celery@one has given no sign of life for 60 s.",
    )


def test_nobody_is_lost_while_this_node_hears_nothing(
    event_site: EventSite, new_run: NewRun, clock: ManualClock, database: Database
) -> None:
    run = new_run()
    event_site.begin(run)
    judge = LostRuns(database, clock, after=60 * SECOND, by_events=True)
    for _ in range(20):
        judge.step()
        clock.advance(30 * SECOND)
    assert event_site.get(run).state is RunState.RUNNING
