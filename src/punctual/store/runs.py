"""Reading the ledger, and skipping what it has ahead of time."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, literal, literal_column, or_, select, tuple_, update

from punctual.domain.report import Progress
from punctual.domain.run import REPEATED_WITHIN, TERMINAL, Cause, Run, RunError, RunState
from punctual.domain.source import Source
from punctual.store.admission import LEFT_ALONE
from punctual.store.database import Transaction
from punctual.store.endings import end_by
from punctual.store.paging import Page, decode_cursor, encode_cursor
from punctual.store.tables import runs, schedule_versions, schedules


def skip_pending(tx: Transaction, schedule_id: UUID, *, reason: str, at: datetime) -> int:
    """Skip the runs of a schedule's fire times that wait to be due, or for others; return how many.

    The caller holds the lock of the schedule.
    A run that a node is sending already is left to it, and one that somebody asked for as well.
    """
    skipped = end_by(
        tx,
        update(runs)
        .where(
            runs.c.schedule_id == schedule_id,
            runs.c.cause.in_(_OF_FIRE_TIMES),
            or_(
                runs.c.state == RunState.BUFFERED.value,
                and_(runs.c.state == RunState.PENDING.value, runs.c.due_time > at, runs.c.lease_node.is_(None)),
            ),
        )
        .values({"state": RunState.SKIPPED.value, "reason": reason, "finished_at": at, **LEFT_ALONE}),
    )
    return len(skipped)


def get(tx: Transaction, run_id: UUID) -> Run | None:
    """Return one run; None when there is none."""
    row = tx.connection.execute(_FULL.where(runs.c.id == run_id)).one_or_none()
    return None if row is None else _run(row)


def lock(tx: Transaction, run_id: UUID) -> Run | None:
    """Lock one run until the transaction ends, and return it; None when there is none.

    The caller holds the lock of the schedule, which comes first everywhere.
    """
    row = tx.connection.execute(tx.dialect.lock(_FULL.where(runs.c.id == run_id), runs)).one_or_none()
    return None if row is None else _run(row)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are wanted; None and nothing stand for any.

    `since` is the first fire time and `until` the first one that is too late; a record of many counts by its first.
    """

    schedule_id: UUID | None = None
    states: Collection[RunState] = ()
    cause: Cause | None = None
    task: str | None = None
    backfill_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield what holds for the runs that are wanted."""
        if self.schedule_id is not None:
            yield runs.c.schedule_id == self.schedule_id
        if self.states:
            yield runs.c.state.in_(sorted(self.states))
            if RunState.SUCCEEDED not in self.states:  # said in so many words, so that the index of these is used
                yield runs.c.state != literal_column(f"'{RunState.SUCCEEDED.value}'")
        if self.cause is not None:
            yield runs.c.cause == self.cause.value
        if self.task is not None:
            yield schedule_versions.c.task == self.task
        if self.backfill_id is not None:
            yield runs.c.backfill_id == self.backfill_id
        if self.since is not None:
            yield runs.c.fire_time >= self.since
        if self.until is not None:
            yield runs.c.fire_time < self.until


def list_page(tx: Transaction, wanted: RunFilter, *, limit: int, cursor: str | None) -> Page[Run]:
    """Return runs, the newest fire time first."""
    statement = _FULL.where(*wanted.conditions()).order_by(runs.c.fire_time.desc(), runs.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        statement = _after(statement, cursor)
    rows = tx.connection.execute(statement).all()
    items = [_run(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items, encode_cursor(items[-1].fire_time.isoformat(), str(items[-1].id)) if more else None)


def of_fire_time(tx: Transaction, schedule_id: UUID, fire_time: datetime) -> list[Run]:
    """Return the records that have this fire time, and the runs that repeat it, the oldest first."""
    statement = _FULL.where(
        runs.c.schedule_id == schedule_id,
        runs.c.fire_time.in_([fire_time + number * _MICROSECOND for number in range(REPEATED_WITHIN // _MICROSECOND)]),
        or_(runs.c.fire_time == fire_time, runs.c.cause.in_([Cause.RERUN.value, Cause.BACKFILL.value])),
    )
    return [_run(row) for row in tx.connection.execute(statement.order_by(runs.c.due_time, runs.c.fire_time))]


def covering(tx: Transaction, schedule_id: UUID, instant: datetime) -> Run | None:
    """Return the record of fire times that do not run whose range an instant is in; None when there is none."""
    statement = _FULL.where(
        runs.c.schedule_id == schedule_id, runs.c.covered_until.is_not(None), runs.c.fire_time <= instant
    )
    row = tx.connection.execute(statement.order_by(runs.c.fire_time.desc()).limit(1)).one_or_none()
    return None if row is None or row.covered_until < instant else _run(row)


def any_after(tx: Transaction, schedule_id: UUID, instant: datetime) -> bool:
    """Tell whether the ledger has anything of the schedule's own fire times after an instant."""
    found = select(runs.c.id).where(
        runs.c.schedule_id == schedule_id, runs.c.fire_time > instant, runs.c.cause.in_(_OF_FIRE_TIMES)
    )
    return tx.connection.execute(found.limit(1)).one_or_none() is not None


def last_decided(tx: Transaction, schedule_id: UUID) -> datetime | None:
    """Return the last fire time of a schedule that the ledger has a record of; None where it has none."""
    own = select(runs.c.fire_time, runs.c.covered_until).where(
        runs.c.schedule_id == schedule_id, runs.c.cause.in_(_OF_FIRE_TIMES)
    )
    row = tx.connection.execute(own.order_by(runs.c.fire_time.desc()).limit(1)).one_or_none()
    return None if row is None else row.covered_until or row.fire_time


def last_success(tx: Transaction, schedule_id: UUID, before: datetime) -> datetime | None:
    """Return the fire time of the last run of a schedule that succeeded, of those before a fire time; None for none."""
    query = select(runs.c.fire_time).where(
        runs.c.schedule_id == schedule_id,
        runs.c.fire_time < before - REPEATED_WITHIN,
        runs.c.state == RunState.SUCCEEDED.value,
    )
    found: datetime | None = tx.connection.execute(query.order_by(runs.c.fire_time.desc()).limit(1)).scalar()
    return found


_MICROSECOND = timedelta(microseconds=1)
_OF_FIRE_TIMES = [Cause.SCHEDULE.value, Cause.CATCHUP.value]

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
    key = tuple_(literal(datetime.fromisoformat(fire_time), runs.c.fire_time.type), literal(UUID(last), runs.c.id.type))
    return statement.where(tuple_(runs.c.fire_time, runs.c.id) < key)


def _run(row: Row[Any]) -> Run:
    spec = row.spec
    state = RunState(row.state)
    waits = state is RunState.RETRYING and row.queued_at is None and row.lease_node is None
    return Run(
        id=row.id,
        schedule_id=row.schedule_id,
        schedule=row.name,
        schedule_version=row.schedule_version,
        cause=Cause(row.cause),
        state=state,
        reason=row.reason if row.cancelling is None or state in TERMINAL else row.cancelling,
        fire_time=row.fire_time,
        due_time=row.due_time,
        task=spec["task"],
        args=spec["args"] if row.args is None else row.args,
        kwargs=spec["kwargs"] if row.kwargs is None else row.kwargs,
        queue=spec["queue"],
        exchange=spec.get("exchange"),
        origin_id=row.origin_id,
        backfill_id=row.backfill_id,
        expires_at=None if state is RunState.RUNNING else row.deadline,
        queued_at=row.queued_at,
        next_attempt_at=row.send_at if waits else None,
        received_at=row.received_at,
        received_by=row.received_by,
        started_at=row.started_at,
        times_out_at=row.deadline if state is RunState.RUNNING else None,
        finished_at=row.finished_at,
        worker=row.worker,
        attempt=row.attempt,
        progress=None if row.progress is None else Progress.model_validate(row.progress),
        result=row.result,
        preview_of=row.result_size,
        error=None if row.error is None else RunError.model_validate(row.error),
        covered_until=row.covered_until,
        covered_count=row.covered_count,
        covered_count_exact=row.covered_count_exact,
        source=None if row.source is None else Source(row.source),
    )
