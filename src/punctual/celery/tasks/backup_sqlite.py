"""The built-in task that backs up a SQLite database in use."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated, TypedDict

from celery import shared_task
from pydantic import Field

from punctual.celery.tasks.kept_files import FileTaskError, KeptFiles, absolute_path, check_keep, explain
from punctual.domain.clock import SystemClock, monotonic

_ALL_PAGES = -1
_BUSY_SECONDS = 30.0
_BUSY_STEP_SECONDS = 0.1


class Backup(TypedDict):
    """The backup's path, its size in bytes, the old backups that were removed, and the time it took."""

    backup: str
    bytes: int
    removed: list[str]
    seconds: float


@shared_task(name="punctual.backup_sqlite", acks_late=True)  # type: ignore[untyped-decorator] # celery has no types
def backup_sqlite(source: str, destination: str, keep: Annotated[int, Field(ge=1)] = 10) -> Backup:
    """Back up a SQLite database while it is in use, check the copy, and keep the newest backups.

    The backup is `<source name>-YYYYmmddTHHMMSS.ffffffZ.sqlite3`, readable by the worker's user only: the database
    as it was at one instant. It is written whole or not at all, and must pass SQLite's integrity check.
    Only backups of this name pattern are ever removed. A database that stays locked for 30 seconds fails the run.

    Args:
        source: Database file: an absolute path on the worker's machine.
        destination: Folder that the backups are kept in; it is created where it is missing.
            Give databases of the same name different destinations.
        keep: How many of the newest backups to keep.

    """
    started = monotonic()
    check_keep(keep)
    database, kept_in = absolute_path(source, "source"), absolute_path(destination, "destination")
    _check_database_file(database)
    kept = KeptFiles(kept_in, database.name, ".sqlite3", SystemClock())
    with kept.draft() as draft:
        try:
            _copy(database, draft.path)
            _check_integrity(draft.path, database)
        except sqlite3.Error as error:
            message = f"Cannot back up {database}: {error}."
            raise FileTaskError(message) from error
    removed = kept.keep_newest(keep)
    return Backup(backup=str(draft.final), bytes=draft.size, removed=removed, seconds=round(monotonic() - started, 3))


def _check_database_file(source: Path) -> None:
    try:
        with source.open("rb"):
            pass
    except OSError as error:
        raise explain(error, f"Cannot read the database {source}") from error


def _copy(source: Path, target: Path) -> None:
    """Copy in one step: one read transaction, so that the copy is one instant and writers cannot make it start over."""
    deadline = monotonic() + _BUSY_SECONDS

    def give_up_in_time(_status: int, _remaining: int, _total: int) -> None:
        if monotonic() > deadline:
            message = f"Cannot back up {source}: another process keeps it locked for {_BUSY_SECONDS:g} seconds."
            raise FileTaskError(message)

    with closing(_connect(source, "mode=rw")) as origin, closing(_connect(target, "mode=rw")) as copy:
        # A crash leaves no journal behind, and the file is synchronised as a whole before it counts.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        origin.backup(copy, pages=_ALL_PAGES, progress=give_up_in_time, sleep=_BUSY_STEP_SECONDS)


def _check_integrity(copy: Path, source: Path) -> None:
    with closing(_connect(copy, "mode=ro&immutable=1")) as connection:
        rows = connection.execute("PRAGMA integrity_check(3)").fetchall()
    if rows != [("ok",)]:
        faults = "; ".join(str(row[0]) for row in rows)
        message = (
            f"The database {source} is damaged: {faults}. No backup was kept. Repair it or restore an older backup."
        )
        raise FileTaskError(message)


def _connect(path: Path, options: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, timeout=0)
