"""The database: connections, transactions, and word that something changed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from punctual.domain.errors import SetupError
from punctual.domain.source import Source
from punctual.domain.tally import Tally
from punctual.store import postgres, tallies
from punctual.store.dialect import Dialect, Postgres, Sqlite
from punctual.store.faults import fault_of, translated

_KINDS: dict[str, tuple[str, type[Postgres | Sqlite]]] = {
    "postgres": ("postgresql+psycopg", Postgres),
    "postgresql": ("postgresql+psycopg", Postgres),
    "postgresql+psycopg": ("postgresql+psycopg", Postgres),
    "sqlite": ("sqlite", Sqlite),
}


@dataclass(slots=True)
class Transaction:
    """An open transaction; `changed` asks for word to the engine once it is committed.

    `source` is who tells of the runs that are moved in it; None where that is Punctual itself. `tally` has the runs
    that end in it, which are counted as it is committed.
    """

    connection: Connection
    dialect: Dialect
    changed: bool = False
    source: Source | None = None
    tally: Tally = field(default_factory=Tally)


class Database:
    """One database, by its URL (`postgresql://…` or `sqlite:////path`).

    Raises SetupError for a URL that names no database we know; nothing is connected yet.
    """

    def __init__(self, url: str, *, tries_first: bool = True) -> None:
        """Prepare the pool.

        With `tries_first`, a connection that was cut while nobody used it is found out before anything is said over it;
        without, by whoever uses it, who is to try again then.
        """
        target, self.dialect = _resolve(url)
        options = {**self.dialect.engine_options, "pool_pre_ping": tries_first and self.dialect.has_own_clock}
        self._engine = create_engine(target, json_deserializer=from_json, **options)
        self._writer = self.dialect.prepare(self._engine)
        self._changed = threading.Event()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads, and sees one state of the data throughout on SQLite."""
        with self.dialect.undisturbed(), _connected(self._engine) as connection, connection.begin():
            yield Transaction(connection, self.dialect)

    @contextmanager
    def write(self, source: Source | None = None) -> Iterator[Transaction]:
        """Open a transaction that is committed at the end, or rolled back when an exception leaves it."""
        with self.dialect.undisturbed(), _connected(self._writer) as connection:
            with connection.begin():
                transaction = Transaction(connection, self.dialect, source=source)
                yield transaction
                if transaction.tally.counts:
                    tallies.write(connection, self.dialect, transaction.tally)
                if transaction.changed:
                    self.dialect.announce(connection)
            if transaction.changed:
                self.announce_change()

    def single(self) -> "SingleStatements":
        """Return a way to write with one statement a transaction."""
        return SingleStatements(self, self._writer)

    def announce_change(self) -> None:
        """Wake the engine of this process."""
        self._changed.set()

    def wait_for_change(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a change made by this process, or heard of; tell whether there was one."""
        happened = self._changed.wait(timeout)
        self._changed.clear()
        return happened

    @contextmanager
    def hearing(self) -> Iterator[Callable[[float], None] | None]:
        """Hear of the changes that other processes make, as if this one made them; None where the database is silent.

        What is given waits for a change up to so many seconds. Raises DatabaseUnavailableError.
        """
        with translated():
            listener = self.dialect.listener(self._engine)
            if listener is None:
                yield None
                return

            def hear(seconds: float) -> None:
                if listener.wait(seconds):
                    self.announce_change()

            try:
                self.announce_change()  # what was announced before we listened
                yield hear
            finally:
                listener.close()

    def checked_out(self) -> int:
        """Return how many connections are in use; for tests of leaks."""
        return int(self._engine.pool.checkedout())  # type: ignore[attr-defined] # every pool we make has it

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


class SingleStatements:
    """Transactions of one statement each, on one connection that is kept: one exchange with a server instead of four.

    For one thread. A connection that was cut is noticed by the statement that needs it, which may then be tried again.
    """

    def __init__(self, database: Database, engine: Engine) -> None:
        """Open nothing yet."""
        self._database = database
        self._engine = engine
        self._connection: Connection | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open, as far as that is known."""
        return self._connection is not None

    @contextmanager
    def write(self, source: Source | None = None, *, within: float | None = None) -> Iterator[Transaction]:
        """Open a transaction for one statement; as `Database.write`, but nobody is told of a change.

        Raises DatabaseSilentError where a server, once connected to, is not done `within` so many seconds.
        """
        if not self._database.dialect.takes_writers_side_by_side:  # there a transaction has to begin as a writer
            with self._database.write(source) as transaction:
                yield transaction
            return
        with translated():
            try:
                if self._connection is None:
                    self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                postgres.bound_to(self._connection.connection.driver_connection, within)
                yield Transaction(self._connection, self._database.dialect, source=source)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def shown_url(url: str) -> str:
    """Return a database URL for people to read: without the password, and without options, which may hold one."""
    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "a URL that cannot be read"


def _resolve(url: str) -> tuple[URL, Dialect]:
    fix = "Set PUNCTUAL_DATABASE_URL to postgresql://user:password@host/name or sqlite:////absolute/path.db."
    try:
        target = make_url(url)
        driver, dialect = _KINDS[target.drivername]
    except (ArgumentError, NoSuchModuleError, KeyError, ValueError):
        message = "The database URL names no database that Punctual knows."
        raise SetupError(message, fix=fix) from None
    if driver == "sqlite":
        if target.database in {None, "", ":memory:"}:
            message = "An in-memory SQLite database cannot be shared by the processes of Punctual."
            raise SetupError(message, fix=fix)
        if not Path(str(target.database)).parent.is_dir():
            message = f"The folder of the SQLite database does not exist: {Path(str(target.database)).parent}"
            raise SetupError(message, fix="Create the folder, or set PUNCTUAL_DATABASE_URL to another place.")
    return target.set(drivername=driver), dialect()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    """Lend a connection; one that met a fault is not used again, for the next may be to a better server or file."""
    with translated(), engine.connect() as connection:
        try:
            yield connection
        except Exception as error:
            if fault_of(error) is not None:
                connection.invalidate(error)
            raise
