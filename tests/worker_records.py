"""What a worker tells the ledger of a run, for tests that have no worker."""

from datetime import datetime
from typing import Any
from uuid import UUID

from punctual.domain.run import RunState
from punctual.engine import outcomes
from punctual.store import attempts
from punctual.store.attempts import Ending, Runner
from punctual.store.database import Transaction


def start(
    tx: Transaction,
    run_id: UUID,
    *,
    at: datetime,
    attempt: int = 1,
    worker: str = "w",
    worker_id: UUID | None = None,
    deadline: datetime | None = None,
    again: bool = False,
) -> bool:
    """Let an attempt begin; False: the ledger refused it."""
    runner = Runner(worker, worker_id)
    return attempts.start(tx, run_id, runner, attempt=attempt, deadline=deadline, at=at, again=again)


def end(
    tx: Transaction, run_id: UUID, state: RunState, *, at: datetime, attempt: int | None = None, **told: Any
) -> bool:
    """Tell how an attempt ended; False: the ledger refused it."""
    worker = told.pop("worker", "w")
    match state:
        case RunState.SUCCEEDED:
            kept = {"result": told.get("result"), "result_size": told.get("result_size")}
            done = outcomes.succeeded(tx, run_id, attempt=attempt, at=at, worker=worker, **kept)
        case RunState.FAILED:
            error, reason = told.get("error"), told.get("reason")
            done = outcomes.failed(tx, run_id, attempt=attempt, at=at, error=error, reason=reason, worker=worker)
        case _:
            done = attempts.end(tx, run_id, Ending(state, worker=worker, **told), attempt=attempt, at=at)
    outcomes.wake_waiting(tx)
    return done
