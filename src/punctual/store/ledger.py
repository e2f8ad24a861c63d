"""Writing plans into the ledger: runs and missed ranges inserted once, each under a node's lease to send it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, select

from punctual.domain.identity import run_id
from punctual.domain.planner import PassedOver, Plan, PlannedRun
from punctual.domain.run import Arguments, Cause, RunState
from punctual.store.database import Transaction
from punctual.store.tables import runs


@dataclass(frozen=True, slots=True)
class Lease:
    """A node's right to send some runs; after `until` any node may."""

    node: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A plan, and the version of the schedule that it was made from."""

    schedule_id: UUID
    version: int
    plan: Plan


def record(tx: Transaction, entries: Sequence[Entry], *, now: datetime, lease: Lease | None) -> set[UUID]:
    """Insert what the plans say, and return the ids of the runs that this call recorded under the lease, if any.

    A fire time that is in the ledger already is left as it is: its id is not returned, so it is not sent again. A run
    that is due later than `now` gets no lease; any node sends it when it is due.
    The caller holds the locks of the schedules.
    """
    rows = [
        _run(entry, planned, lease if planned.due_time <= now else None)
        for entry in entries
        for planned in entry.plan.runs
    ]
    rows += [_passed_over(entry, passed, now) for entry in entries for passed in entry.plan.passed_over]
    if not rows:
        return set()
    inserted = tx.connection.execute(_insert_once(tx), rows)
    leased = {row["id"] for row in rows if row["lease_node"] is not None}
    return leased if inserted.rowcount == len(rows) else _recorded_now(tx, leased, lease)


def insert_asked_for(
    tx: Transaction,
    schedule_id: UUID,
    version: int,
    planned: PlannedRun,
    *,
    arguments: Arguments,
    origin_id: UUID | None = None,
) -> UUID:
    """Record a run that somebody asked for, to be sent by any node, and return its id.

    Its fire time is that of the plan, or the first microsecond after it that is free for the cause. The caller holds
    the lock of the schedule.
    """
    while True:
        row = _run(Entry(schedule_id, version, Plan((planned,), (), None, None)), planned, None)
        row |= {"args": arguments.args, "kwargs": arguments.kwargs, "origin_id": origin_id}
        if tx.connection.execute(_insert_once(tx), row).rowcount == 1:
            identity: UUID = row["id"]
            return identity
        planned = replace(planned, fire_time=planned.fire_time + timedelta(microseconds=1))


def _insert_once(tx: Transaction) -> Insert:
    return tx.dialect.insert_once(runs).execution_options(preserve_rowcount=True)


def _recorded_now(tx: Transaction, ids: set[UUID], lease: Lease | None) -> set[UUID]:
    if lease is None:
        return set()
    query = select(runs.c.id).where(
        runs.c.id.in_(ids), runs.c.lease_node == lease.node, runs.c.lease_until == lease.until
    )
    return set(tx.connection.execute(query).scalars())


def _run(entry: Entry, planned: PlannedRun, lease: Lease | None) -> dict[str, Any]:
    return _row(entry, planned.fire_time, planned.cause, RunState.PENDING) | {
        "due_time": planned.due_time,
        "lease_node": lease.node if lease else None,
        "lease_until": lease.until if lease else None,
    }


def _passed_over(entry: Entry, passed: PassedOver, now: datetime) -> dict[str, Any]:
    return _row(entry, passed.first, Cause.SCHEDULE, passed.state) | {
        "due_time": passed.first,
        "finished_at": now,
        "reason": passed.reason,
        "covered_until": passed.last,
        "covered_count": passed.count,
        "covered_count_exact": passed.exact,
    }


def _row(entry: Entry, fire_time: datetime, cause: Cause, state: RunState) -> dict[str, Any]:
    return {
        "id": run_id(entry.schedule_id, fire_time, cause),
        "schedule_id": entry.schedule_id,
        "schedule_version": entry.version,
        "cause": cause.value,
        "state": state.value,
        "fire_time": fire_time,
        "attempt": 0,
        "lease_node": None,
        "lease_until": None,
        "finished_at": None,
        "reason": None,
        "covered_until": None,
        "covered_count": None,
        "covered_count_exact": True,
    }
