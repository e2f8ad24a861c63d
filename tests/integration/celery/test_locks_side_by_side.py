"""Many threads of many processes on one database: never more than may hold a lock, never two bodies of one key."""

import logging
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from punctual.celery.leases import Leases
from punctual.control.locks import Locks
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.lock import Claim, Holder, Purpose
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from servers.postgres import PostgresServer
from servers.waiting import eventually

PROCESSES, THREADS, CALLS = 3, 3, 4
CLAIM = Claim(Purpose.EXCLUSIVE, "k")
HERE = Holder(function="the test", host="here", pid=1)


@pytest.mark.usefixtures("database")
def test_threads_and_processes_keep_to_the_limit_and_run_each_key_once(database_url: str, tmp_path: Path) -> None:
    script = Path(__file__).with_name("locking_process.py")
    files = [tmp_path / str(number) for number in range(PROCESSES)]
    processes = [
        subprocess.Popen(
            [sys.executable, script, file, str(THREADS), str(CALLS)],
            env={**os.environ, "PUNCTUAL_DATABASE_URL": database_url},
        )
        for file in files
    ]
    assert [process.wait(120) for process in processes] == [0] * PROCESSES
    lines = sorted(line.split() for file in files for line in file.read_text().splitlines())
    inside = most = 0
    for _, what, *_ in lines:
        inside += {"in": 1, "out": -1}.get(what, 0)
        most = max(most, inside)
    assert most <= 2
    assert [what for _, what, *_ in lines].count("in") == PROCESSES * THREADS * CALLS
    assert sorted(line[2] for line in lines if line[1] == "body") == [str(key) for key in range(CALLS)]
    results = {(key, result) for _, what, *rest in lines if what == "got" for key, result in [rest]}
    assert len(results) == CALLS


@pytest.fixture
def here(database: Database) -> Leases:
    """The locks of this process, with a short lease."""
    return Leases(database, timedelta(seconds=1))


def test_a_lock_is_renewed_and_an_operator_can_break_it(
    database: Database, here: Leases, caplog: pytest.LogCaptureFixture
) -> None:
    others = Leases(database, timedelta(seconds=1))
    lock = here.acquire(CLAIM, HERE)
    assert lock is not None
    first = lock.until
    assert others.acquire(CLAIM, HERE) is None
    eventually(lambda: lock.until > first + 2)
    assert lock.held
    assert others.acquire(CLAIM, HERE) is None

    shown = Locks(database, DatabaseClock(database))
    with caplog.at_level(logging.ERROR):
        shown.release(lock.fence, actor="op")
        taken = others.acquire(CLAIM, HERE)
        eventually(lambda: not lock.held)
    assert [record.__dict__["action"] for record in caplog.records] == ["lock_lost"]
    assert taken is not None
    assert taken.held
    here.release(lock)  # is not the other's
    assert [item.id for item in shown.list(limit=10, cursor=None).items] == [taken.fence]
    others.release(taken)


def test_a_lock_is_not_sure_while_the_database_is_away_and_comes_back_if_nobody_took_it(
    postgres_url: str, postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    postgres_server.fill(postgres_url)
    database = Database(postgres_url)
    here = Leases(database, timedelta(seconds=1))
    lock = here.acquire(CLAIM, HERE)
    assert lock is not None
    with caplog.at_level(logging.WARNING), postgres_server.away(postgres_url):
        eventually(lambda: not lock.held)
        with pytest.raises(DatabaseUnavailableError):
            here.acquire(CLAIM, HERE)
    eventually(lambda: lock.held)
    assert "locks_not_renewed" in [record.__dict__["action"] for record in caplog.records]
    assert here.acquire(CLAIM, HERE) is None
    here.release(lock)
    database.close()
