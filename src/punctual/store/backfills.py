"""Backfills: written, listed, claimed and moved on; and what the ledger has of the fire times of their spans.

Whoever writes a backfill holds the lock of its schedule.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select, tuple_, update

from punctual.domain.backfill import Backfill, BackfillState, Choice, Order, Record, Reprocess, Tally
from punctual.domain.run import REPEATED_WITHIN, Cause, RunState, Stop
from punctual.domain.skip import ON_PURPOSE
from punctual.store.admission import LEFT_ALONE, ask_to_stop
from punctual.store.database import Transaction
from punctual.store.endings import end_by
from punctual.store.paging import Page, decode_cursor, encode_cursor
from punctual.store.tables import backfills, is_open, runs, schedules

_FULL = select(backfills, schedules.c.name).join(schedules, schedules.c.id == backfills.c.schedule_id)
_RUNNING = backfills.c.state == BackfillState.RUNNING.value
_FOR_FIRE_TIMES = [Cause.SCHEDULE.value, Cause.CATCHUP.value, Cause.RERUN.value, Cause.BACKFILL.value]


@dataclass(frozen=True, slots=True)
class BackfillFilter:
    """Which backfills are wanted; None stands for any."""

    schedule_id: UUID | None = None
    state: BackfillState | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield what holds for the backfills that are wanted."""
        if self.schedule_id is not None:
            yield backfills.c.schedule_id == self.schedule_id
        if self.state is not None:
            yield backfills.c.state == self.state.value


def insert(tx: Transaction, backfill: Backfill) -> None:
    """Store a new backfill, for any node to carry out."""
    tx.connection.execute(
        backfills.insert().values(
            id=backfill.id,
            schedule_id=backfill.schedule_id,
            schedule_version=backfill.schedule_version,
            since=backfill.since,
            until=backfill.until,
            reprocess=backfill.reprocess.value,
            parallelism=backfill.parallelism,
            run_order=backfill.order.value,
            state=backfill.state.value,
            actor=backfill.actor,
            created_at=backfill.created_at,
            next_fire_time=backfill.next_fire_time,
            fire_times=backfill.fire_times,
            fire_times_exact=backfill.fire_times_exact,
            **backfill.tally.model_dump(),
        )
    )
    tx.changed = True


def get(tx: Transaction, backfill_id: UUID) -> Backfill | None:
    """Return a backfill; None when there is none."""
    row = tx.connection.execute(_FULL.where(backfills.c.id == backfill_id)).one_or_none()
    return None if row is None else _backfill(row)


def list_page(tx: Transaction, wanted: BackfillFilter, *, limit: int, cursor: str | None) -> Page[Backfill]:
    """Return backfills, the newest first."""
    key = tuple_(backfills.c.created_at, backfills.c.id)
    statement = _FULL.where(*wanted.conditions()).limit(limit + 1)
    statement = statement.order_by(backfills.c.created_at.desc(), backfills.c.id.desc())
    if cursor is not None:
        created_at, last = decode_cursor(cursor, parts=2)
        at = literal(datetime.fromisoformat(created_at), backfills.c.created_at.type)
        statement = statement.where(key < tuple_(at, literal(UUID(last), backfills.c.id.type)))
    rows = tx.connection.execute(statement).all()
    items = [_backfill(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items, encode_cursor(items[-1].created_at.isoformat(), str(items[-1].id)) if more else None)


def states(tx: Transaction, backfill_ids: Collection[UUID]) -> dict[UUID, dict[RunState, int]]:
    """Return how many runs of each of these backfills are in each state; those with no run are left out."""
    counted: dict[UUID, dict[RunState, int]] = {key: {} for key in backfill_ids}
    query = (
        select(runs.c.backfill_id, runs.c.state, func.count())
        .where(runs.c.backfill_id.in_(backfill_ids))
        .group_by(runs.c.backfill_id, runs.c.state)
    )
    for key, state, count in tx.connection.execute(query):
        counted[key][RunState(state)] = count
    return counted


def are_running() -> ColumnElement[bool]:
    """Return the condition that any backfill runs."""
    return exists(select(backfills.c.id).where(_RUNNING))


def ready(tx: Transaction, now: datetime, *, limit: int) -> list[UUID]:
    """Return the backfills for which something is to be done, those first that got the least so far.

    They have room for another run, or all their runs have ended, or their schedule is deleted.
    """
    open_runs = (
        select(func.count())
        .select_from(runs)
        .where(runs.c.backfill_id == backfills.c.id, is_open(runs))
        .correlate(backfills)
        .scalar_subquery()
    )
    looked_at = backfills.c.made + backfills.c.has_run + backfills.c.closed + backfills.c.skipped
    left = backfills.c.next_fire_time.is_not(None)
    due = or_(backfills.c.retry_at.is_(None), backfills.c.retry_at <= now)
    can_go_on = or_(and_(left, open_runs < backfills.c.parallelism), and_(~left, open_runs == 0))
    query = (
        select(backfills.c.id)
        .join(schedules, schedules.c.id == backfills.c.schedule_id)
        .where(_RUNNING, or_(schedules.c.deleted_at.is_not(None), and_(due, can_go_on)))
        .order_by(looked_at, backfills.c.created_at)
        .limit(limit)
    )
    return list(tx.connection.execute(query).scalars())


@dataclass(frozen=True, slots=True)
class Held:
    """A backfill whose schedule is locked; `deleted`: that schedule is gone."""

    backfill: Backfill
    deleted: bool


def claim(tx: Transaction, backfill_id: UUID) -> Held | None:
    """Lock the schedule of a backfill, and return it; None where another transaction has it, or there is none."""
    return _held(tx, backfill_id, tx.dialect.claim(_schedule_of(backfill_id), schedules))


def lock(tx: Transaction, backfill_id: UUID) -> Held | None:
    """Lock the schedule of a backfill, waiting for it, and return it; None when there is none."""
    return _held(tx, backfill_id, tx.dialect.lock(_schedule_of(backfill_id), schedules))


def active(tx: Transaction, backfill_id: UUID) -> int:
    """Return how many runs of a backfill have not ended."""
    query = select(func.count()).where(runs.c.backfill_id == backfill_id, is_open(runs))
    count: int = tx.connection.execute(query).scalar_one()
    return count


def advance(tx: Transaction, backfill_id: UUID, choice: Choice) -> None:
    """Note what was decided, and go on from there; an error is over."""
    added = {name: backfills.c[name] + count for name, count in choice.tally.model_dump().items()}
    _update(tx, backfill_id, next_fire_time=choice.next_fire_time, error=None, retry_at=None, **added)


def set_aside(tx: Transaction, backfill_id: UUID, *, error: str, retry_at: datetime) -> None:
    """Show why a backfill cannot go on, and look at it again at `retry_at`."""
    _update(tx, backfill_id, error=error, retry_at=retry_at)


def end(tx: Transaction, backfill_id: UUID, state: BackfillState, *, reason: str | None, at: datetime) -> None:
    """Let a backfill be done, or cancelled for a reason."""
    _update(tx, backfill_id, state=state.value, reason=reason, finished_at=at, error=None, retry_at=None)


def cancel_unstarted(tx: Transaction, backfill_id: UUID, *, reason: str, at: datetime) -> None:
    """Cancel the runs of a backfill that no worker has started; workers are told to drop messages that were sent."""
    _cancel(tx, backfill_id, [RunState.BUFFERED], reason=reason, at=at)
    sent = _cancel(tx, backfill_id, [RunState.PENDING, RunState.QUEUED], reason=reason, at=at)
    ask_to_stop(tx, sent, Stop.CANCEL, reason=reason, at=at)


def terminate_started(tx: Transaction, backfill_id: UUID, *, reason: str, at: datetime) -> None:
    """Cancel the runs of a backfill that workers have started, and let these terminate them."""
    started = [RunState.RUNNING, RunState.RETRYING]
    ended = _cancel(tx, backfill_id, started, reason=reason, at=at)
    ask_to_stop(tx, ended, Stop.TERMINATE, reason=reason, at=at)


def _cancel(tx: Transaction, backfill_id: UUID, states: Sequence[RunState], *, reason: str, at: datetime) -> list[UUID]:
    ended = {"state": RunState.CANCELLED.value, "reason": reason, "finished_at": at, **LEFT_ALONE}
    statement = update(runs).where(runs.c.backfill_id == backfill_id, runs.c.state.in_(states)).values(ended)
    return end_by(tx, statement)


def records(tx: Transaction, schedule_id: UUID, fire_times: Sequence[datetime]) -> list[Record]:
    """Return what the ledger has from the first to the last of these fire times, runs now left out."""
    if not fire_times:
        return []
    first, last = min(fire_times), max(fire_times)
    columns = (runs.c.fire_time, runs.c.due_time, runs.c.state, runs.c.attempt, runs.c.covered_until, runs.c.reason)
    query = select(*columns).where(runs.c.schedule_id == schedule_id)
    within = query.where(
        runs.c.fire_time >= first, runs.c.fire_time < last + REPEATED_WITHIN, runs.c.cause.in_(_FOR_FIRE_TIMES)
    )
    reaching_in = query.where(runs.c.covered_until.is_not(None), runs.c.fire_time < first)
    reaching_in = reaching_in.order_by(runs.c.fire_time.desc()).limit(1)
    return [_record(row) for found in (reaching_in, within) for row in tx.connection.execute(found)]


def _record(row: Any) -> Record:  # noqa: ANN401 - a row of six columns
    state = RunState(row.state)
    return Record(
        fire_time=row.fire_time,
        due_time=row.due_time,
        state=state,
        started=row.attempt > 0,
        covered_until=row.covered_until,
        on_purpose=state is RunState.SKIPPED and (row.reason or "").startswith(ON_PURPOSE),
    )


def _schedule_of(backfill_id: UUID) -> Select[Any]:
    schedule_id = select(backfills.c.schedule_id).where(backfills.c.id == backfill_id).scalar_subquery()
    return select(schedules.c.id, schedules.c.deleted_at).where(schedules.c.id == schedule_id)


def _held(tx: Transaction, backfill_id: UUID, query: Select[Any]) -> Held | None:
    """Lock first and read then: what the locking statement reads of other rows is older than the lock."""
    schedule = tx.connection.execute(query).one_or_none()
    if schedule is None:
        return None
    backfill = get(tx, backfill_id)
    return None if backfill is None else Held(backfill, deleted=schedule.deleted_at is not None)


def _update(tx: Transaction, backfill_id: UUID, **values: object) -> None:
    tx.connection.execute(update(backfills).where(backfills.c.id == backfill_id).values(**values))


def _backfill(row: Row[Any]) -> Backfill:
    return Backfill(
        id=row.id,
        schedule_id=row.schedule_id,
        schedule=row.name,
        schedule_version=row.schedule_version,
        since=row.since,
        until=row.until,
        reprocess=Reprocess(row.reprocess),
        parallelism=row.parallelism,
        order=Order(row.run_order),
        state=BackfillState(row.state),
        actor=row.actor,
        created_at=row.created_at,
        finished_at=row.finished_at,
        reason=row.reason,
        error=row.error,
        next_fire_time=row.next_fire_time,
        fire_times=row.fire_times,
        fire_times_exact=row.fire_times_exact,
        tally=Tally(made=row.made, has_run=row.has_run, closed=row.closed, skipped=row.skipped),
    )
