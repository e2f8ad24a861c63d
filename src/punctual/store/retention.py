"""Removing what the ledger need not keep: runs that ended long ago, and versions that nothing refers to any more.

Each function removes at most so many rows, and takes only those that no other transaction holds: any number of nodes
share the work, and nobody waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, select, tuple_

from punctual.domain.run import TERMINAL
from punctual.store.database import Transaction
from punctual.store.tables import backfills, runs, schedule_versions, schedules


@dataclass(frozen=True, slots=True)
class Excess:
    """A schedule with more records than are to be kept, and the newest fire time of those that are too many."""

    schedule_id: UUID
    up_to: datetime


def remove_ended(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Remove runs that ended before an instant, the earliest first; return how many."""
    ended = select(runs.c.id).where(runs.c.finished_at < before).order_by(runs.c.finished_at)
    return _remove(tx, ended, limit)


def find_excess(
    tx: Transaction, *, keep: int, after: UUID | None, schedules_at_once: int
) -> tuple[list[Excess], UUID | None]:
    """Look at so many schedules after an id, by id: return those with more than `keep` records, and the last id seen.

    That is None once there are no more schedules.
    """
    newest_too_many = (
        select(runs.c.fire_time)
        .where(runs.c.schedule_id == schedules.c.id)
        .order_by(runs.c.fire_time.desc())
        .offset(keep)
        .limit(1)
        .scalar_subquery()
    )
    query = select(schedules.c.id, newest_too_many).order_by(schedules.c.id).limit(schedules_at_once)
    if after is not None:
        query = query.where(schedules.c.id > after)
    rows = tx.connection.execute(query).all()
    last = rows[-1][0] if len(rows) == schedules_at_once else None
    return [Excess(key, up_to) for key, up_to in rows if up_to is not None], last


def remove_excess(tx: Transaction, excess: Excess, *, limit: int) -> int:
    """Remove runs of a schedule that are too many and have ended, the oldest fire time first; return how many."""
    too_many = select(runs.c.id).where(runs.c.schedule_id == excess.schedule_id, runs.c.fire_time <= excess.up_to)
    return _remove(tx, too_many.order_by(runs.c.fire_time), limit)


def remove_backfills(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Remove backfills that ended before an instant and have no run any more; return how many."""
    of_backfill = select(runs.c.id).where(runs.c.backfill_id == backfills.c.id)
    query = select(backfills.c.id).where(backfills.c.finished_at < before, ~of_backfill.exists()).limit(limit)
    ids = list(tx.connection.execute(tx.dialect.claim(query, backfills)).scalars())
    if not ids:
        return 0
    return tx.connection.execute(delete(backfills).where(backfills.c.id.in_(ids))).rowcount


def remove_versions(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Remove versions of schedules superseded before an instant that have no run and no backfill; return how many."""
    versions = schedule_versions.c
    of_version = select(runs.c.id).where(
        runs.c.schedule_id == versions.schedule_id, runs.c.schedule_version == versions.version
    )
    backfilled = select(backfills.c.id).where(
        backfills.c.schedule_id == versions.schedule_id, backfills.c.schedule_version == versions.version
    )
    query = (
        select(versions.schedule_id, versions.version)
        .where(versions.superseded_at < before, ~of_version.exists(), ~backfilled.exists())
        .order_by(versions.superseded_at)
        .limit(limit)
    )
    found = [tuple(row) for row in tx.connection.execute(tx.dialect.claim(query, schedule_versions))]
    if not found:
        return 0
    key = tuple_(versions.schedule_id, versions.version)
    return tx.connection.execute(delete(schedule_versions).where(key.in_(found))).rowcount


def _remove(tx: Transaction, query: Select[tuple[UUID]], limit: int) -> int:
    """Remove the first of the runs that the query gives, but never one that is open."""
    ended = query.where(runs.c.state.in_(_ENDED)).limit(limit)
    ids: Sequence[UUID] = tx.connection.execute(tx.dialect.claim(ended, runs)).scalars().all()
    if not ids:
        return 0
    return tx.connection.execute(delete(runs).where(runs.c.id.in_(ids))).rowcount


_ENDED = sorted(state.value for state in TERMINAL)
