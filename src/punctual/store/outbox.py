"""Sending: which runs need a message, who sends it, and that it was sent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Select, bindparam, case, or_, select, update

from punctual.domain.run import REPEATED_WITHIN, Cause, RunState
from punctual.store.database import Transaction
from punctual.store.ledger import Lease
from punctual.store.tables import runs, schedule_versions, schedules


@dataclass(frozen=True, slots=True)
class UnsentRun:
    """A claimed run: what its message is made of.

    `document` is the stored version of the spec; `args` and `kwargs` are what the run has in place of the spec's.
    `attempt` is the last one that was begun. One that has `queued_at` was sent then, and nothing was heard of it. One
    that is `repeated` may have been sent before, for a node has held its lease. `previous_fire_time` is that of the run
    before it, of those that its schedule or a backfill made.
    """

    id: UUID
    schedule_id: UUID
    schedule: str
    fire_time: datetime
    cause: str
    attempt: int
    queued_at: datetime | None
    deadline: datetime | None
    document: dict[str, Any]
    args: list[JsonValue] | None
    kwargs: dict[str, JsonValue] | None
    previous_fire_time: datetime | None
    repeated: bool


def claim_unsent(tx: Transaction, now: datetime, *, lease: Lease, limit: int) -> list[UnsentRun]:
    """Take the lease of runs that are to be sent by now and that nobody is sending, oldest first, at most `limit`."""
    repeated = or_(runs.c.lease_node.is_not(None), runs.c.queued_at.is_not(None))
    query = select(runs.c.id, repeated).where(runs.c.send_at <= now).order_by(runs.c.send_at, runs.c.fire_time)
    claimed = {key: bool(was) for key, was in tx.connection.execute(tx.dialect.claim(query.limit(limit), runs))}
    if not claimed:
        return []
    ids = list(claimed)
    tx.connection.execute(
        update(runs)
        .where(tx.dialect.is_among(runs.c.id, ids))
        .values(lease_node=lease.node, send_at=lease.until, sent_attempt=runs.c.attempt + 1)
    )
    version = (schedule_versions.c.schedule_id == runs.c.schedule_id) & (
        schedule_versions.c.version == runs.c.schedule_version
    )
    previous = _fire_time_before(runs.c.schedule_id, runs.c.fire_time).scalar_subquery()
    facts = (
        select(
            runs.c.id,
            runs.c.schedule_id,
            schedules.c.name.label("schedule"),
            runs.c.fire_time,
            runs.c.cause,
            runs.c.attempt,
            runs.c.queued_at,
            runs.c.deadline,
            schedule_versions.c.spec.label("document"),
            runs.c.args,
            runs.c.kwargs,
            previous.label("previous_fire_time"),
        )
        .join(schedules, schedules.c.id == runs.c.schedule_id)
        .join(schedule_versions, version)
        .where(tx.dialect.is_among(runs.c.id, ids))
        .order_by(runs.c.due_time, runs.c.fire_time)
    )
    rows = tx.connection.execute(facts).all()
    return [_past_repeated(tx, UnsentRun(**row._asdict(), repeated=claimed[row.id])) for row in rows]


def _fire_time_before(schedule_id: Any, before: Any) -> Select[Any]:  # noqa: ANN401 - columns, or values
    """Return the query for the last fire time of a schedule that a run was made for, before an instant."""
    ledger = runs.alias()
    return (
        select(ledger.c.fire_time)
        .where(
            ledger.c.schedule_id == schedule_id,
            ledger.c.fire_time < before,
            ledger.c.cause.in_(_MADE_FOR_FIRE_TIMES),
            ledger.c.covered_until.is_(None),
        )
        .order_by(ledger.c.fire_time.desc())
        .limit(1)
    )


def _past_repeated(tx: Transaction, run: UnsentRun) -> UnsentRun:
    """Return a run that repeats a fire time with the one before that."""
    previous = run.previous_fire_time
    if previous is None or run.fire_time - previous >= REPEATED_WITHIN:
        return run
    query = _fire_time_before(run.schedule_id, run.fire_time - REPEATED_WITHIN)
    return replace(run, previous_fire_time=tx.connection.execute(query).scalar_one_or_none())


_MADE_FOR_FIRE_TIMES = [Cause.SCHEDULE.value, Cause.CATCHUP.value, Cause.BACKFILL.value]


def mark_sent(tx: Transaction, ids: Collection[UUID], *, node: UUID, at: datetime, again_at: datetime | None) -> None:
    """Note that the messages of these runs are in the broker, for those that this node still has the lease of.

    From `again_at` on a message is taken for lost; None is never. Runs that are further already are left alone.
    """
    state = case((runs.c.state == RunState.PENDING.value, RunState.QUEUED.value), else_=runs.c.state)
    tx.connection.execute(
        update(runs)
        .where(tx.dialect.is_among(runs.c.id, ids), runs.c.lease_node == node)
        .values(state=state, queued_at=at, send_at=again_at, lease_node=None)
    )


def mark_sent_again(tx: Transaction, again_at: Sequence[tuple[UUID, datetime]], *, node: UUID) -> None:
    """Note that messages were sent once more, each with the instant from which on it is taken for lost."""
    statement = (
        update(runs)
        .where(runs.c.id == bindparam("key"), runs.c.lease_node == node)
        .values(send_at=bindparam("again_at", type_=runs.c.send_at.type), lease_node=None)
    )
    if again_at:
        tx.connection.execute(statement, [{"key": key, "again_at": at} for key, at in again_at])


def put_back(tx: Transaction, ids: Collection[UUID], *, node: UUID, until: datetime) -> None:
    """Leave runs to any node from `until` on; this one stays noted, for the broker may have their messages."""
    tx.connection.execute(
        update(runs).where(tx.dialect.is_among(runs.c.id, ids), runs.c.lease_node == node).values(send_at=until)
    )


def next_try(run: UnsentRun, now: datetime, resend_after: timedelta) -> datetime:
    """Return when a run that was sent again is to be sent once more: each time it waits twice as long."""
    return now + max(resend_after, now - (run.queued_at or now))
