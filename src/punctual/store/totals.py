"""What has ended so far, by task and by schedule: the sums of the tallies."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, distinct, func, select

from punctual.domain.tally import NUMBERS, Counts
from punctual.store.database import Transaction
from punctual.store.tables import schedules, tallies
from punctual.store.tallies import ALL_SCHEDULES


@dataclass(slots=True)
class Total:
    """The counts of a task or a schedule by the state that runs ended in; `schedule` is None for those of a task."""

    task: str
    schedule: str | None
    by_state: dict[str, Counts] = field(default_factory=dict)


def of_tasks(tx: Transaction) -> list[Total]:
    """Return the totals of all tasks, by name."""
    query = (
        select(tallies.c.task, tallies.c.state, *(func.sum(tallies.c[name]).label(name) for name in NUMBERS))
        .where(tallies.c.schedule_id == ALL_SCHEDULES)
        .group_by(tallies.c.task, tallies.c.state)
        .order_by(tallies.c.task, tallies.c.state)
    )
    totals: dict[str, Total] = {}
    for row in tx.connection.execute(query):
        _take(totals.setdefault(row.task, Total(row.task, None)), row)
    return list(totals.values())


def of_schedules(tx: Transaction, limit: int) -> tuple[list[Total], int]:
    """Return the totals of so many schedules, those whose runs ended last; and how many others there are."""
    living = select(schedules.c.id).where(schedules.c.id == tallies.c.schedule_id, schedules.c.deleted_at.is_(None))
    known = (
        select(tallies.c.schedule_id)
        .where(living.exists())
        .group_by(tallies.c.schedule_id)
        .order_by(func.max(tallies.c.ended_at).desc())
        .limit(limit)
        .subquery()
    )
    query = (
        select(schedules.c.name, tallies)
        .join(known, known.c.schedule_id == tallies.c.schedule_id)
        .join(schedules, schedules.c.id == tallies.c.schedule_id)
        .order_by(schedules.c.name, tallies.c.state)
    )
    totals: dict[tuple[UUID, str], Total] = {}
    for row in tx.connection.execute(query):
        _take(totals.setdefault((row.schedule_id, row.task), Total(row.task, row.name)), row)
    count = select(func.count(distinct(tallies.c.schedule_id))).where(living.exists())
    return list(totals.values()), max(tx.connection.execute(count).scalar_one() - limit, 0)


def forget_idle(tx: Transaction, *, before: datetime) -> None:
    """Remove the tallies of schedules of which no run has ended since an instant; those of tasks stay."""
    idle = tallies.c.ended_at < before
    tx.connection.execute(delete(tallies).where(tallies.c.schedule_id != ALL_SCHEDULES, idle))


def _take(total: Total, row: Row[Any]) -> None:
    numbers = {name: float(getattr(row, name)) for name in NUMBERS}
    total.by_state.setdefault(row.state, Counts()).add_all(numbers, None)
