"""Buffered runs: which of them may start now that others have ended."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, update

from punctual.domain.run import ACTIVE, Cause, RunState
from punctual.store import backfills
from punctual.store.database import Transaction
from punctual.store.tables import is_open, runs, schedules

_ACTIVE = sorted(state.value for state in ACTIVE)
_BUFFERED = runs.c.state == RunState.BUFFERED.value


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A buffered run that nothing holds back; `taken` is how many runs hold its key."""

    id: UUID
    schedule_id: UUID
    exclusive: bool
    key: str | None
    limit: int | None
    taken: int


def is_any(tx: Transaction) -> bool:
    """Tell whether any run waits for others, or any backfill for room."""
    return bool(tx.connection.execute(_IS_ANY).scalar())


_IS_ANY = select(or_(exists(select(runs.c.id).where(_BUFFERED)), backfills.are_running()))


def free(tx: Transaction, *, limit: int, only: Collection[UUID] | None = None) -> list[WaitingRun]:
    """Return the buffered runs that nothing holds back at this moment, the longest due first; `only` among these."""
    other = runs.alias("other")
    active = and_(is_open(other), other.c.state.in_(_ACTIVE))
    same_schedule = (
        select(other.c.id)
        .where(other.c.schedule_id == runs.c.schedule_id, active, other.c.cause != Cause.BACKFILL.value)
        .exists()
    )
    taken = (
        select(func.count())
        .select_from(other)
        .where(other.c.concurrency_key == runs.c.concurrency_key, other.c.finished_at.is_(None), active)
        .correlate(runs)
        .scalar_subquery()
    )
    conditions: list[ColumnElement[bool]] = [
        _BUFFERED,
        or_(~runs.c.exclusive, ~same_schedule),
        or_(runs.c.concurrency_key.is_(None), taken < runs.c.concurrency_limit),
    ]
    if only is not None:
        conditions.append(runs.c.id.in_(only))
    columns = (runs.c.id, runs.c.schedule_id, runs.c.exclusive, runs.c.concurrency_key, runs.c.concurrency_limit, taken)
    query = select(*columns).where(and_(*conditions)).order_by(runs.c.due_time, runs.c.fire_time).limit(limit)
    return [WaitingRun(*row) for row in tx.connection.execute(query)]


def lock(tx: Transaction, found: Collection[WaitingRun]) -> list[UUID]:
    """Lock the schedules and the keys of waiting runs, and return the runs of which both could be had at once."""
    ids = sorted({run.schedule_id for run in found})
    query = select(schedules.c.id).where(schedules.c.id.in_(ids)).order_by(schedules.c.id)
    held = set(tx.connection.execute(tx.dialect.claim(query, schedules)).scalars())
    keys = {key for key in sorted({run.key for run in found if run.key}) if tx.dialect.try_lock(tx.connection, key)}
    return [run.id for run in found if run.schedule_id in held and (run.key is None or run.key in keys)]


def release(tx: Transaction, ids: Collection[UUID], *, now: datetime) -> None:
    """Let buffered runs be sent by any node, those that are due later when they are."""
    due = func.greatest if tx.dialect.has_own_clock else func.max
    tx.connection.execute(
        update(runs)
        .where(runs.c.id.in_(ids), _BUFFERED)
        .values(
            state=RunState.PENDING.value, reason=None, send_at=due(runs.c.due_time, literal(now, runs.c.due_time.type))
        )
    )
