"""Writing what the result backend has of a run into the ledger."""

from datetime import datetime, timedelta

from punctual.celery.following.stored_results import StoredResult
from punctual.celery.told import bounded_error, error_of, kept_result
from punctual.domain.run import RunError, RunState
from punctual.domain.source import Source
from punctual.engine import outcomes
from punctual.engine.dispatcher import RESEND_AFTER
from punctual.store import attempts, followed
from punctual.store.attempts import Ending, Runner
from punctual.store.database import Transaction
from punctual.store.followed import FollowedRun, Mark

_LOST = "WorkerLostError"


def record(tx: Transaction, run: FollowedRun, result: StoredResult, now: datetime) -> bool:
    """Move a run to where its result says it is; False: it is there, or the ledger refused the move."""
    match result.state:
        case "SUCCESS":
            at, kept = _at(run, result, now), kept_result(result.value)
            return outcomes.succeeded(
                tx,
                run.id,
                attempt=_attempt(run, result),
                at=at,
                result=kept.value,
                result_size=kept.size,
                worker=result.worker,
            )
        case "FAILURE" | "REVOKED":
            return _ended_badly(tx, run, result, now)
        case "RETRY":
            return _retrying(tx, run, result, now)
        case "RECEIVED":
            return False
        case _:  # STARTED, or a state of the task's own
            return _started(tx, run, result, now)


def _started(tx: Transaction, run: FollowedRun, result: StoredResult, now: datetime) -> bool:
    """Say that it runs, from when that was first seen on; what events told to be retrying is left to them."""
    if run.state is not RunState.QUEUED and (run.state is RunState.RUNNING or run.source is Source.EVENTS):
        return False
    attempt = _attempt(run, result)
    if run.state is RunState.RETRYING and result.retries is None:
        attempt = run.attempt + 1
    deadline = None if run.timeout is None else now + timedelta(seconds=run.timeout)
    runner = Runner(result.worker or "unknown")
    return attempts.start(tx, run.id, runner, attempt=attempt, deadline=deadline, at=now)


def _retrying(tx: Transaction, run: FollowedRun, result: StoredResult, now: datetime) -> bool:
    if result.retries is None and (run.source is Source.EVENTS or run.state is RunState.RETRYING):
        return False  # it may be about an attempt before
    overdue, error = now + RESEND_AFTER, _error(result)
    return outcomes.retrying(tx, run.id, attempt=_attempt(run, result), at=now, error=error, send_at=overdue)


def _ended_badly(tx: Transaction, run: FollowedRun, result: StoredResult, now: datetime) -> bool:
    mark = None if result.done is None else Mark(result.done.timestamp(), result.worker or run.worker or "")
    if run.mark is not None and mark is not None and run.mark.covers(mark.timestamp, result.worker):
        return False  # it is the end of an attempt before, kept under the same id
    at, attempt, worker, error = _at(run, result, now), _attempt(run, result), result.worker, _error(result)
    if result.state == "REVOKED":
        return _revoked(tx, run, error, at, attempt=attempt, worker=worker)
    if error.type.endswith(_LOST):
        why = f"The process that ran the task died: {error.message}"
        moved = outcomes.lost(tx, run.id, attempt=attempt, at=at, why=why)
    else:
        moved = outcomes.failed(tx, run.id, attempt=attempt, at=at, error=error, worker=worker)
    if moved and mark is not None:
        followed.mark_retrying(tx, run.id, mark)
    return moved


def _revoked(
    tx: Transaction, run: FollowedRun, error: RunError, at: datetime, *, attempt: int, worker: str | None
) -> bool:
    if error.message == "expired" and run.attempt == 0:
        ending = Ending(RunState.EXPIRED, reason="The message expired before a worker could start it.")
        return attempts.end(tx, run.id, ending, attempt=attempt, at=at, begun=False)
    reason = f"Revoked, its result says: {error.message}."
    return outcomes.cancelled(tx, run.id, attempt=attempt, at=at, reason=reason, worker=worker)


def _attempt(run: FollowedRun, result: StoredResult) -> int:
    if result.retries is not None:
        return run.sent_attempt + result.retries
    return max(run.attempt, run.sent_attempt)


def _at(run: FollowedRun, result: StoredResult, now: datetime) -> datetime:
    """Return when it was done by the worker's clock, within what is possible."""
    done = result.done or now
    return min(max(done, run.queued_at or done), now)


def _error(result: StoredResult) -> RunError:
    if isinstance(result.value, BaseException):
        return error_of(result.value, result.traceback)
    return bounded_error("Error", str(result.value), result.traceback)
