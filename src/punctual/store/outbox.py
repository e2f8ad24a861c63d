"""Sending: which recorded runs have no message yet, who sends them, and that they were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import case, func, or_, select, update

from punctual.domain.run import RunState
from punctual.store.database import Transaction
from punctual.store.ledger import Lease
from punctual.store.tables import runs, schedule_versions, schedules


@dataclass(frozen=True, slots=True)
class UnsentRun:
    """A claimed run: what its message is made of.

    `document` is the stored version of the spec; `args` and `kwargs` are what the run has in place of the spec's.
    """

    id: UUID
    schedule_id: UUID
    schedule: str
    fire_time: datetime
    cause: str
    document: dict[str, Any]
    args: list[JsonValue] | None
    kwargs: dict[str, JsonValue] | None


def claim_unsent(tx: Transaction, now: datetime, *, lease: Lease, limit: int) -> list[UnsentRun]:
    """Take the lease of due runs that nobody is sending, oldest first, at most `limit`."""
    query = (
        select(runs.c.id)
        .where(
            runs.c.state == RunState.PENDING.value,
            runs.c.due_time <= now,
            or_(runs.c.lease_until.is_(None), runs.c.lease_until <= now),
        )
        .order_by(runs.c.due_time, runs.c.fire_time)
        .limit(limit)
    )
    ids = list(tx.connection.execute(tx.dialect.claim(query, runs)).scalars())
    if not ids:
        return []
    tx.connection.execute(update(runs).where(runs.c.id.in_(ids)).values(lease_node=lease.node, lease_until=lease.until))
    version = (schedule_versions.c.schedule_id == runs.c.schedule_id) & (
        schedule_versions.c.version == runs.c.schedule_version
    )
    facts = (
        select(
            runs.c.id,
            runs.c.schedule_id,
            schedules.c.name,
            runs.c.fire_time,
            runs.c.cause,
            schedule_versions.c.spec,
            runs.c.args,
            runs.c.kwargs,
        )
        .join(schedules, schedules.c.id == runs.c.schedule_id)
        .join(schedule_versions, version)
        .where(runs.c.id.in_(ids))
        .order_by(runs.c.due_time, runs.c.fire_time)
    )
    return [UnsentRun(*row) for row in tx.connection.execute(facts)]


def next_unsent_time(tx: Transaction) -> datetime | None:
    """Return when the earliest unsent run may be sent: at its due time, or when its lease runs out."""
    free = case((runs.c.lease_until > runs.c.due_time, runs.c.lease_until), else_=runs.c.due_time)
    earliest = select(func.min(free)).where(runs.c.state == RunState.PENDING.value)
    found: datetime | None = tx.connection.execute(earliest).scalar()
    return found


def mark_queued(tx: Transaction, ids: Sequence[UUID], *, at: datetime) -> None:
    """Note that the messages of these runs are in the broker; runs that are further already are left alone."""
    tx.connection.execute(
        update(runs)
        .where(runs.c.id.in_(ids), runs.c.state == RunState.PENDING.value)
        .values(state=RunState.QUEUED.value, queued_at=at, lease_node=None, lease_until=None)
    )


def put_back(tx: Transaction, ids: Sequence[UUID], *, until: datetime) -> None:
    """Give up the lease of runs that could not be sent, from `until` on."""
    tx.connection.execute(
        update(runs).where(runs.c.id.in_(ids), runs.c.state == RunState.PENDING.value).values(lease_until=until)
    )
