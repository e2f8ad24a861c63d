"""How many runs of a schedule have failed in a row."""

from uuid import UUID

from sqlalchemy import select, update

from punctual.store.database import Transaction
from punctual.store.tables import runs, schedules


def forget(tx: Transaction, run_id: UUID) -> None:
    """Begin the streak of failures of a run's schedule anew; nothing is locked where there is none."""
    schedule_id = select(runs.c.schedule_id).where(runs.c.id == run_id).scalar_subquery()
    tx.connection.execute(
        update(schedules).where(schedules.c.id == schedule_id, schedules.c.failure_streak > 0).values(failure_streak=0)
    )


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
