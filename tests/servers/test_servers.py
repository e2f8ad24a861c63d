"""The servers that other tests rely on: theirs alone, empty, and gone afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kombu.connection import Connection
from redis import Redis
from sqlalchemy import inspect

from punctual.store.database import Database
from servers.postgres import PostgresServer
from servers.processes import unavailable
from servers.rabbitmq import RabbitmqServer
from servers.redis import RedisServer
from servers.waiting import eventually


def test_each_test_has_an_empty_postgres_database(postgres_server: PostgresServer, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine ()")
    other = postgres_server.create()
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
    postgres_server.drop(other)


def test_the_database_has_its_tables_and_is_the_one_of_the_url(database: Database, database_url: str) -> None:
    again = Database(database_url)
    for same in (database, again):
        with same.read() as tx:
            assert "schedules" in inspect(tx.connection).get_table_names()
    again.close()


def test_each_test_has_an_empty_redis_database(redis_server: RedisServer, redis_url: str) -> None:
    with Redis.from_url(redis_url) as mine, Redis.from_url(redis_server.create()) as other:
        mine.set("key", "value")
        assert other.dbsize() == 0


def test_each_test_has_a_virtual_host_of_its_own(rabbitmq_server: RabbitmqServer, rabbitmq_url: str) -> None:
    other = rabbitmq_server.create()
    connect: Callable[[str], Any] = Connection  # which has no types
    with connect(rabbitmq_url) as mine, connect(other) as theirs:
        mine.SimpleQueue("queue").put("message")
        assert theirs.SimpleQueue("queue").qsize() == 0
        assert mine.SimpleQueue("queue").qsize() == 1
    rabbitmq_server.drop(other)


def test_a_missing_server_skips_on_a_laptop_and_fails_where_all_must_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUNCTUAL_REQUIRE_SERVICES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is no such server"):
        unavailable("there is no such server")
    monkeypatch.setenv("PUNCTUAL_REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match="there is no such server"):
        unavailable("there is no such server")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_killed_test_session_leaves_no_server_behind(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: PostgresServer, rabbitmq_server: RabbitmqServer
) -> None:
    del postgres_server, rabbitmq_server  # where they are missing, there is nothing to leave behind
    ready = tmp_path / "ready"
    root = request.config.rootpath
    (tmp_path / "conftest.py").write_text(
        "pytest_plugins = ['servers.postgres', 'servers.redis', 'servers.rabbitmq']\n"
    )
    (tmp_path / "test_inner.py").write_text(
        "import pathlib, threading\n"
        "def test_it(postgres_url, redis_url, rabbitmq_url):\n"
        f"    pathlib.Path({str(ready)!r}).touch()\n"
        "    threading.Event().wait(60)\n",
    )
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "PUNCTUAL_TEST_"))}
    log = tmp_path / "log"
    # A killed session cannot tidy up; and this folder, unlike pytest's, is open to the user that PostgreSQL runs as.
    scratch = tempfile.mkdtemp()
    Path(scratch).chmod(0o711)
    request.addfinalizer(lambda: shutil.rmtree(scratch, ignore_errors=True))
    with log.open("wb") as output:
        session = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", tmp_path],
            cwd=tmp_path,
            env={**inherited, "TMPDIR": scratch, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")])},
            stdout=output,
            stderr=output,
        )
    try:
        eventually(ready.exists, within=150, message=lambda: f"the inner test did not start:\n{log.read_text()}")
        servers = _descendants(session.pid)
        assert {name for _, name in servers} >= {"postgres", "beam.smp", "epmd"}
    finally:
        session.send_signal(signal.SIGKILL)
        session.wait()
    eventually(lambda: not [pid for pid, name in servers if _is_running(pid, name)], message="servers were left behind")


def _descendants(parent: int) -> list[tuple[int, str]]:
    found = []
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        found += [(int(child), _name(int(child))), *_descendants(int(child))]
    return found


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _is_running(pid: int, name: str) -> bool:
    try:
        return _name(pid) == name and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
