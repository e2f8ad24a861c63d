"""Runs of which no plug-in tells: what decides on their moves, and which were told of twice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update

from punctual.domain.run import RunState, Stop
from punctual.domain.source import Source
from punctual.store.database import Transaction
from punctual.store.tables import is_open, is_without_plugin, runs, schedule_versions

FIRST_LOOK = timedelta(seconds=5)
"""So long the plug-in and events have to tell of a run before its result is looked up."""

_SHORTEST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Mark:
    """When somebody told that a run is retrying, in seconds by their own clock, and which worker it was about.

    The worker is empty where it is not known.
    """

    timestamp: float
    worker: str

    def covers(self, timestamp: float, worker: str | None) -> bool:
        """Return whether what was told then was told before; of another worker nothing is."""
        return timestamp <= self.timestamp and (worker in {None, self.worker} or not self.worker)


@dataclass(frozen=True, slots=True)
class FollowedRun:
    """A run that has not ended. Its last message is for `sent_attempt`; `timeout` is in seconds."""

    id: UUID
    schedule_id: UUID
    state: RunState
    attempt: int
    sent_attempt: int
    queued_at: datetime | None
    worker: str | None
    source: Source | None
    cancelling: bool
    mark: Mark | None
    timeout: float | None


_VERSION = and_(
    schedule_versions.c.schedule_id == runs.c.schedule_id, schedule_versions.c.version == runs.c.schedule_version
)


def open_runs(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, FollowedRun]:
    """Return those of the runs that have not ended, and that no plug-in tells of."""
    if not ids:
        return {}
    query = (
        select(runs, schedule_versions.c.spec)
        .join(schedule_versions, _VERSION)
        .where(tx.dialect.is_among(runs.c.id, ids), is_open(runs))
        .where(runs.c.source.is_distinct_from(Source.PLUGIN.value))
    )
    return {row.id: _followed(row) for row in tx.connection.execute(query)}


def due_looks(tx: Transaction, now: datetime, *, limit: int) -> list[FollowedRun]:
    """Return runs whose result may be looked up now, those that have waited longest first; other nodes get others.

    In a transaction that writes, they are this node's until its end.
    """
    sent = (RunState.QUEUED.value, RunState.RUNNING.value, RunState.RETRYING.value)
    query = (
        select(runs, schedule_versions.c.spec)
        .join(schedule_versions, _VERSION)
        .where(is_open(runs), runs.c.state.in_(sent), runs.c.source.is_distinct_from(Source.PLUGIN.value))
        .where(or_(and_(runs.c.look_at.is_(None), runs.c.queued_at <= now - FIRST_LOOK), runs.c.look_at <= now))
        .where(runs.c.queued_at.is_not(None))
        .order_by(func.coalesce(runs.c.look_at, runs.c.queued_at))
        .limit(limit)
    )
    return [_followed(row) for row in tx.connection.execute(tx.dialect.claim(query, runs))]


def put_off_looks(tx: Transaction, found: Sequence[FollowedRun], now: datetime) -> None:
    """Note that these are looked up now: the next look is the later, the longer a run has been sent."""
    rows = [{"id": run.id, "look_at": now + _pause(now - (run.queued_at or now))} for run in found]
    if rows:
        tx.dialect.update_by_id(tx.connection, runs, rows)


def _pause(age: timedelta) -> timedelta:
    return min(max(age / 4, _SHORTEST_PAUSE), _LONGEST_PAUSE)


def mark_retrying(tx: Transaction, run_id: UUID, mark: Mark) -> None:
    """Note what was told of a run that retries now, so that it is not taken for word of the next attempt."""
    retrying = update(runs).where(runs.c.id == run_id, runs.c.state == RunState.RETRYING.value)
    tx.connection.execute(retrying.values(told_mark=f"{mark.timestamp!r} {mark.worker}"))


def drop_messages(tx: Transaction, run_id: UUID) -> None:
    """Let any node tell the workers to drop the messages of a run that has ended."""
    tx.connection.execute(update(runs).where(runs.c.id == run_id).values(stop=Stop.CANCEL.value, stop_attempt=None))
    tx.changed = True


def told_without_plugin(tx: Transaction, schedule_ids: Collection[UUID], *, since: datetime) -> set[UUID]:
    """Return those of the schedules that have runs, of fire times since then, which others than the plug-in told of."""
    query = select(runs.c.schedule_id).distinct()
    found = query.where(
        tx.dialect.is_among(runs.c.schedule_id, schedule_ids),
        is_without_plugin(runs),
        runs.c.fire_time >= since,
    )
    return set(tx.connection.execute(found).scalars())


def _followed(row: Any) -> FollowedRun:  # noqa: ANN401 - a row of the query above
    timeout = row.spec.get("timeout")
    return FollowedRun(
        id=row.id,
        schedule_id=row.schedule_id,
        state=RunState(row.state),
        attempt=row.attempt,
        sent_attempt=row.sent_attempt or 1,
        queued_at=row.queued_at,
        worker=row.worker,
        source=None if row.source is None else Source(row.source),
        cancelling=row.cancelling is not None,
        mark=_mark(row.told_mark),
        timeout=timeout if isinstance(timeout, int | float) else None,
    )


def _mark(text: str | None) -> Mark | None:
    if text is None:
        return None
    timestamp, _, worker = text.partition(" ")
    return Mark(float(timestamp), worker)
