"""What the database's errors mean: each fault that can pass by itself, or be mended, has its own sentence and fix."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from punctual.domain.errors import (
    DatabaseDamagedError,
    DatabaseFullError,
    DatabaseLockedError,
    DatabaseOverloadedError,
    DatabaseReadOnlyError,
    DatabaseSilentError,
    DatabaseUnavailableError,
)
from punctual.store.postgres import SilentServerError

_BY_SQLSTATE: dict[str, type[DatabaseUnavailableError]] = {
    "25006": DatabaseReadOnlyError,  # read_only_sql_transaction
    "25P03": DatabaseUnavailableError,  # idle_in_transaction_session_timeout: this process stood still
    "40001": DatabaseLockedError,  # serialization_failure
    "40P01": DatabaseLockedError,  # deadlock_detected
    "53100": DatabaseFullError,  # disk_full
    "53200": DatabaseOverloadedError,  # out_of_memory
    "53300": DatabaseOverloadedError,  # too_many_connections
    "55P03": DatabaseLockedError,  # lock_not_available: lock_timeout
    "57014": DatabaseOverloadedError,  # query_canceled: statement_timeout
    "58030": DatabaseDamagedError,  # io_error
    "XX001": DatabaseDamagedError,  # data_corrupted
    "XX002": DatabaseDamagedError,  # index_corrupted
}
_BY_SQLITE_CODE: dict[int, type[DatabaseUnavailableError]] = {
    sqlite3.SQLITE_BUSY: DatabaseLockedError,
    sqlite3.SQLITE_LOCKED: DatabaseLockedError,
    sqlite3.SQLITE_READONLY: DatabaseReadOnlyError,
    sqlite3.SQLITE_FULL: DatabaseFullError,
    sqlite3.SQLITE_IOERR: DatabaseDamagedError,
    sqlite3.SQLITE_CORRUPT: DatabaseDamagedError,
    sqlite3.SQLITE_NOTADB: DatabaseDamagedError,
}
_PRIMARY_CODE = 0xFF


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the driver raises for a fault of the database as the error for people."""
    try:
        yield
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            raise
        raise fault from error


def fault_of(error: Exception) -> DatabaseUnavailableError | None:
    """Return the fault of the database that an error tells of; None for an error of another kind."""
    if isinstance(error, PoolTimeoutError):
        return DatabaseOverloadedError("all connections of this process are in use")
    origin = error.orig if isinstance(error, DBAPIError) else error
    kind = _kind(origin)
    if kind is None:
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        unreachable = isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError))
        if not (lost or unreachable):
            return None
        kind = DatabaseUnavailableError
    lines = str(origin).strip().splitlines()
    return kind(lines[0] if lines else type(origin).__name__)


def _kind(error: BaseException | None) -> type[DatabaseUnavailableError] | None:
    if isinstance(error, SilentServerError):
        return DatabaseSilentError
    if isinstance(error, psycopg.Error):
        return _BY_SQLSTATE.get(error.sqlstate or "")
    if isinstance(error, sqlite3.Error):
        return _BY_SQLITE_CODE.get(getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE)
    return None
