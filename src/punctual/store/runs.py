"""Runs: what workers record of them, and reading the ledger."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, update

from punctual.domain.run import ALLOWED_FROM, Cause, Run, RunError, RunState
from punctual.store.database import Transaction
from punctual.store.paging import Page, decode_cursor, encode_cursor
from punctual.store.tables import runs, schedule_versions, schedules


def record_start(tx: Transaction, run_id: UUID, *, worker: str, attempt: int, at: datetime) -> bool:
    """Record that a worker began an attempt; the answer False means the ledger refused the move."""
    return _move(tx, run_id, RunState.RUNNING, {"worker": worker, "attempt": attempt, "started_at": at, "error": None})


def record_retry(tx: Transaction, run_id: UUID, *, error: RunError, at: datetime) -> bool:
    """Record that an attempt ended in an error and another will follow; False: the ledger refused the move.

    A record that comes after the next attempt has started is refused as well.
    """
    still_that_attempt = or_(runs.c.started_at.is_(None), runs.c.started_at <= at)
    return _move(tx, run_id, RunState.RETRYING, {"error": error.model_dump(mode="json")}, still_that_attempt)


def record_end(
    tx: Transaction,
    run_id: UUID,
    *,
    state: RunState,
    at: datetime,
    result: JsonValue = None,
    error: RunError | None = None,
    reason: str | None = None,
    worker: str | None = None,
) -> bool:
    """Record a terminal state; False: the ledger refused the move, for the first terminal state wins."""
    facts: dict[str, Any] = {
        "finished_at": at,
        "result": result,
        "error": None if error is None else error.model_dump(mode="json"),
        "reason": reason,
    }
    if worker is not None:
        facts["worker"] = worker
    return _move(tx, run_id, state, facts)


def skip_pending(tx: Transaction, schedule_id: UUID, *, reason: str, at: datetime) -> int:
    """Skip the runs of a schedule's fire times that wait to be due; return how many. The caller holds its lock.

    A run that a node is sending already is left to it, and one that somebody asked for as well.
    """
    skipped = tx.connection.execute(
        update(runs)
        .where(
            runs.c.schedule_id == schedule_id,
            runs.c.state == RunState.PENDING.value,
            runs.c.cause.in_([Cause.SCHEDULE.value, Cause.CATCHUP.value]),
            runs.c.due_time > at,
        )
        .values(state=RunState.SKIPPED.value, reason=reason, finished_at=at)
    )
    return skipped.rowcount


def get(tx: Transaction, run_id: UUID) -> Run | None:
    """Return one run; None when there is none."""
    row = tx.connection.execute(_FULL.where(runs.c.id == run_id)).one_or_none()
    return None if row is None else _run(row)


def list_page(
    tx: Transaction,
    *,
    schedule_id: UUID | None,
    state: RunState | None,
    cause: Cause | None,
    limit: int,
    cursor: str | None,
) -> Page[Run]:
    """Return runs, the newest fire time first."""
    statement = _FULL.order_by(runs.c.fire_time.desc(), runs.c.id.desc()).limit(limit + 1)
    if schedule_id is not None:
        statement = statement.where(runs.c.schedule_id == schedule_id)
    if state is not None:
        statement = statement.where(runs.c.state == state.value)
    if cause is not None:
        statement = statement.where(runs.c.cause == cause.value)
    if cursor is not None:
        statement = _after(statement, cursor)
    rows = tx.connection.execute(statement).all()
    items = [_run(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items, encode_cursor(items[-1].fire_time.isoformat(), str(items[-1].id)) if more else None)


_FULL = (
    select(runs, schedules.c.name, schedule_versions.c.spec)
    .join(schedules, schedules.c.id == runs.c.schedule_id)
    .join(
        schedule_versions,
        and_(
            schedule_versions.c.schedule_id == runs.c.schedule_id,
            schedule_versions.c.version == runs.c.schedule_version,
        ),
    )
)


def _after(statement: Select[Any], cursor: str) -> Select[Any]:
    fire_time, last = decode_cursor(cursor, parts=2)
    instant = datetime.fromisoformat(fire_time)
    return statement.where(or_(runs.c.fire_time < instant, and_(runs.c.fire_time == instant, runs.c.id < UUID(last))))


def _move(
    tx: Transaction, run_id: UUID, state: RunState, facts: dict[str, Any], *conditions: ColumnElement[bool]
) -> bool:
    origins = [origin.value for origin in ALLOWED_FROM[state]]
    moved = tx.connection.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.state.in_(origins), *conditions)
        .values(state=state.value, lease_node=None, lease_until=None, **facts)
    )
    return moved.rowcount == 1


def _run(row: Row[Any]) -> Run:
    spec = row.spec
    return Run(
        id=row.id,
        schedule_id=row.schedule_id,
        schedule=row.name,
        schedule_version=row.schedule_version,
        cause=Cause(row.cause),
        state=RunState(row.state),
        reason=row.reason,
        fire_time=row.fire_time,
        due_time=row.due_time,
        task=spec["task"],
        args=spec["args"] if row.args is None else row.args,
        kwargs=spec["kwargs"] if row.kwargs is None else row.kwargs,
        queue=spec["queue"],
        origin_id=row.origin_id,
        queued_at=row.queued_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        worker=row.worker,
        attempt=row.attempt,
        result=row.result,
        error=None if row.error is None else RunError.model_validate(row.error),
        covered_until=row.covered_until,
        covered_count=row.covered_count,
        covered_count_exact=row.covered_count_exact,
    )
