"""PostgreSQL for the tests: one private server per session, one database per test."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.processes import (
    ServerProcess,
    accepts_connections,
    find_program,
    free_port,
    unavailable,
    unprivileged,
    user_arguments,
)

_MIGRATED = "punctual_migrated"
_HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
}
"""Settings of a server whose data nobody misses."""


class PostgresServer:
    """A server to make databases on; `url` is that of its maintenance database."""

    def __init__(self, url: str) -> None:
        """Connect."""
        self._url = make_url(url).set(drivername="postgresql")
        self.url = self._render(self._url.database)
        self._connection = psycopg.connect(self.url, autocommit=True)
        self._prefix = f"test_{secrets.token_hex(4)}"
        self._count = 0
        self._template: str | None = None

    def create(self) -> str:
        """Make an empty database and return its URL."""
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        self._run("CREATE DATABASE {}", name)
        return self._render(name)

    def fill(self, url: str) -> None:
        """Give an empty database the tables, by copying one that was migrated once: 20 ms instead of all migrations."""
        if self._template is None:
            template = f"{self._prefix}_{_MIGRATED}"
            self._run("CREATE DATABASE {}", template)
            database = Database(self._render(template))
            upgrade(database)
            database.close()
            self._template = template
        name = str(make_url(url).database)
        self._run("DROP DATABASE {} WITH (FORCE)", name)
        self._run("CREATE DATABASE {} TEMPLATE {}", name, self._template)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", str(make_url(url).database))

    def cut(self, url: str) -> int:
        """End all connections to a database, and return how many there were."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        return self._connection.execute(query, [make_url(url).database]).rowcount

    @contextlib.contextmanager
    def away(self, url: str) -> Iterator[None]:
        """Let nobody connect to a database, and end the connections there are."""
        name = str(make_url(url).database)
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        self.cut(url)
        try:
            yield
        finally:
            self._run("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)

    def close(self) -> None:
        """Remove the template, and disconnect."""
        if self._template is not None:
            self._run("DROP DATABASE {} WITH (FORCE)", self._template)
        self._connection.close()

    def _run(self, statement: str, *names: str) -> None:
        self._connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _render(self, database: str | None) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server that PUNCTUAL_TEST_POSTGRES_URL names (its user may create databases), else a private one."""
    if url := os.environ.get("PUNCTUAL_TEST_POSTGRES_URL"):
        server = PostgresServer(url)
        yield server
        server.close()
        return
    with private_postgres() as process:
        server = PostgresServer(process.url)
        try:
            yield server
        finally:
            server.close()


class PostgresProcess:
    """A server process of our own; once stopped it can be started again, with its data and at its address."""

    def __init__(self, folder: Path, initdb: Path, postgres: Path, settings: Mapping[str, str]) -> None:
        """Make the data folder, and start."""
        self._settings = settings
        self._user = unprivileged("postgres")
        self._postgres, self._data, self._log = postgres, folder / "data", folder / "log"
        password, self._port = secrets.token_hex(16), free_port()
        password_file = folder / "password"
        password_file.write_text(password)
        self._log.touch()
        if self._user is not None:
            for path in (folder, password_file):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        options = [f"--pwfile={password_file}", "--auth=password", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [initdb, "--username=punctual", *options, "--pgdata", self._data],
            cwd=folder,
            check=True,
            capture_output=True,
            **user_arguments(self._user),
        )
        self.url = f"postgresql://punctual:{password}@127.0.0.1:{self._port}/postgres"
        self.start()

    @property
    def pid(self) -> int:
        """The process id of the server, which is the parent of those that serve connections."""
        return self._process.pid

    def start(self) -> None:
        """Start, and return once it answers."""
        place = {"listen_addresses": "127.0.0.1", "port": str(self._port), "unix_socket_directories": ""}
        settings = {**place, **self._settings}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = ServerProcess(
            [self._postgres, "-D", self._data, *arguments],
            log=self._log,
            user=self._user,
            stop_signal=signal.SIGQUIT,  # at once, without a checkpoint
        )
        self._process.wait_until(lambda: accepts_connections(self._port) and _answers(self.url), within=30)

    def stop(self) -> None:
        """End it as a crash would."""
        self._process.stop()


@contextmanager
def private_postgres(settings: Mapping[str, str] = _HASTY) -> Iterator[PostgresProcess]:
    """Run a server that is ours alone; skips where PostgreSQL is not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    initdb, postgres = find_program("initdb", *folders), find_program("postgres", *folders)
    if initdb is None or postgres is None:
        unavailable("PostgreSQL is not installed, and PUNCTUAL_TEST_POSTGRES_URL names none")
    # Not below pytest's folder for temporary files: that is closed to the user that PostgreSQL wants when we are root.
    folder = Path(tempfile.mkdtemp(prefix="punctual-postgres-"))
    try:
        process = PostgresProcess(folder, initdb, postgres, settings)
        try:
            yield process
        finally:
            process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database of this test's own."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)
