"""Connections to a file of SQLite: how they wait for each other, and how their transactions begin."""

import sqlite3
import threading

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor

from punctual.domain.clock import monotonic

WRITE = "punctual_write"
"""The execution option of a connection for writing."""

_LOCK_SECONDS = 10.0
"""How long a write waits for the lock of the file."""


def configure(connection: DBAPIConnection, record: object) -> None:
    """Set up a new connection; transactions are begun by `begin`, not by the driver."""
    del record
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {round(_LOCK_SECONDS * 1000)}", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _enter_wal_mode(cursor)
    cursor.close()


def _enter_wal_mode(cursor: DBAPICursor) -> None:
    """Switch the file to WAL; SQLite does not wait for its lock here, whatever the busy timeout, so we do."""
    give_up_at = monotonic() + _LOCK_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > give_up_at:
                raise
            threading.Event().wait(0.02)
        else:
            return


def begin(connection: Connection) -> None:
    """Begin a transaction, as a writer where the connection is for writing."""
    writes = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
