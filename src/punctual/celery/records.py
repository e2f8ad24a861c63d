"""What a worker tells about a run, as plain data that can wait for the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import JsonValue

from punctual.domain.run import RunError, RunState
from punctual.engine import outcomes
from punctual.engine.dispatcher import RESEND_AFTER
from punctual.store import attempts
from punctual.store.attempts import Ending
from punctual.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt began. `moment` is when, on this process's steady clock; `timeout` is in seconds."""

    run_id: UUID
    moment: float
    worker: str
    worker_id: UUID | None
    attempt: int
    timeout: float | None

    def write(self, tx: Transaction, at: datetime, *, again: bool = False) -> bool:
        """Write it; False: the ledger refused the move. `again` when it may have been written, at the same instant."""
        deadline = None if self.timeout is None else at + timedelta(seconds=self.timeout)
        return attempts.start(
            tx,
            self.run_id,
            worker=self.worker,
            worker_id=self.worker_id,
            attempt=self.attempt,
            deadline=deadline,
            at=at,
            again=again,
        )


@dataclass(frozen=True, slots=True)
class Retrying:
    """An attempt failed and Celery has sent another one, to start in `countdown` seconds."""

    run_id: UUID
    moment: float
    attempt: int
    error: RunError
    countdown: float

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it; False: the ledger refused the move."""
        overdue = at + timedelta(seconds=self.countdown) + RESEND_AFTER
        return attempts.retry(
            tx, self.run_id, attempt=self.attempt, error=self.error, send_at=overdue, sent_by_celery=True
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt came to an end, and Celery sends no other."""

    run_id: UUID
    moment: float
    attempt: int | None
    state: RunState
    worker: str | None = None
    result: JsonValue = None
    error: RunError | None = None
    reason: str | None = None

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it; False: the ledger refused the move."""
        run_id, attempt, worker = self.run_id, self.attempt, self.worker
        match self.state:
            case RunState.SUCCEEDED:
                return outcomes.succeeded(tx, run_id, attempt=attempt, at=at, result=self.result, worker=worker)
            case RunState.FAILED:
                error, reason = self.error, self.reason
                return outcomes.failed(tx, run_id, attempt=attempt, at=at, error=error, reason=reason, worker=worker)
            case state:
                return attempts.end(
                    tx, run_id, Ending(state, reason=self.reason, worker=worker), attempt=attempt, at=at
                )


Record = Started | Retrying | Ended
