"""Faults of the database by name, how long one is waited for, and that the next transaction finds a mended database."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait
from sqlalchemy import text
from sqlalchemy.engine import make_url

from punctual.domain.errors import (
    DatabaseDamagedError,
    DatabaseOverloadedError,
    DatabaseReadOnlyError,
    DatabaseUnavailableError,
)
from punctual.store import nodes, postgres
from punctual.store.database import Database
from punctual.testing import ManualClock
from servers.postgres import PostgresServer
from servers.processes import unprivileged
from servers.waiting import eventually

NOW = ManualClock().now()


def write(database: Database) -> None:
    with database.write() as tx:
        nodes.check_writing(tx, NOW)


@pytest.fixture
def file(migrated_sqlite: Path) -> Iterator[Path]:
    """A SQLite database in a folder of a user who is not root: root may write whatever it likes."""
    folder = Path(tempfile.mkdtemp(prefix="punctual-faults-"))
    user = unprivileged("nobody")
    path = folder / "punctual.db"
    shutil.copyfile(migrated_sqlite, path)
    if user is not None:
        for owned in (folder, path):
            os.chown(owned, user.pw_uid, user.pw_gid)
        os.seteuid(user.pw_uid)
    try:
        yield path
    finally:
        os.seteuid(os.getuid())
        shutil.rmtree(folder)


def _close_file(path: Path) -> None:
    path.chmod(0o400)


def _close_folder(path: Path) -> None:
    path.parent.chmod(0o500)


@pytest.mark.parametrize(
    ("close", "fault"), [(_close_file, DatabaseReadOnlyError), (_close_folder, DatabaseUnavailableError)]
)
def test_a_sqlite_file_that_may_not_be_written_is_told_of_and_used_again_once_it_may(
    file: Path, close: Callable[[Path], None], fault: type[Exception]
) -> None:
    database = Database(f"sqlite:///{file}")
    close(file)
    with pytest.raises(fault):
        write(database)
    file.parent.chmod(0o700)
    for made in file.parent.iterdir():  # SQLite's own files beside it have its mode
        made.chmod(0o600)
    write(database)
    database.close()


def test_a_damaged_sqlite_file_is_told_of_and_used_again_once_a_copy_is_in_its_place(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    path = tmp_path / "punctual.db"
    path.write_bytes(b"no database at all" * 1000)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseDamagedError):
        write(database)
    shutil.copyfile(migrated_sqlite, path)
    write(database)
    database.close()


@pytest.fixture
def server(postgres_server: PostgresServer, postgres_url: str) -> Iterator[Database]:
    """A database that is a server, which has limits of its own."""
    postgres_server.fill(postgres_url)
    database = Database(postgres_url)
    yield database
    database.close()


def test_a_statement_that_takes_too_long_is_ended_by_the_server(
    server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.LIMITS, "statement_timeout", 50)
    with pytest.raises(DatabaseOverloadedError, match="statement timeout"), server.read() as tx:
        tx.connection.execute(text("SELECT pg_sleep(60)"))


def test_what_a_process_holds_that_froze_in_a_transaction_is_freed(
    server: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(server)
    monkeypatch.setitem(postgres.LIMITS, "idle_in_transaction_session_timeout", 200)
    frozen = Database(postgres_url)
    with pytest.raises(DatabaseUnavailableError):
        _stand_still(frozen, until=lambda: _writes(server))
    write(frozen)
    frozen.close()


def _stand_still(database: Database, *, until: Callable[[], bool]) -> None:
    """Hold a row of a transaction until something is so, and then go on."""
    with database.write() as tx:
        nodes.check_writing(tx, NOW)
        eventually(until)
        tx.connection.execute(text("SELECT 1"))


def _writes(database: Database) -> bool:
    with contextlib.suppress(DatabaseUnavailableError):
        write(database)
        return True
    return False


def test_a_limit_that_the_administrator_has_set_is_left_alone(server: Database, postgres_url: str) -> None:
    name = make_url(postgres_url).database
    with server.write() as tx:
        tx.connection.execute(text(f'ALTER DATABASE "{name}" SET lock_timeout = 1234'))
    again = Database(postgres_url)
    with again.read() as tx:
        assert tx.connection.execute(text("SHOW lock_timeout")).scalar_one() == "1234ms"
        assert tx.connection.execute(text("SHOW statement_timeout")).scalar_one() == "20s"
    again.close()


def test_a_migration_may_take_its_time_and_what_follows_may_not(server: Database) -> None:
    def limits() -> tuple[str, float | None]:
        timeout: str = tx.connection.execute(text("SHOW statement_timeout")).scalar_one()
        return timeout, tx.connection.connection.driver_connection.answer_within  # type: ignore[union-attr] # ours

    with server.write() as tx:
        tx.dialect.serialise_migrations(tx.connection)
        assert limits() == ("0", None)
    with server.read() as tx:
        assert limits() == ("20s", postgres.ANSWER_SECONDS)


def test_only_the_time_in_which_the_server_was_listened_for_counts_as_its_silence(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exchange() -> PQGen[str]:
        while not (yield Wait.R):
            pass
        return "the answer"

    moments = [0.0]
    monkeypatch.setattr(postgres, "monotonic", lambda: moments[-1])
    connection = postgres.BoundedConnection.connect(postgres_url)
    listening = connection._bounded(exchange(), within=1.0, interval=0.5)  # noqa: SLF001 - no server is silent at will
    next(listening)
    for _ in range(1000):  # looked many times in no time at all
        listening.send(Ready.NONE)
    moments.append(3600.0)  # the process stood still
    listening.send(Ready.NONE)
    moments.append(3600.4)
    listening.send(Ready.NONE)
    assert not connection.closed
    moments.append(3600.6)
    with pytest.raises(postgres.SilentServerError):
        listening.send(Ready.NONE)
    assert connection.closed


def test_a_listener_hears_for_as_long_as_it_likes(server: Database) -> None:
    with server.hearing() as hear:
        assert hear is not None
        for _ in range(400):
            hear(0.005)
        assert server.wait_for_change(0)
        with server.write() as tx:
            tx.changed = True
        server.wait_for_change(0)
        hear(10.0)
        assert server.wait_for_change(0)


@pytest.mark.parametrize("interruption", [SystemExit, KeyboardInterrupt])
def test_what_interrupts_an_exchange_waits_for_nobody(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise interruption

    connection = postgres.BoundedConnection.connect(postgres_url)
    connection.answer_within = 10.0
    monkeypatch.setattr("psycopg.waiting.wait", interrupted)
    with pytest.raises(interruption):
        connection.execute("SELECT 1")
    assert connection.closed
