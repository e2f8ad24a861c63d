"""Writing plans into the ledger: runs and missed ranges inserted once, each under a node's lease to send it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from punctual.domain.identity import run_id
from punctual.domain.planner import PassedOver, Plan, PlannedRun
from punctual.domain.policies import NO_RULES, Overlap, RunRules
from punctual.domain.run import Arguments, Cause, RunState
from punctual.store.admission import Admission
from punctual.store.database import Transaction
from punctual.store.endings import count_recorded
from punctual.store.tables import runs

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """A node's right to send some runs; from `until` on any node may."""

    node: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A plan, the version of the schedule that it was made from, and what the ledger heeds for its runs."""

    schedule_id: UUID
    version: int
    plan: Plan
    rules: RunRules = NO_RULES


def record(tx: Transaction, entries: Sequence[Entry], *, now: datetime, lease: Lease | None) -> set[UUID]:
    """Insert what the plans say, and return the ids of the runs that this call recorded under the lease, if any.

    A fire time that is in the ledger already is left as it is: its id is not returned, so it is not sent again. A run
    that is due later than `now` gets no lease; any node sends it when it is due. One that must wait for others, or is
    skipped because of them, is not to be sent. The caller holds the locks of the schedules.
    """
    rows: list[dict[str, Any]] = []
    governed: list[dict[str, Any]] = []
    admission = Admission(tx, [entry.schedule_id for entry in entries if _may_wait(entry)])
    for entry in entries:
        taken = rows if entry.rules is NO_RULES else governed
        for planned in entry.plan.runs:
            row = _run(entry, planned, lease if planned.due_time <= now else None)
            taken.append(row if taken is rows else row | admission.admit(row, entry.rules, now))
        taken += [_passed_over(entry, passed, now) for passed in entry.plan.passed_over]
    recorded = _insert(tx, rows, lease) | _insert(tx, governed, lease)
    return recorded - admission.carry_out(now)


def insert_asked_for(
    tx: Transaction,
    entry: Entry,
    *,
    now: datetime,
    arguments: Arguments,
    origin_id: UUID | None = None,
) -> UUID:
    """Record the one run of a plan that somebody asked for, to be sent by any node, and return its id.

    Its fire time is that of the plan, or the first microsecond after it that is free for the cause. The caller holds
    the lock of the schedule.
    """
    admission = Admission(tx, [entry.schedule_id] if _may_wait(entry) else [])
    planned = entry.plan.runs[0]
    while True:
        row = _run(entry, planned, None)
        row |= {"args": arguments.args, "kwargs": arguments.kwargs, "origin_id": origin_id}
        if not _is_there(tx, row["id"]):
            _insert(tx, [row | admission.admit(row, entry.rules, now)], None)
            admission.carry_out(now)
            identity: UUID = row["id"]
            return identity
        planned = replace(planned, fire_time=planned.fire_time + _MICROSECOND)


def insert_backfilled(tx: Transaction, entry: Entry, backfill_id: UUID, *, now: datetime) -> None:
    """Record the runs of a plan for a backfill, to be sent by any node in the order of the plan.

    One whose fire time is taken by an earlier backfill has the first free microsecond after it. The caller holds the
    lock of the schedule.
    """
    planned = entry.plan.runs
    if not planned:
        return
    admission = Admission(tx, [])
    taken = _backfilled(tx, entry.schedule_id, planned)
    rows = []
    for number, run in enumerate(planned, start=1 - len(planned)):
        fire_time = run.fire_time
        while fire_time in taken:
            fire_time += _MICROSECOND
        taken.add(fire_time)
        row = _run(entry, replace(run, fire_time=fire_time, due_time=now + number * _MICROSECOND), None)
        rows.append(row | {"backfill_id": backfill_id} | admission.admit(row, entry.rules, now))
    _insert(tx, rows, None)


def _backfilled(tx: Transaction, schedule_id: UUID, planned: Sequence[PlannedRun]) -> set[datetime]:
    """Return the fire times of backfills from the first to the last of these, and well beyond what one may move to."""
    fire_times = [run.fire_time for run in planned]
    query = select(runs.c.fire_time).where(
        runs.c.schedule_id == schedule_id,
        runs.c.cause == Cause.BACKFILL.value,
        runs.c.fire_time >= min(fire_times),
        runs.c.fire_time < max(fire_times) + timedelta(seconds=1),
    )
    return set(tx.connection.execute(query).scalars())


def _may_wait(entry: Entry) -> bool:
    return entry.rules.overlap is not Overlap.ALLOW and bool(entry.plan.runs)


def _is_there(tx: Transaction, identity: UUID) -> bool:
    return tx.connection.execute(select(runs.c.id).where(runs.c.id == identity)).one_or_none() is not None


def _insert(tx: Transaction, rows: Sequence[dict[str, Any]], lease: Lease | None) -> set[UUID]:
    """Insert rows of equal columns; return which of those with a lease were not there yet."""
    if not rows:
        return set()
    ended = _missing(tx, [row for row in rows if row["finished_at"] is not None])
    inserted = tx.dialect.insert_once(tx.connection, runs, rows)
    count_recorded(tx, ended)
    leased = {row["id"] for row in rows if row["lease_node"] is not None}
    return leased if inserted == len(rows) else _recorded_now(tx, leased, lease)


def _recorded_now(tx: Transaction, ids: set[UUID], lease: Lease | None) -> set[UUID]:
    if lease is None:
        return set()
    query = select(runs.c.id).where(runs.c.id.in_(ids), runs.c.lease_node == lease.node, runs.c.send_at == lease.until)
    return set(tx.connection.execute(query).scalars())


def _missing(tx: Transaction, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those of the rows that the ledger does not have; nobody else adds them, for the caller holds the locks."""
    if not rows:
        return []
    query = select(runs.c.id).where(tx.dialect.is_among(runs.c.id, [row["id"] for row in rows]))
    there = set(tx.connection.execute(query).scalars())
    return [row for row in rows if row["id"] not in there]


def _run(entry: Entry, planned: PlannedRun, lease: Lease | None) -> dict[str, Any]:
    return _row(entry, planned.fire_time, planned.cause, RunState.PENDING) | {
        "due_time": planned.due_time,
        "lease_node": lease.node if lease else None,
        "send_at": lease.until if lease else planned.due_time,
    }


def _passed_over(entry: Entry, passed: PassedOver, now: datetime) -> dict[str, Any]:
    row = _row(entry, passed.first, Cause.SCHEDULE, passed.state) | {
        "due_time": passed.first,
        "finished_at": now,
        "reason": passed.reason,
        "covered_until": passed.last,
        "covered_count": passed.count,
        "covered_count_exact": passed.exact,
    }
    return row if entry.rules is NO_RULES else row | Admission.NOTHING


def _row(entry: Entry, fire_time: datetime, cause: Cause, state: RunState) -> dict[str, Any]:
    return {
        "id": run_id(entry.schedule_id, fire_time, cause),
        "schedule_id": entry.schedule_id,
        "schedule_version": entry.version,
        "cause": cause.value,
        "state": state.value,
        "fire_time": fire_time,
        "attempt": 0,
        "send_at": None,
        "lease_node": None,
        "finished_at": None,
        "reason": None,
        "covered_until": None,
        "covered_count": None,
        "covered_count_exact": True,
    }
