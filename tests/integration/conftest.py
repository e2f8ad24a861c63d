"""What the tests of engine and control share: a manual clock, a recording sender, one announced task."""

from collections.abc import Callable

import pytest

from punctual.control.schedules import Schedules
from punctual.domain.processes import Task, Worker
from punctual.engine.build import build_engine
from punctual.engine.loop import Engine
from punctual.store import workers
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender

SIGNATURE = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "keep": {"type": "integer", "minimum": 1, "default": 3}},
    "required": ["path"],
    "additionalProperties": False,
    "x-positional": ["path", "keep"],
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sender() -> RecordingSender:
    return RecordingSender()


@pytest.fixture
def new_engine(database: Database, sender: RecordingSender, clock: ManualClock) -> Callable[[], Engine]:
    return lambda: build_engine(database, sender, clock)


@pytest.fixture
def engine(new_engine: Callable[[], Engine]) -> Engine:
    return new_engine()


@pytest.fixture
def schedules(database: Database, clock: ManualClock) -> Schedules:
    """Schedules of a system in which a worker has announced the tasks `tidy` (known arguments) and `tick` (unknown)."""
    now = clock.now()
    worker = Worker(
        name="celery@test",
        host="test",
        pid=1,
        pool="solo",
        concurrency=1,
        queues=["celery"],
        started_at=now,
        seen_at=now,
    )
    tasks = [
        Task(name="tidy", description="Tidies.", signature=SIGNATURE, queues=[], seen_at=now),
        Task(name="tick", description="", signature=None, queues=[], seen_at=now),
    ]
    with database.write() as tx:
        workers.announce(tx, worker, tasks)
    return Schedules(database, clock)
