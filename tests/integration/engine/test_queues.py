"""One node at a time measures the queues, and what it could not is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from punctual.control.queues import FRESH_FOR, Queues, QueueView
from punctual.control.schedules import Schedules
from punctual.engine.loop import Engine
from punctual.engine.queues import QueueWatch
from punctual.engine.sender import QueueDepth
from punctual.store import queues, routes
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender

NEXT_LOOK = timedelta(seconds=10)


@pytest.fixture
def new_watch(database: Database, sender: RecordingSender, clock: ManualClock) -> Callable[[], QueueWatch]:
    return lambda: QueueWatch(database, sender, clock)


@pytest.fixture
def watch(new_watch: Callable[[], QueueWatch]) -> QueueWatch:
    return new_watch()


@pytest.fixture
def shown(database: Database, clock: ManualClock) -> Callable[[], dict[str, QueueView]]:
    views = Queues(database, clock)
    return lambda: {view.queue.name: view for view in views.list(limit=100, cursor=None).items}


def create(schedules: Schedules, name: str, **facts: Any) -> None:
    schedules.create({"name": name, "task": "tick", "trigger": "every 1m", **facts}, actor="test")


def test_the_queues_of_workers_of_schedules_and_of_the_app_are_measured(
    schedules: Schedules, watch: QueueWatch, sender: RecordingSender, shown: Callable[[], dict[str, QueueView]]
) -> None:
    sender.routing = {"tidy": "routed"}
    sender.depths = {"slow": QueueDepth("slow", 7, 2)}
    create(schedules, "named", queue="slow")
    create(schedules, "plain", task="tidy", kwargs={"path": "/"})
    assert watch.step()
    assert {name: (view.queue.messages, view.queue.consumers, view.workers) for name, view in shown().items()} == {
        "celery": (0, None, ["celery@test"]),
        "routed": (0, None, []),
        "slow": (7, 2, []),
    }


def test_of_two_nodes_one_measures_and_the_other_takes_over(
    new_watch: Callable[[], QueueWatch], schedules: Schedules, clock: ManualClock
) -> None:
    del schedules
    first, second = new_watch(), new_watch()
    assert (first.step(), second.step(), first.step()) == (True, False, False)
    clock.advance(NEXT_LOOK)
    assert (second.step(), first.step()) == (True, False)


def test_a_queue_that_nobody_uses_any_more_is_forgotten(
    schedules: Schedules, watch: QueueWatch, clock: ManualClock, shown: Callable[[], dict[str, QueueView]]
) -> None:
    create(schedules, "named", queue="slow")
    watch.step()
    assert "slow" in shown()
    schedules.delete("named", actor="test")
    clock.advance(timedelta(days=2))
    watch.step()
    assert set(shown()) == {"celery"}


def test_a_queue_that_another_schedule_uses_stays(
    schedules: Schedules, watch: QueueWatch, clock: ManualClock, shown: Callable[[], dict[str, QueueView]]
) -> None:
    create(schedules, "one", queue="slow")
    create(schedules, "two", queue="slow")
    schedules.delete("one", actor="test")
    clock.advance(timedelta(days=2))
    watch.step()
    assert "slow" in shown()


def test_the_run_that_waits_longest_is_told_for_each_queue(
    schedules: Schedules,
    engine: Engine,
    watch: QueueWatch,
    clock: ManualClock,
    shown: Callable[[], dict[str, QueueView]],
) -> None:
    create(schedules, "named", queue="slow")
    create(schedules, "plain", trigger="every 3m")
    create(schedules, "elsewhere", exchange="fan", routing_key="all")  # which queues it feeds is not known
    watch.step()  # now the queue of the task is known
    clock.advance(timedelta(minutes=1))
    engine.step()
    first = clock.now()
    clock.advance(timedelta(minutes=2))
    engine.step()
    watch.step()
    assert {name: view.queue.oldest_at for name, view in shown().items()} == {"slow": first, "celery": clock.now()}


def test_a_queue_that_grows_and_that_nobody_consumes_says_what_to_do(
    schedules: Schedules,
    watch: QueueWatch,
    sender: RecordingSender,
    clock: ManualClock,
    shown: Callable[[], dict[str, QueueView]],
) -> None:
    create(schedules, "named", queue="slow")
    started = clock.now()
    for messages in (1, 4, 4, 9):
        sender.depths = {"slow": QueueDepth("slow", messages, 0)}
        watch.step()
        clock.advance(NEXT_LOOK)
    (warning,) = shown()["slow"].warnings
    assert warning == "9 messages wait in it and it grows, and no worker consumes it. Start a worker with -Q slow."
    assert shown()["slow"].queue.growing_since == started
    sender.depths = {"slow": QueueDepth("slow", 3, 1)}
    watch.step()
    assert (shown()["slow"].warnings, shown()["slow"].queue.growing_since) == ([], None)


def test_while_the_broker_is_away_its_queues_are_not_known(
    schedules: Schedules, watch: QueueWatch, sender: RecordingSender, shown: Callable[[], dict[str, QueueView]]
) -> None:
    create(schedules, "named", queue="slow")
    sender.fail()
    assert watch.step()
    assert {name: (view.queue.messages, view.queue.error) for name, view in shown().items()} == dict.fromkeys(
        ("celery", "slow"), (None, "The broker is away (by the test's wish).")
    )


def test_without_a_node_an_old_measurement_is_told_as_such(
    schedules: Schedules, watch: QueueWatch, clock: ManualClock, shown: Callable[[], dict[str, QueueView]]
) -> None:
    del schedules
    watch.step()
    clock.advance(FRESH_FOR + timedelta(seconds=1))
    assert shown()["celery"].warnings == ["No node has measured it for a while. Start one with: punctual scheduler"]


def test_a_route_that_is_no_longer_certain_is_not_kept(
    database: Database, schedules: Schedules, watch: QueueWatch, sender: RecordingSender, clock: ManualClock
) -> None:
    create(schedules, "plain")
    watch.step()
    clock.advance(NEXT_LOOK)
    sender.destinations = lambda tasks: {}  # type: ignore[method-assign] # noqa: ARG005 - a router of its own
    watch.step()
    with database.read() as tx:
        assert routes.destinations(tx) == {}
        assert [queue.name for queue in queues.list_all(tx)] == ["celery"]
