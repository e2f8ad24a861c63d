"""A schedule that nobody would run is flagged before it fires, and its run says what it waits for."""

from datetime import timedelta
from typing import Any

import pytest

from punctual.control.schedules import Schedules
from punctual.control.serving import Served
from punctual.control.tasks import Tasks
from punctual.domain.identity import new_id
from punctual.domain.processes import ALIVE_FOR, Task, Worker, WorkerLoad
from punctual.domain.schedule import Schedule
from punctual.engine.loop import Engine
from punctual.engine.queues import QueueWatch
from punctual.engine.sender import QueueDepth
from punctual.store import runs, workers
from punctual.store.database import Database
from punctual.store.runs import RunFilter
from punctual.testing import ManualClock, RecordingSender


@pytest.fixture
def served(database: Database, clock: ManualClock) -> Served:
    return Served(database, clock)


@pytest.fixture
def watch(database: Database, sender: RecordingSender, clock: ManualClock) -> QueueWatch:
    return QueueWatch(database, sender, clock)


def create(schedules: Schedules, name: str, **facts: Any) -> Schedule:
    document = {"name": name, "task": "tick", "trigger": "every 1m", **facts}
    return schedules.create(document, actor="test", allow_unknown_task=True)


def codes(served: Served, *found: Schedule) -> list[list[str]]:
    return [[reason.code for reason in reasons] for reasons in served.schedules(found)]


def test_a_schedule_is_flagged_when_nobody_serves_its_task_or_consumes_its_queue(
    schedules: Schedules, served: Served, watch: QueueWatch, sender: RecordingSender
) -> None:
    sender.routing = {"tidy": "far"}
    found = [
        create(schedules, "fine"),
        create(schedules, "misspelt", task="tikc"),
        create(schedules, "nowhere", queue="moon"),
        create(schedules, "routed", task="tidy", kwargs={"path": "/"}),
    ]
    assert codes(served, *found) == [[], ["task_not_served"], ["queue_not_consumed"], []]
    assert watch.step()
    assert codes(served, *found) == [[], ["task_not_served"], ["queue_not_consumed"], ["queue_not_consumed"]]


@pytest.mark.parametrize(("consumers", "own_codes"), [(1, ["task_not_served"]), (2, [])])
def test_where_others_consume_the_queue_nothing_is_said(
    schedules: Schedules,
    served: Served,
    watch: QueueWatch,
    sender: RecordingSender,
    consumers: int,
    own_codes: list[str],
) -> None:
    """One worker is known to consume the queue `celery`, and none the queue `legacy`."""
    sender.depths = {"legacy": QueueDepth("legacy", 3, 1), "celery": QueueDepth("celery", 0, consumers)}
    other = create(schedules, "other", task="unknown.to.us", queue="legacy")
    own = create(schedules, "own", task="unknown.to.us")
    watch.step()
    assert codes(served, other, own) == [[], own_codes]


def test_without_a_living_worker_that_is_said_instead(schedules: Schedules, served: Served, clock: ManualClock) -> None:
    schedule = create(schedules, "any")
    clock.advance(ALIVE_FOR + timedelta(seconds=1))
    assert codes(served, schedule) == [["no_worker"]]


def test_a_finished_schedule_is_not_flagged(
    schedules: Schedules, served: Served, engine: Engine, clock: ManualClock
) -> None:
    once = create(schedules, "once", task="gone", trigger="2026-01-01T00:00:30Z")
    assert codes(served, once) == [["task_not_served"]]
    clock.advance(timedelta(minutes=1))
    engine.step()
    assert codes(served, schedules.get("once")) == [[]]


def test_a_run_that_waits_for_nobody_says_so_while_it_is_queued(
    schedules: Schedules, served: Served, engine: Engine, database: Database, clock: ManualClock
) -> None:
    create(schedules, "nowhere", queue="moon")
    create(schedules, "fine")
    clock.advance(timedelta(seconds=8))
    engine.step()
    clock.advance(timedelta(minutes=1))
    _beat(database, clock)
    engine.step()
    with database.read() as tx:
        found = runs.list_page(tx, RunFilter(), limit=10, cursor=None).items
    notices = {run.schedule: notice for run, notice in zip(found, served.runs(found), strict=True)}
    assert notices["fine"] is None
    assert str(notices["nowhere"]).startswith("It waits in its queue. No living worker consumes the queue moon")


def test_a_task_that_left_its_last_worker_is_gone_since_then(
    database: Database, clock: ManualClock, schedules: Schedules
) -> None:
    del schedules
    tasks = Tasks(database, clock)
    started = clock.now()
    clock.advance(timedelta(minutes=5))
    _beat(database, clock)
    last = clock.now()
    with database.write() as tx:
        workers.leave(tx, "celery@test")
    clock.advance(timedelta(hours=3))
    view = tasks.get("tidy")
    assert (view.live, view.task.seen_at) == (False, last)
    assert view.task.seen_at > started


def test_a_new_deployment_of_a_worker_tells_since_when_a_task_is_gone(
    database: Database, clock: ManualClock, schedules: Schedules
) -> None:
    del schedules
    clock.advance(timedelta(minutes=5))
    _beat(database, clock)
    last = clock.now()
    clock.advance(timedelta(minutes=1))
    now = clock.now()
    worker = Worker(
        name="celery@test",
        id=new_id(),
        host="test",
        pid=2,
        pool="solo",
        concurrency=1,
        queues=["celery"],
        started_at=now,
        seen_at=now,
    )
    with database.write() as tx:
        workers.announce(tx, worker, [Task(name="tick", description="", signature=None, queues=[], seen_at=now)])
    tasks = Tasks(database, clock)
    assert [(view.task.name, view.live, view.task.seen_at) for view in tasks.list(limit=9, cursor=None).items] == [
        ("tick", True, now),
        ("tidy", False, last),
    ]


def _beat(database: Database, clock: ManualClock) -> None:
    with database.write() as tx:
        workers.heartbeat(tx, "celery@test", clock.now(), WorkerLoad())
