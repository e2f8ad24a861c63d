"""What runs tell while they run: their progress, and their logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, tuple_, update

from punctual.domain.errors import Fault, InvalidInputError
from punctual.domain.report import Level, LogLine, Progress
from punctual.store.database import Transaction
from punctual.store.paging import decode_cursor, encode_cursor
from punctual.store.tables import run_logs, runs


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of a run's log, and what to ask for what comes `after` them, now or later; `more` is there already."""

    items: list[LogLine]
    after: str | None
    more: bool


def set_progress(tx: Transaction, run_id: UUID, progress: Progress, *, attempt: int) -> bool:
    """Keep how far an attempt is; False: there is no such run, or another attempt has begun since."""
    statement = update(runs).where(runs.c.id == run_id, runs.c.attempt == attempt)
    return tx.connection.execute(statement.values(progress=progress.model_dump(mode="json"))).rowcount == 1


def add(tx: Transaction, run_id: UUID, lines: Sequence[LogLine]) -> bool:
    """Keep lines of a run's log, but for those that are there already; False: there is no such run."""
    if tx.connection.execute(select(runs.c.id).where(runs.c.id == run_id)).one_or_none() is None:
        return False
    rows = [
        {
            "run_id": run_id,
            "attempt": line.attempt,
            "number": line.number,
            "at": line.at,
            "level": line.level.value,
            "text": line.text,
        }
        for line in lines
    ]
    tx.dialect.insert_once(tx.connection, run_logs, rows)
    return True


def list_page(tx: Transaction, run_id: UUID, *, limit: int, after: str | None) -> LogPage:
    """Return lines of a run's log in their order, those that come `after` an earlier page."""
    columns = run_logs.c
    query = select(run_logs).where(columns.run_id == run_id).order_by(columns.attempt, columns.number).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(columns.attempt, columns.number) > tuple_(*_read(after)))
    rows = tx.connection.execute(query).all()
    items = [LogLine(row.number, row.at, row.attempt, Level(row.level), row.text) for row in rows[:limit]]
    last = encode_cursor(str(items[-1].attempt), str(items[-1].number)) if items else after
    return LogPage(items, last, more=len(rows) > limit)


def _read(after: str) -> tuple[int, int]:
    attempt, number = decode_cursor(after, parts=2)
    try:
        return int(attempt), int(number)
    except ValueError:
        fault = Fault("after", "invalid_cursor", "is not a cursor of this list", "Leave it out to start again.")
        raise InvalidInputError([fault]) from None
