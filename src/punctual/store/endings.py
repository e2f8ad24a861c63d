"""Ending runs: whatever statement moves them, those that it moved are counted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Update

from punctual.domain.tally import Ended
from punctual.store.database import Transaction
from punctual.store.many_rows import Condition, Rows
from punctual.store.tables import runs

_FACTS = (
    "schedule_id",
    "schedule_version",
    "cause",
    "state",
    "due_time",
    "queued_at",
    "started_at",
    "finished_at",
    "attempt",
)


def end_by(tx: Transaction, statement: Update) -> list[UUID]:
    """Move runs to a terminal state by an update of runs, count them, and return which they were."""
    moved = tx.connection.execute(statement.returning(*(runs.c[name] for name in ("id", *_FACTS)))).all()
    _count(tx, moved)
    return [row.id for row in moved]


def end_many(tx: Transaction, rows: Rows, condition: Condition) -> int:
    """Move runs to terminal states, each to what its row says if the condition holds; count them, return how many."""
    moved = tx.dialect.update_by_id_and_tell(tx.connection, runs, rows, condition, ("id", *_FACTS))
    _count(tx, moved)
    return len(moved)


def count_recorded(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """Count rows that were recorded as ended."""
    for row in rows:
        ended = Ended(
            schedule_id=row["schedule_id"],
            schedule_version=row["schedule_version"],
            cause=row["cause"],
            state=row["state"],
            due_time=row["due_time"],
            queued_at=None,
            started_at=None,
            finished_at=row["finished_at"],
            attempt=row["attempt"],
        )
        tx.tally.add(ended)


def _count(tx: Transaction, moved: Sequence[Row[Any]]) -> None:
    for row in moved:
        tx.tally.add(Ended(**{name: getattr(row, name) for name in _FACTS}))
