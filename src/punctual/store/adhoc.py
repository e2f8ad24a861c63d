"""Runs of tasks that Punctual did not send.

Those of a task belong to a schedule that was deleted when it was made: it is in no list and never fires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import select

from punctual.domain.adhoc import adhoc_spec
from punctual.domain.identity import adhoc_schedule_id
from punctual.domain.run import Cause, RunState
from punctual.store.database import Transaction
from punctual.store.tables import runs, schedule_versions, schedules

_ACTOR = "punctual"
_VERSION = 1
_TRIES = 10
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class AdhocRun:
    """A run that a worker came upon at an instant."""

    run_id: UUID
    task: str
    args: list[JsonValue]
    kwargs: dict[str, JsonValue]
    at: datetime


def record(tx: Transaction, found: Sequence[AdhocRun]) -> None:
    """Record runs but for those that the ledger has; one whose instant is taken moves on by a microsecond."""
    if not found:
        return
    _record_tasks(tx, {run.task: run.at for run in found})
    rows = {run.run_id: _row(run) for run in sorted(found, key=lambda run: run.run_id)}
    for _ in range(_TRIES):
        taken: set[tuple[UUID, datetime]] = set()
        for row in rows.values():
            while (row["schedule_id"], row["fire_time"]) in taken:
                row["fire_time"] = row["due_time"] = row["fire_time"] + _MICROSECOND
            taken.add((row["schedule_id"], row["fire_time"]))
        if tx.dialect.insert_once(tx.connection, runs, list(rows.values())) == len(rows):
            return
        query = select(runs.c.id).where(tx.dialect.is_among(runs.c.id, list(rows)))
        for known in tx.connection.execute(query).scalars().all():
            del rows[known]
        if not rows:
            return
        for row in rows.values():
            row["fire_time"] = row["due_time"] = row["fire_time"] + _MICROSECOND


def _record_tasks(tx: Transaction, tasks: dict[str, datetime]) -> None:
    """Make what stands for the schedules of tasks, where it is not there."""
    # In one order everywhere, so that two workers do not wait for each other in a circle.
    made = sorted(((adhoc_schedule_id(task), task, at) for task, at in tasks.items()), key=lambda each: each[0])
    tx.dialect.insert_once(tx.connection, schedules, [_schedule(*each) for each in made])
    tx.dialect.insert_once(tx.connection, schedule_versions, [_version(*each) for each in made])


def _schedule(identity: UUID, task: str, at: datetime) -> dict[str, Any]:
    return {
        "id": identity,
        "name": adhoc_spec(task).name,
        "task": task,
        "version": _VERSION,
        "paused": False,
        "run_count": 0,
        "failure_streak": 0,
        "error_count": 0,
        "created_at": at,
        "updated_at": at,
        "deleted_at": at,
    }


def _version(identity: UUID, task: str, at: datetime) -> dict[str, Any]:
    """Return a version that retention may remove once it has no run."""
    return {
        "schedule_id": identity,
        "version": _VERSION,
        "task": task,
        "spec": adhoc_spec(task).model_dump(mode="json"),
        "actor": _ACTOR,
        "created_at": at,
        "superseded_at": at,
    }


def _row(run: AdhocRun) -> dict[str, Any]:
    return {
        "id": run.run_id,
        "schedule_id": adhoc_schedule_id(run.task),
        "schedule_version": _VERSION,
        "cause": Cause.ADHOC.value,
        "state": RunState.QUEUED.value,
        "fire_time": run.at,
        "due_time": run.at,
        "args": run.args,
        "kwargs": run.kwargs,
        "attempt": 0,
        "covered_count_exact": True,
    }
