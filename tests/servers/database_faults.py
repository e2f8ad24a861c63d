"""Real faults of a real database, for as long as a `with` lasts: read-only, full, locked."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import Pool

from punctual.store import postgres, sqlite_file

WRITTEN = ("schedules", "schedule_versions", "runs")
"""The tables that a fault keeps from being written; nodes and workers can still say that they live."""

Fault = Callable[[str], AbstractContextManager[None]]


@contextmanager
def read_only(url: str) -> Iterator[None]:
    """Take no changes. Connections made or used meanwhile stay so: only new ones can write afterwards."""
    if _is_sqlite(url):
        with _on_each_use("PRAGMA query_only = ON"):
            yield
        return
    name = sql.Identifier(str(make_url(url).database))
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        terminate(admin)
        yield
        admin.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))


@contextmanager
def full(url: str) -> Iterator[None]:
    """Have no room for what is written: SQLite may not grow, PostgreSQL is told that its disk is full."""
    if _is_sqlite(url):
        triggers = [
            (f"grow_{table}_{verb}", f"{verb} ON {table}") for table in WRITTEN for verb in ("INSERT", "UPDATE")
        ]
        grow = "BEGIN INSERT INTO ballast VALUES (zeroblob(1000000)); END"
        make = [
            "CREATE TABLE ballast (content BLOB)",
            *(f"CREATE TRIGGER {name} AFTER {what} {grow}" for name, what in triggers),
        ]
        unmake = [*(f"DROP TRIGGER {name}" for name, _ in triggers), "DROP TABLE ballast"]
        with closing(sqlite3.connect(_path(url), timeout=20)) as admin:
            admin.executescript(f"BEGIN IMMEDIATE; {'; '.join(make)}; COMMIT")
            with _on_each_use("PRAGMA max_page_count = 1", afterwards="PRAGMA max_page_count = 1000000"):
                yield
                admin.executescript(f"BEGIN IMMEDIATE; {'; '.join(unmake)}; COMMIT")
        return
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$"
        )
        for table in WRITTEN:
            admin.execute(
                sql.SQL(
                    "CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION no_room()"
                ).format(sql.Identifier(table))
            )
        yield
        admin.execute("DROP FUNCTION no_room CASCADE")


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Let another program hold a lock against writing."""
    if _is_sqlite(url):
        with closing(sqlite3.connect(_path(url), timeout=20, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    with psycopg.connect(url) as other:
        other.execute(f"LOCK TABLE {', '.join(WRITTEN)} IN EXCLUSIVE MODE")
        yield
        other.rollback()


FAULTS = [
    pytest.param(read_only, "database_read_only", id="read-only"),
    pytest.param(full, "database_full", id="full"),
    pytest.param(locked, "database_locked", id="locked"),
]


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make locks that are waited for in vain a matter of a moment."""
    monkeypatch.setattr(sqlite_file, "_LOCK_SECONDS", 0.3)
    monkeypatch.setitem(postgres.LIMITS, "lock_timeout", 300)


def terminate(admin: psycopg.Connection[Any]) -> int:
    """Cut all other connections to the database; return how many there were."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return len(admin.execute(f"SELECT pg_terminate_backend(pid) {others}").fetchall())


@contextmanager
def _on_each_use(pragma: str, afterwards: str | None = None) -> Iterator[None]:
    """Run a pragma on each connection of this process that is used meanwhile, and another on those used later."""
    state = [pragma]

    def use(connection: object, *_: object) -> None:
        if isinstance(connection, sqlite3.Connection) and state[0]:
            connection.execute(state[0])

    event.listen(Pool, "checkout", use)
    try:
        yield
    finally:
        state[0] = afterwards or ""
        if afterwards is None:
            event.remove(Pool, "checkout", use)


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
