"""Writing what events tell into the ledger, many at a time; told twice, by whichever node, it counts once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from punctual.celery.following.event_errors import error_in
from punctual.celery.following.event_workers import EventWorkers
from punctual.celery.following.heard import Heard
from punctual.celery.told import kept_result
from punctual.domain.clock import Clock, monotonic
from punctual.domain.run import RunError, RunState
from punctual.domain.source import Source
from punctual.engine import outcomes
from punctual.engine.dispatcher import RESEND_AFTER
from punctual.store import attempts, followed
from punctual.store.attempts import Ending, Runner
from punctual.store.database import Database, Transaction
from punctual.store.followed import FollowedRun, Mark

_LOST = "WorkerLostError"
_TIME_LIMIT = "TimeLimitExceeded"


class EventRecords:
    """Brings events to the ledger. Those of workers with the plug-in, and of runs that it tells of, are left out."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Write into this database, by this time."""
        self._database = database
        self._clock = clock
        self._workers = EventWorkers(database)

    def write(self, batch: Sequence[Heard]) -> None:
        """Write events in one transaction, in the order in which they happened; raises DatabaseUnavailableError."""
        now, moment = self._clock.now(), monotonic()

        def instant(heard: Heard) -> datetime:
            return now - timedelta(seconds=max(moment - heard.moment, 0.0))

        self._workers.note(batch, instant, now)
        told = sorted(
            (heard for heard in batch if heard.run_id is not None and heard.kind != "task-received"),
            key=lambda heard: (heard.moment, heard.clock),
        )
        ids = {heard.run_id for heard in told if heard.run_id is not None and not self._workers.records(heard.worker)}
        with self._database.read() as tx:
            if not followed.open_runs(tx, ids):
                return
        with self._database.write(Source.EVENTS) as tx:
            runs = followed.open_runs(tx, ids)
            for heard in told:
                run = None if heard.run_id is None else runs.get(heard.run_id)
                if run is None or self._workers.records(heard.worker):
                    continue
                moved = _Word(tx, run, heard, instant(heard), self._workers.life(heard.worker)).write()
                if moved is None:
                    del runs[run.id]
                else:
                    runs[run.id] = moved
            outcomes.wake_waiting(tx)


class _Word:
    """What one event says of one run."""

    def __init__(self, tx: Transaction, run: FollowedRun, heard: Heard, at: datetime, life: UUID | None) -> None:
        self._tx = tx
        self._run = run
        self._heard = heard
        self._at = at
        self._life = life

    def write(self) -> FollowedRun | None:
        """Write it, and return the run as it is then; None once it has ended."""
        run, heard = self._run, self._heard
        if run.mark is not None and run.mark.covers(heard.timestamp, heard.worker):
            return run
        elsewhere = run.state is RunState.RUNNING and run.source is Source.EVENTS and run.worker != heard.worker
        if elsewhere and heard.kind != "task-started":
            return run
        attempt = self._attempt()
        write = self._WRITERS.get(heard.kind)
        if write is None or not write(self, attempt):
            return run
        if heard.kind == "task-started":
            return replace(run, state=RunState.RUNNING, attempt=attempt, worker=heard.worker, source=Source.EVENTS)
        moved = followed.open_runs(self._tx, [run.id]).get(run.id)
        if moved is not None and moved.state is RunState.RETRYING:
            mark = Mark(heard.timestamp, heard.worker)
            followed.mark_retrying(self._tx, run.id, mark)
            return replace(moved, mark=mark)
        if moved is None and run.cancelling and heard.kind == "task-retried":
            followed.drop_messages(self._tx, run.id)  # Celery has sent the next try
        return moved

    def _attempt(self) -> int:
        run, heard = self._run, self._heard
        if heard.tried is not None:
            return run.sent_attempt + heard.tried
        if heard.kind == "task-started" and run.state is RunState.RETRYING:
            return run.attempt + 1
        return max(run.attempt, run.sent_attempt)

    def _started(self, attempt: int, *, at: datetime | None = None) -> bool:
        begun = at or self._at
        timeout = self._run.timeout
        deadline = None if timeout is None else begun + timedelta(seconds=timeout)
        runner = Runner(self._heard.worker, self._life)
        return attempts.start(self._tx, self._run.id, runner, attempt=attempt, deadline=deadline, at=begun)

    def _succeeded(self, attempt: int) -> bool:
        runtime = self._heard.number("runtime")
        if runtime is not None and runtime >= 0 and self._run.attempt < attempt:  # its start was not heard of
            self._started(attempt, at=self._at - timedelta(seconds=runtime))
        result, size = kept_result(self._heard.text("result"))
        return outcomes.succeeded(
            self._tx,
            self._run.id,
            attempt=attempt,
            at=self._at,
            result=result,
            result_size=size,
            worker=self._heard.worker,
        )

    def _failed(self, attempt: int) -> bool:
        error = self._error()
        if error.type == _LOST:
            why = f"The process that ran the task died: {error.message}"
            return outcomes.lost(self._tx, self._run.id, attempt=attempt, at=self._at, why=why)
        reason = "The task ran into its hard time limit." if error.type == _TIME_LIMIT else None
        return self._end_badly(attempt, error, reason)

    def _rejected(self, attempt: int) -> bool:
        if self._heard.fields.get("requeue"):
            return self._given_back(attempt, "The message was put back into its queue, and comes again.")
        error = RunError(type="Reject", message="The task rejected its message.")
        return self._end_badly(attempt, error, None)

    def _cancelled(self, attempt: int) -> bool:
        return self._given_back(attempt, "The worker broke the attempt off; the message comes again.")

    def _given_back(self, attempt: int, text: str) -> bool:
        error = RunError(type="GivenBack", message=text)
        overdue = self._at + RESEND_AFTER
        return outcomes.given_back(self._tx, self._run.id, attempt=attempt, at=self._at, error=error, send_at=overdue)

    def _retried(self, attempt: int) -> bool:
        overdue = self._at + RESEND_AFTER
        return outcomes.retrying(
            self._tx, self._run.id, attempt=attempt, at=self._at, error=self._error(), send_at=overdue
        )

    def _revoked(self, attempt: int) -> bool:
        heard, tx, run_id, at = self._heard, self._tx, self._run.id, self._at
        if heard.fields.get("terminated"):
            reason = f"Terminated with signal {heard.text('signum')} while it ran."
            return outcomes.cancelled(tx, run_id, attempt=attempt, at=at, reason=reason, worker=heard.worker)
        if not heard.fields.get("expired"):
            reason = "Revoked before it started."
            return outcomes.cancelled(
                tx, run_id, attempt=attempt, at=at, reason=reason, worker=heard.worker, begun=False
            )
        if attempt == 1:
            reason = "The message expired before a worker could start it."
            ending = Ending(RunState.EXPIRED, reason=reason)
            return attempts.end(tx, run_id, ending, attempt=attempt, at=at, begun=False)
        reason = "The attempt before failed, and this one's message expired."
        return outcomes.failed(
            tx, run_id, attempt=attempt, at=at, error=None, reason=reason, worker=heard.worker, begun=False
        )

    def _end_badly(self, attempt: int, error: RunError, reason: str | None) -> bool:
        worker = self._heard.worker
        return outcomes.failed(
            self._tx, self._run.id, attempt=attempt, at=self._at, error=error, reason=reason, worker=worker
        )

    def _error(self) -> RunError:
        return error_in(self._heard.text("exception"), self._heard.text("traceback"))

    _WRITERS: ClassVar[dict[str, Callable[["_Word", int], bool]]] = {
        "task-started": _started,
        "task-succeeded": _succeeded,
        "task-failed": _failed,
        "task-retried": _retried,
        "task-revoked": _revoked,
        "task-rejected": _rejected,
        "task-cancelled": _cancelled,
    }
