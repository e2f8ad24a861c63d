"""How many runs of a schedule have failed in a row."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, update

from punctual.store.database import Transaction
from punctual.store.dialect import Dialect
from punctual.store.tables import runs, schedule_versions, schedules


def hold_streak(tx: Transaction, run_id: UUID) -> UUID | None:
    """Lock the row of a run's schedule if it has failures in a row, and return its id; else lock nothing."""
    schedule_id = select(runs.c.schedule_id).where(runs.c.id == run_id).scalar_subquery()
    query = select(schedules.c.id).where(schedules.c.id == schedule_id, schedules.c.failure_streak > 0)
    found: UUID | None = tx.connection.execute(tx.dialect.lock(query, schedules)).scalar_one_or_none()
    return found


def hold_all(tx: Transaction, *, well: Collection[UUID], badly: Collection[UUID]) -> set[UUID]:
    """Lock, in the order of their ids, the schedules whose failures in a row the ends of runs may change.

    These are those of the runs that end badly, and those with failures in a row of the ones that end well, which are
    returned.
    """
    if not well and not badly:
        return set()
    ids = {"ends": [*well, *badly], "badly": list(badly)}
    held = {row.id for row in tx.connection.execute(_holding(tx.dialect), ids)}
    return held.intersection(well)


@lru_cache
def _holding(dialect: Dialect) -> Select[Any]:
    """Return the statement of `hold_all`; made once for a database, for to make it takes longer than to run it."""
    ends, badly = (dialect.is_among_given(runs.c.id, name) for name in ("ends", "badly"))
    query = (
        select(runs.c.id)
        .join(schedules, schedules.c.id == runs.c.schedule_id)
        .where(ends, or_(schedules.c.failure_streak > 0, badly))
        .order_by(schedules.c.id)
    )
    return dialect.lock(query, schedules)


def forget(tx: Transaction, schedule_id: UUID) -> None:
    """Begin the streak of failures of a locked schedule anew."""
    tx.connection.execute(update(schedules).where(schedules.c.id == schedule_id).values(failure_streak=0))


def hold(tx: Transaction, schedule_id: UUID) -> None:
    """Lock the row of a schedule until the transaction ends."""
    query = select(schedules.c.id).where(schedules.c.id == schedule_id)
    tx.connection.execute(tx.dialect.lock(query, schedules)).all()


def count(tx: Transaction, schedule_id: UUID) -> int:
    """Count one more failure in a row of a locked schedule, and return how many there are."""
    statement = update(schedules).where(schedules.c.id == schedule_id)
    counted = statement.values(failure_streak=schedules.c.failure_streak + 1).returning(schedules.c.failure_streak)
    streak: int = tx.connection.execute(counted).scalar_one()
    return streak


def most(tx: Transaction, schedule_id: UUID) -> int | None:
    """Return after how many failures in a row a schedule is paused, by its present version; None for never."""
    current = (schedule_versions.c.schedule_id == schedules.c.id) & (schedule_versions.c.version == schedules.c.version)
    query = select(schedule_versions.c.spec).join(schedules, current).where(schedules.c.id == schedule_id)
    document = tx.connection.execute(query).scalar_one()
    limit = document.get("pause_after_failures")
    return limit if isinstance(limit, int) else None
