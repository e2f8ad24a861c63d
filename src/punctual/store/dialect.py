"""What differs between the databases: how to lock, to insert once, and to know the time."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

import psycopg
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Row,
    Select,
    Table,
    Update,
    Uuid,
    bindparam,
    event,
    func,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from punctual.store import many_rows, postgres, sqlite_file
from punctual.store.forks import unforked
from punctual.store.many_rows import Condition, Names, Rows, added

_CHANNEL = "punctual_changed"
_KNOWN_STATEMENTS = 64
_POOL_SECONDS = 10.0
"""How long a thread waits for a connection when all of this process are in use."""


class Listener(Protocol):
    """A connection that hears what other processes announce."""

    def wait(self, seconds: float) -> bool:
        """Return True as soon as something is announced, False after so many seconds; raises what the driver does."""
        ...

    def close(self) -> None:
        """Give the connection up."""
        ...


class Dialect(Protocol):
    """One database's way of doing what SQL leaves open."""

    engine_options: Mapping[str, Any]
    has_own_clock: bool
    takes_writers_side_by_side: bool

    def __hash__(self) -> int:
        """Let statements be kept that were made for it."""
        ...

    def prepare(self, engine: Engine) -> Engine:
        """Set the engine up and return the one to write with."""
        ...

    def undisturbed(self) -> AbstractContextManager[None]:
        """Return what a transaction is in, so that a fork of the process does no harm."""
        ...

    def lock(self, query: Select[Any], table: Table) -> Select[Any]:
        """Make the query lock its rows of the table until the transaction ends, waiting for them."""
        ...

    def claim(self, query: Select[Any], table: Table) -> Select[Any]:
        """Make the query lock its rows of the table, leaving out those that another transaction holds."""
        ...

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Lock a name until the transaction ends, without waiting; tell whether it could be had."""
        ...

    def hold(self, connection: Connection, name: str) -> None:
        """Lock a name until the transaction ends, waiting for it."""
        ...

    def insert_once(self, connection: Connection, table: Table, rows: Rows) -> int:
        """Insert rows of equal columns but for those whose key is there already; return how many were inserted."""
        ...

    def update_by_id(self, connection: Connection, table: Table, rows: Rows, condition: Condition | None = None) -> int:
        """Change rows of the table to what rows of equal columns say, each by its id; return how many were changed.

        With a condition, only those for which it holds.
        """
        ...

    def update_by_id_and_tell(
        self, connection: Connection, table: Table, rows: Rows, condition: Condition, columns: Names
    ) -> Sequence[Row[Any]]:
        """Change rows as `update_by_id` does, and return these columns of those that were changed."""
        ...

    def is_among(self, column: ColumnElement[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
        """Return whether the column is one of many ids."""
        ...

    def is_among_given(self, column: ColumnElement[UUID], name: str) -> ColumnElement[bool]:
        """Return whether the column is one of many ids, which are given by this name when the statement is executed."""
        ...

    def upsert(self, table: Table, *, key: str, change: tuple[str, ...]) -> Insert:
        """Return an insert that, where the key is there already, changes the named columns instead."""
        ...

    def add_up(self, connection: Connection, table: Table, rows: Rows, *, key: Names, replaced: Names) -> None:
        """Insert rows of equal columns; where the key is there already, replace named columns and add to all others."""
        ...

    def announce(self, connection: Connection) -> None:
        """Let every process that listens know, once the transaction is committed, that something changed."""
        ...

    def listener(self, engine: Engine) -> "Listener | None":
        """Open a connection that hears announcements; None where the database has none."""
        ...

    def serialise_migrations(self, connection: Connection) -> None:
        """Let one process at a time migrate, for as long as that takes."""
        ...

    def lift_limits(self, connection: Connection) -> None:
        """Let the transaction take its time."""
        ...

    def limit_statements(self, connection: Connection, seconds: float) -> None:
        """Let no statement of the transaction take longer, where the database can be told so."""
        ...

    def now(self, connection: Connection) -> datetime:
        """Return the database's present instant."""
        ...


class Postgres:
    """PostgreSQL, through psycopg 3."""

    engine_options: Mapping[str, Any] = {
        "pool_size": 10,
        "max_overflow": 20,
        "pool_timeout": _POOL_SECONDS,
        "connect_args": {"connect_timeout": 5, "application_name": "punctual"},
    }
    has_own_clock = True
    takes_writers_side_by_side = True

    def prepare(self, engine: Engine) -> Engine:
        """Bound every wait; writers need nothing special here."""
        postgres.bound(engine)
        return engine

    def undisturbed(self) -> AbstractContextManager[None]:
        """Nothing to do: a child has its own connections, and those of its parent are left alone."""
        return nullcontext()

    def lock(self, query: Select[Any], table: Table) -> Select[Any]:
        """Wait for the rows, but not for those that only refer to them (FOR NO KEY UPDATE)."""
        return query.with_for_update(of=table, key_share=True)

    def claim(self, query: Select[Any], table: Table) -> Select[Any]:
        """Leave the rows of other nodes to them."""
        return query.with_for_update(of=table, skip_locked=True)

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Try an advisory lock; two names with the same hash exclude each other, which costs time only."""
        statement = text("SELECT pg_try_advisory_xact_lock(70768548, hashtext(:name))")
        return bool(connection.execute(statement, {"name": name}).scalar())

    def hold(self, connection: Connection, name: str) -> None:
        """Take an advisory lock; two names with the same hash exclude each other, which costs time only."""
        connection.execute(text("SELECT pg_advisory_xact_lock(70768549, hashtext(:name))"), {"name": name})

    def insert_once(self, connection: Connection, table: Table, rows: Rows) -> int:
        """Insert in one statement."""
        return many_rows.insert_once(connection, table, rows)

    def update_by_id(self, connection: Connection, table: Table, rows: Rows, condition: Condition | None = None) -> int:
        """Update in one statement."""
        return many_rows.update_by_id(connection, table, rows, condition)

    def update_by_id_and_tell(
        self, connection: Connection, table: Table, rows: Rows, condition: Condition, columns: Names
    ) -> Sequence[Row[Any]]:
        """Update in one statement."""
        return many_rows.update_by_id_and_tell(connection, table, rows, condition, columns)

    def is_among(self, column: ColumnElement[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
        """Pass all ids as one array: a parameter for each takes longer to read than to find its row."""
        return column == func.any(bindparam(None, list(ids), type_=postgresql.ARRAY(Uuid)))

    def is_among_given(self, column: ColumnElement[UUID], name: str) -> ColumnElement[bool]:
        """Take all ids as one array."""
        return column == func.any(bindparam(name, type_=postgresql.ARRAY(Uuid)))

    def upsert(self, table: Table, *, key: str, change: tuple[str, ...]) -> Insert:
        """Insert, or change the named columns."""
        statement = postgresql.insert(table)
        return statement.on_conflict_do_update(
            index_elements=[key], set_={name: statement.excluded[name] for name in change}
        )

    def add_up(self, connection: Connection, table: Table, rows: Rows, *, key: Names, replaced: Names) -> None:
        """Insert or add in one statement."""
        many_rows.add_up(connection, table, rows, key=key, replaced=replaced)

    def announce(self, connection: Connection) -> None:
        """NOTIFY: delivered when the transaction commits, and not at all when it is rolled back."""
        connection.execute(text(f"NOTIFY {_CHANNEL}"))

    def listener(self, engine: Engine) -> "Listener | None":
        """LISTEN on a connection of its own."""
        return PostgresListener(engine)

    def serialise_migrations(self, connection: Connection) -> None:
        """Take an advisory lock until the transaction ends; big tables take their time."""
        self.lift_limits(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(7076854801)"))

    def lift_limits(self, connection: Connection) -> None:
        """Lift those of the server and our own."""
        postgres.unbound(connection.connection.driver_connection)
        for name in postgres.LIMITS:
            connection.execute(text(f"SET LOCAL {name} = 0"))

    def limit_statements(self, connection: Connection, seconds: float) -> None:
        """Set statement_timeout, up to the end of the transaction."""
        connection.execute(text(f"SET LOCAL statement_timeout = {round(seconds * 1000)}"))

    def now(self, connection: Connection) -> datetime:
        """Ask the server."""
        instant: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return instant.astimezone(UTC)


class PostgresListener:
    """A connection outside the pool that LISTENs."""

    def __init__(self, engine: Engine) -> None:
        """Connect, and hear everything announced from now on."""
        raw = engine.raw_connection()
        connection = raw.driver_connection
        raw.detach()
        if not isinstance(connection, psycopg.Connection):  # we make every engine with this driver
            raise TypeError(connection)
        self._connection = connection
        self._connection.autocommit = True
        self._connection.execute(f"LISTEN {_CHANNEL}")

    def wait(self, seconds: float) -> bool:
        """Wait for a notification; a connection that is dead without having been closed is found out by a query."""
        for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            return True
        self._connection.execute("SELECT 1")
        return False

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Sqlite:
    """SQLite in WAL mode; one writer at a time, so a write transaction takes the file's write lock at its start."""

    engine_options: Mapping[str, Any] = {
        "pool_size": 20,
        "max_overflow": 20,
        "pool_timeout": _POOL_SECONDS,
    }
    has_own_clock = False
    takes_writers_side_by_side = False

    def prepare(self, engine: Engine) -> Engine:
        """Open transactions ourselves: the driver would begin late, and a late upgrade to writing deadlocks."""
        event.listen(engine, "connect", sqlite_file.configure)
        event.listen(engine, "begin", sqlite_file.begin)
        return engine.execution_options(**{sqlite_file.WRITE: True})

    def undisturbed(self) -> AbstractContextManager[None]:
        """Keep forks away: a child would believe for ever that the locks of the moment are held."""
        return unforked()

    def lock(self, query: Select[Any], table: Table) -> Select[Any]:
        """Nothing to add: the transaction holds the whole file."""
        del table
        return query

    def claim(self, query: Select[Any], table: Table) -> Select[Any]:
        """Nothing to add: the transaction holds the whole file."""
        del table
        return query

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Nothing to do: the transaction holds the whole file."""
        del connection, name
        return True

    def hold(self, connection: Connection, name: str) -> None:
        """Nothing to do: the transaction holds the whole file."""

    def insert_once(self, connection: Connection, table: Table, rows: Rows) -> int:
        """Insert one after another; there is no way to the server that would be long."""
        statement = sqlite.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        return connection.execute(statement, rows).rowcount

    def update_by_id(self, connection: Connection, table: Table, rows: Rows, condition: Condition | None = None) -> int:
        """Update one after another."""
        statement = _update_one(table, rows[0], condition).execution_options(preserve_rowcount=True)
        return connection.execute(statement, _as_new(rows)).rowcount

    def update_by_id_and_tell(
        self, connection: Connection, table: Table, rows: Rows, condition: Condition, columns: Names
    ) -> Sequence[Row[Any]]:
        """Update one after another."""
        statement = _update_one(table, rows[0], condition).returning(*(table.c[name] for name in columns))
        return [told for new in _as_new(rows) for told in connection.execute(statement, new)]

    def is_among(self, column: ColumnElement[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
        """Pass each id."""
        return column.in_(ids)

    def is_among_given(self, column: ColumnElement[UUID], name: str) -> ColumnElement[bool]:
        """Take each id."""
        return column.in_(bindparam(name, expanding=True))

    def upsert(self, table: Table, *, key: str, change: tuple[str, ...]) -> Insert:
        """Insert, or change the named columns."""
        statement = sqlite.insert(table)
        return statement.on_conflict_do_update(
            index_elements=[key], set_={name: statement.excluded[name] for name in change}
        )

    def add_up(self, connection: Connection, table: Table, rows: Rows, *, key: Names, replaced: Names) -> None:
        """Insert or add one after another."""
        connection.execute(_adding(table, tuple(rows[0]), key, replaced), rows)

    def announce(self, connection: Connection) -> None:
        """Nothing to do: other processes look each second."""

    def listener(self, engine: Engine) -> "Listener | None":
        """SQLite has no announcements."""
        del engine
        return None

    def serialise_migrations(self, connection: Connection) -> None:
        """Nothing to do: the transaction holds the whole file."""

    def lift_limits(self, connection: Connection) -> None:
        """Nothing to do: SQLite has none."""

    def limit_statements(self, connection: Connection, seconds: float) -> None:
        """Nothing to do: SQLite has no such limit; what must be short there takes few rows."""

    def now(self, connection: Connection) -> datetime:
        """SQLite reads this machine's clock, to the millisecond."""
        moment = connection.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@lru_cache(_KNOWN_STATEMENTS)
def _adding(table: Table, names: Names, key: Names, replaced: Names) -> Insert:
    statement = sqlite.insert(table).values({name: bindparam(name) for name in names})
    return statement.on_conflict_do_update(
        index_elements=key, set_=added(table, statement.excluded, names, key=key, replaced=replaced)
    )


def _update_one(table: Table, row: Mapping[str, Any], condition: Condition | None) -> Update:
    """Return the update of a row by its id to values that are called `new_` and the name of their column."""
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in row}
    statement = update(table).where(table.c.id == values.pop("id")).values(values)
    return statement if condition is None else statement.where(condition(values))


def _as_new(rows: Rows) -> list[dict[str, Any]]:
    return [{f"new_{name}": value for name, value in row.items()} for row in rows]
