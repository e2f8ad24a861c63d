"""Claims under real concurrency: nothing twice, nothing lost."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest

from punctual.control.schedules import Schedules
from punctual.domain.clock import SystemClock
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.identity import new_id
from punctual.domain.processes import Worker
from punctual.engine.tick import tick
from punctual.store import agenda, workers
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from punctual.store.ledger import Lease
from punctual.testing import ManualClock

NOW = ManualClock().now()


def test_nodes_that_claim_at_once_record_every_fire_time_once(database: Database, database_url: str) -> None:
    clock = ManualClock()
    control = Schedules(database, clock)
    count = 200
    for number in range(count):
        control.create({"name": f"s{number}", "task": "t", "trigger": "every 1h"}, actor="t", allow_unknown_task=True)
    now = clock.now() + timedelta(hours=1)
    barrier = threading.Barrier(4)
    sent: list[UUID] = []

    def node() -> None:
        own = Database(database_url)
        barrier.wait()
        for _ in range(3):
            done = tick(own, now=now, lease=Lease(new_id(), now + timedelta(seconds=30)))
            sent.extend(message.run_id for message in done.messages)
        own.close()

    threads = [threading.Thread(target=node) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == len(set(sent)) == count
    with database.read() as tx:
        assert agenda.read(tx).due == now + timedelta(hours=1)


def test_a_transaction_that_fails_changes_nothing(database: Database) -> None:
    worker = Worker(name="w", host="h", pid=1, pool="solo", concurrency=1, queues=[], started_at=NOW, seen_at=NOW)

    def announce_and_fail() -> None:
        with database.write() as tx:
            workers.announce(tx, worker, [])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        announce_and_fail()
    with database.read() as tx:
        assert workers.list_all(tx) == []


def test_the_clock_is_the_databases_and_moves_on(database: Database) -> None:
    clock = DatabaseClock(database)
    first = clock.now()
    assert abs(SystemClock().now() - first) < timedelta(seconds=5)
    assert clock.now() >= first


def test_a_clock_that_was_never_told_the_time_says_so() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnavailableError):
        DatabaseClock(database).now()
    database.close()
