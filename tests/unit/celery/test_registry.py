import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import celery
import pytest
from celery import Celery

import punctual
from punctual.celery.registry import Presence, Registry, presence_of
from punctual.celery.tally import Tally, TallyFolder
from punctual.control.schedules import Schedules
from punctual.domain.clock import SystemClock, monotonic
from punctual.domain.identity import new_id
from punctual.domain.processes import Worker
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import every
from punctual.store import workers
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.waiting import eventually

SPEC = ScheduleSpec(name="hourly", task="tidy", trigger=every("1h"))
PRESENCE = Presence(
    app="mine",
    name="w@test",
    host="test",
    pid=1,
    pool="prefork",
    concurrency=2,
    queues=["celery"],
    tasks=[("tidy", "Tidies.", None)],
    schedules=[SPEC],
    started=monotonic(),
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'punctual.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def registry(url: str) -> Iterator[Registry]:
    registry = Registry(url, PRESENCE, interval=0.02)
    yield registry
    registry.stop(10)


def known(database: Database) -> list[Worker]:
    with database.read() as tx:
        return workers.list_all(tx)


def test_a_worker_is_announced_with_its_tasks_and_schedules(database: Database, registry: Registry) -> None:
    registry.start()
    (worker,) = eventually(lambda: known(database))
    assert (worker.name, worker.pool, worker.concurrency, worker.queues) == ("w@test", "prefork", 2, ["celery"])
    assert worker.started_at <= worker.seen_at
    with database.read() as tx:
        assert workers.task_names(tx) == ["tidy"]
    schedules = Schedules(database, SystemClock())
    listed = eventually(lambda: schedules.list(query=None, state=None, limit=10, cursor=None).items)
    assert [(schedule.spec.name, schedule.declared_by) for schedule in listed] == [("hourly", "mine")]


def test_a_worker_tells_again_and_again_that_it_lives(database: Database, registry: Registry) -> None:
    registry.start()
    first = eventually(lambda: known(database))[0]
    eventually(lambda: known(database)[0].seen_at > first.seen_at)
    assert known(database)[0].started_at == first.started_at


def test_a_worker_tells_its_versions_and_what_its_processes_count(database: Database, url: str) -> None:
    tallies = TallyFolder(new_id())
    tally = Tally(tallies.path)
    registry = Registry(url, PRESENCE, None, tallies, interval=0.02)
    registry.start()
    try:
        (worker,) = eventually(lambda: known(database))
        assert (worker.celery_version, worker.version) == (celery.__version__, punctual.__version__)
        assert (worker.refused, worker.records_waiting, worker.recording_error) == (0, 0, None)
        tally.refused()
        tally.dropped(2)
        tally.waits(3, "away")
        told = eventually(lambda: [worker for worker in known(database) if worker.records_waiting == 3])
        assert (told[0].refused, told[0].records_dropped, told[0].recording_error) == (1, 2, "away")
        assert (told[0].active, told[0].reserved, told[0].processed) == (0, 0, 0)
    finally:
        registry.stop(10)
        tallies.remove()


def test_a_worker_that_was_forgotten_announces_itself_again(database: Database, registry: Registry) -> None:
    registry.start()
    eventually(lambda: known(database))
    with database.write() as tx:
        workers.leave(tx, "w@test")
    eventually(lambda: known(database))


def test_a_worker_that_stops_is_taken_off_the_list(database: Database, registry: Registry) -> None:
    registry.start()
    eventually(lambda: known(database))
    registry.stop(10)
    assert known(database) == []


def test_a_worker_that_is_there_before_the_tables_is_announced_once_they_are(
    url: str, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    registry.start()
    eventually(lambda: "worker_not_announced" in [getattr(record, "action", "") for record in caplog.records])
    database = Database(url)
    upgrade(database)
    eventually(lambda: known(database))
    database.close()
    assert [getattr(record, "action", "") for record in caplog.records].count("worker_not_announced") == 1


def test_a_database_that_cannot_be_does_not_hold_up_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    registry = Registry(f"sqlite:///{tmp_path / 'nowhere' / 'punctual.db'}", PRESENCE, interval=60)
    registry.start()
    eventually(lambda: caplog.records)
    registry.stop(10)
    assert "folder" in caplog.text


@pytest.mark.parametrize(
    ("module", "pool", "concurrency"),
    [
        ("celery.concurrency.prefork", "prefork", 4),
        ("celery.concurrency.thread", "threads", 4),
        ("celery.concurrency.solo", "solo", 1),
        ("celery.concurrency.gevent", "gevent", 4),
        ("my.pool", "my.pool", 4),
    ],
)
def test_a_pool_is_called_as_on_the_command_line(module: str, pool: str, concurrency: int) -> None:
    app = Celery("mine", set_as_current=False, broker="memory://")
    kind = type("TaskPool", (), {"__module__": module})
    presence = presence_of(app, SimpleNamespace(pool_cls=kind, hostname="w@test", concurrency=4), [])
    assert (presence.pool, presence.concurrency, presence.queues) == (pool, concurrency, ["celery"])
    assert (presence.app, presence.name) == ("mine", "w@test")
