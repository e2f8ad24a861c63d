"""What a worker tells about a run, as plain data that can wait for the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import JsonValue

from punctual.domain.report import Level, LogLine, Progress
from punctual.domain.run import RunError, RunState
from punctual.engine import outcomes
from punctual.engine.dispatcher import RESEND_AFTER
from punctual.store import adhoc, attempts, run_logs
from punctual.store.adhoc import AdhocRun
from punctual.store.attempts import Ending, Runner
from punctual.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Appeared:
    """A task that Punctual did not send is in a worker, since `moment`."""

    run_id: UUID
    moment: float
    task: str
    args: list[JsonValue]
    kwargs: dict[str, JsonValue]

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it, if the ledger does not have it."""
        adhoc.record(tx, [self.run(at)])
        return True

    def run(self, at: datetime) -> AdhocRun:
        """Return what the ledger is to have."""
        return AdhocRun(self.run_id, self.task, self.args, self.kwargs, at)


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt began, and its message was `received` before.

    `moment` and `received` are when, on the steady clock; `timeout` is in seconds.
    """

    run_id: UUID
    moment: float
    runner: Runner
    attempt: int
    timeout: float | None
    received: float | None = None

    def write(self, tx: Transaction, at: datetime, *, again: bool = False) -> bool:
        """Write it; False: the ledger refused the move. `again` when it may have been written, at the same instant."""
        return attempts.start(
            tx,
            self.run_id,
            self.runner,
            attempt=self.attempt,
            received_at=self.received_at(at),
            deadline=self.deadline(at),
            at=at,
            again=again,
        )

    def deadline(self, at: datetime) -> datetime | None:
        """Return when the attempt that began at `at` is timed out; None when it may take as long as it likes."""
        return None if self.timeout is None else at + timedelta(seconds=self.timeout)

    def received_at(self, at: datetime) -> datetime | None:
        """Return when the message of the attempt that began at `at` came to the worker; None when that is not known."""
        return None if self.received is None else at - timedelta(seconds=self.moment - self.received)


@dataclass(frozen=True, slots=True)
class Retrying:
    """An attempt failed and Celery has sent another one, to start in `countdown` seconds.

    `resend_after` that, its message is taken for lost.
    """

    run_id: UUID
    moment: float
    attempt: int
    error: RunError
    countdown: float
    resend_after: timedelta = RESEND_AFTER

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it; False: the ledger refused the move."""
        overdue = at + timedelta(seconds=self.countdown) + self.resend_after
        return outcomes.retrying(tx, self.run_id, attempt=self.attempt, at=at, error=self.error, send_at=overdue)


@dataclass(frozen=True, slots=True)
class GivenBack:
    """An attempt was broken off, and its message is in the queue again; `resend_after` that, it is taken for lost."""

    run_id: UUID
    moment: float
    attempt: int
    error: RunError
    resend_after: timedelta = RESEND_AFTER

    def write(self, tx: Transaction, at: datetime, *, again: bool = False) -> bool:
        """Write it; False: the ledger refused the move, which it also does when it is written `again`."""
        del again
        overdue = at + self.resend_after
        return outcomes.given_back(tx, self.run_id, attempt=self.attempt, at=at, error=self.error, send_at=overdue)


@dataclass(frozen=True, slots=True)
class Lost:
    """The process that ran an attempt died; `worker_id` is the life of the worker that it belonged to."""

    run_id: UUID
    moment: float
    attempt: int | None
    worker_id: UUID | None
    why: str

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it; False: the ledger refused the move."""
        return outcomes.lost(tx, self.run_id, attempt=self.attempt, at=at, why=self.why, holder=self.worker_id)


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt came to an end, and Celery sends no other; `begun` is false where it could not even begin."""

    run_id: UUID
    moment: float
    attempt: int | None
    state: RunState
    worker: str | None = None
    result: JsonValue = None
    result_size: int | None = None
    error: RunError | None = None
    reason: str | None = None
    begun: bool = True

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it; False: the ledger refused the move."""
        run_id, attempt, worker, reason, begun = self.run_id, self.attempt, self.worker, self.reason, self.begun
        match self.state:
            case RunState.SUCCEEDED:
                return outcomes.succeeded(
                    tx, run_id, attempt=attempt, at=at, result=self.result, result_size=self.result_size, worker=worker
                )
            case RunState.FAILED:
                return outcomes.failed(
                    tx, run_id, attempt=attempt, at=at, error=self.error, reason=reason, worker=worker, begun=begun
                )
            case RunState.CANCELLED:
                return outcomes.cancelled(tx, run_id, attempt=attempt, at=at, reason=reason, worker=worker, begun=begun)
            case RunState.SKIPPED:
                return outcomes.skipped(tx, run_id, attempt=attempt, at=at, reason=reason, worker=worker)
            case state:
                ending = Ending(state, reason=reason, worker=worker)
                return attempts.end(tx, run_id, ending, attempt=attempt, at=at, begun=begun)


class Mark(NamedTuple):
    """How far an attempt was at a moment."""

    moment: float
    done: float
    total: float | None
    note: str | None


class Line(NamedTuple):
    """A line of an attempt's log; `number` orders them."""

    number: int
    moment: float
    level: Level
    text: str


@dataclass(slots=True)
class Told:
    """What an attempt tells while it runs: its latest progress, and lines of its log by this process's steady clock.

    `tried` is set once it was given to the database, for better or worse.
    """

    run_id: UUID
    moment: float
    attempt: int
    progress: Mark | None = None
    lines: Sequence[Line] = ()
    tried: bool = False

    def write(self, tx: Transaction, at: datetime) -> bool:
        """Write it; False: there is no such run, or its progress is that of an attempt that is over."""
        self.tried = True
        lines = [
            LogLine(line.number, at + timedelta(seconds=line.moment - self.moment), self.attempt, line.level, line.text)
            for line in self.lines
        ]
        kept = not lines or run_logs.add(tx, self.run_id, lines)
        if self.progress is None or not kept:
            return kept
        mark = self.progress
        when = at + timedelta(seconds=mark.moment - self.moment)
        progress = Progress(done=mark.done, total=mark.total, note=mark.note, at=when)
        return run_logs.set_progress(tx, self.run_id, progress, attempt=self.attempt)


Record = Appeared | Started | Retrying | GivenBack | Lost | Ended | Told
