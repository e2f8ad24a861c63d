"""What a worker tells about a run, as plain data that can wait for the database."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from punctual.domain.run import RunError, RunState
from punctual.store import runs
from punctual.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt began. `moment` is when, on this process's steady clock."""

    run_id: UUID
    moment: float
    worker: str
    attempt: int

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it; False: the ledger refused the move."""
        return runs.record_start(tx, self.run_id, worker=self.worker, attempt=self.attempt, at=at)


@dataclass(frozen=True, slots=True)
class Retrying:
    """An attempt failed and another one will follow."""

    run_id: UUID
    moment: float
    error: RunError

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it; False: the ledger refused the move."""
        return runs.record_retry(tx, self.run_id, error=self.error, at=at)


@dataclass(frozen=True, slots=True)
class Ended:
    """The run came to an end."""

    run_id: UUID
    moment: float
    state: RunState
    worker: str | None = None
    result: JsonValue = None
    error: RunError | None = None
    reason: str | None = None

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it; False: the ledger refused the move."""
        return runs.record_end(
            tx,
            self.run_id,
            state=self.state,
            at=at,
            result=self.result,
            error=self.error,
            reason=self.reason,
            worker=self.worker,
        )


Record = Started | Retrying | Ended
