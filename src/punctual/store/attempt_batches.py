"""Starts and successes of many attempts at once, by the rules of `attempts`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, and_, or_

from punctual.domain.run import RunState
from punctual.store.admission import LEFT_ALONE
from punctual.store.attempts import Runner, heard_of, may_become, not_over
from punctual.store.database import Transaction
from punctual.store.endings import end_many
from punctual.store.many_rows import Condition
from punctual.store.tables import runs


@dataclass(frozen=True, slots=True)
class Start:
    """An attempt that began; `deadline` is when it is timed out, `received_at` when its message came to the worker."""

    run_id: UUID
    runner: Runner
    attempt: int
    received_at: datetime | None
    deadline: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Success:
    """An attempt that succeeded."""

    run_id: UUID
    attempt: int
    result: JsonValue
    result_size: int | None
    worker: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message of a run that came to a worker."""

    run_id: UUID
    worker: str
    at: datetime


def receive(tx: Transaction, receipts: Sequence[Receipt]) -> int:
    """Record that messages of different runs came to a worker and wait in it; return for how many that holds."""
    rows = [{"id": each.run_id, "received_at": each.at, "received_by": each.worker} for each in receipts]
    return _write(tx, rows, _is_to_start)


def start(tx: Transaction, starts: Sequence[Start]) -> int:
    """Record starts of different runs, each as `attempts.start` does; return how many the ledger took."""
    rows = [
        {
            **_told(tx, RunState.RUNNING, each.run_id, each.attempt, each.runner.worker),
            "worker_id": each.runner.worker_id,
            "worker_pid": each.runner.pid,
            "received_at": each.received_at,
            "received_by": each.runner.worker,
            "started_at": each.at,
            "progress": None,
            "deadline": each.deadline,
        }
        for each in starts
    ]
    return _write(tx, rows, _may_start)


def succeed(tx: Transaction, successes: Sequence[Success]) -> int:
    """Record successes of different runs, each as `attempts.end` does; return how many the ledger took.

    A streak of failures goes on: who knows of one counts for itself.
    """
    rows = [
        {
            **_told(tx, RunState.SUCCEEDED, each.run_id, each.attempt, each.worker),
            "finished_at": each.at,
            "result": each.result,
            "result_size": each.result_size,
            "reason": None,
        }
        for each in successes
    ]
    return end_many(tx, _in_order(rows), _may_succeed) if rows else 0


def _told(tx: Transaction, state: RunState, run_id: UUID, attempt: int, worker: str | None) -> dict[str, Any]:
    facts = {"id": run_id, "state": state.value, "attempt": attempt, "worker": worker, "error": None}
    return {**LEFT_ALONE, **facts, "source": tx.source}


def _write(tx: Transaction, rows: list[dict[str, Any]], may: Condition) -> int:
    return tx.dialect.update_by_id(tx.connection, runs, _in_order(rows), may) if rows else 0


def _in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # The same everywhere, so that two who write the same runs do not wait for each other in a circle.
    return sorted(rows, key=lambda row: row["id"])


def _is_to_start(_: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    return or_(*(runs.c.state == state.value for state in (RunState.PENDING, RunState.QUEUED, RunState.RETRYING)))


def _may_start(new: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    heard = and_(heard_of(new["attempt"]), runs.c.worker == new["worker"])
    return and_(may_become(RunState.RUNNING), or_(runs.c.attempt < new["attempt"], heard), runs.c.cancelling.is_(None))


def _may_succeed(new: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    return and_(may_become(RunState.SUCCEEDED), not_over(new["attempt"]))
