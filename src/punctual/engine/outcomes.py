"""What follows from the end of an attempt: another attempt, the end of the run, a pause of its schedule."""

import logging
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue, ValidationError

from punctual.domain.errors import UNPLANNABLE
from punctual.domain.policies import OnLost, Retry
from punctual.domain.run import TERMINAL, Cause, RunError, RunState
from punctual.store import attempts, failures, runs, schedules, waiting
from punctual.store.attempts import Ending, RunFacts
from punctual.store.database import Transaction
from punctual.store.settle import settle

MOST_LOST_ATTEMPTS = 5
"""A run that has lost its worker so often is not attempted again: its task may be what kills them."""

_log = logging.getLogger(__name__)


def succeeded(
    tx: Transaction,
    run_id: UUID,
    *,
    attempt: int | None,
    at: datetime,
    result: JsonValue,
    result_size: int | None = None,
    worker: str | None,
) -> bool:
    """Record a success, which ends a streak of failures; False: the ledger refused it."""
    with_streak = failures.hold_streak(tx, run_id)
    ending = Ending(RunState.SUCCEEDED, result=result, result_size=result_size, worker=worker)
    ended = attempts.end(tx, run_id, ending, attempt=attempt, at=at)
    if ended and with_streak is not None:
        failures.forget(tx, with_streak)
    return ended


def failed(  # noqa: PLR0913 - one parameter a fact
    tx: Transaction,
    run_id: UUID,
    *,
    attempt: int | None,
    at: datetime,
    error: RunError | None,
    reason: str | None = None,
    worker: str | None = None,
    begun: bool = True,
    last: bool = False,
) -> bool:
    """Record that an attempt failed: another one follows if the schedule's `retry` allows it, else the run has failed.

    One that was asked to stop is cancelled. `begun` is false where the attempt could not even begin; after the `last`
    one no other may follow. False: the ledger refused it.
    """
    facts = attempts.facts_of(tx, run_id)
    if facts is None or facts.state in TERMINAL:
        return False
    number = attempt or max(facts.attempt, 1)
    if not begun and facts.attempt >= number:  # another delivery of its message
        return False
    if facts.cancelling is not None:
        return _cancel(tx, run_id, facts.cancelling, attempt, at, error=error, worker=worker)
    pause = None if last else _retry(facts).pause_after(number)
    if pause is None:
        ending = Ending(RunState.FAILED, error=error, reason=reason, worker=worker)
        return _end(tx, run_id, facts, ending, attempt, at)
    told = error or RunError(type="Failed", message=reason or "The attempt failed.")
    return _again(tx, run_id, number, told, at + pause)


def retrying(tx: Transaction, run_id: UUID, *, attempt: int, at: datetime, error: RunError, send_at: datetime) -> bool:
    """Record that an attempt failed and that Celery has sent the next one, taken for lost from `send_at` on.

    One that was asked to stop is cancelled. False: the ledger refused it.
    """
    facts = attempts.facts_of(tx, run_id)
    if facts is None:
        return False
    if facts.cancelling is not None:
        return _cancel(tx, run_id, facts.cancelling, attempt, at, error=error)
    overdue = _if_ours(facts, send_at)
    return attempts.retry(tx, run_id, attempt=attempt, error=error, send_at=overdue, sent_by_celery=True)


def given_back(
    tx: Transaction, run_id: UUID, *, attempt: int, at: datetime, error: RunError, send_at: datetime
) -> bool:
    """Record that an attempt was broken off and its message is in the queue again, taken for lost from `send_at` on.

    One that was asked to stop is cancelled. False: the ledger refused it.
    """
    facts = attempts.facts_of(tx, run_id)
    if facts is None:
        return False
    if facts.cancelling is not None:
        return _cancel(tx, run_id, facts.cancelling, attempt, at, error=error)
    return attempts.give_back(tx, run_id, attempt=attempt, error=error, send_at=_if_ours(facts, send_at))


def cancelled(
    tx: Transaction,
    run_id: UUID,
    *,
    attempt: int | None,
    at: datetime,
    reason: str | None,
    worker: str | None,
    begun: bool = True,
) -> bool:
    """Record that a run was cancelled: for the reason for which it was asked to stop, else for this one.

    False: the ledger refused it.
    """
    asked = _cancelling(tx, run_id) or reason
    ending = Ending(RunState.CANCELLED, reason=asked, worker=worker)
    return attempts.end(tx, run_id, ending, attempt=attempt, at=at, begun=begun)


def skipped(
    tx: Transaction, run_id: UUID, *, attempt: int | None, at: datetime, reason: str | None, worker: str | None
) -> bool:
    """Record that a task ended without having run, because others hold its lock; False: the ledger refused it.

    One that was asked to stop is cancelled.
    """
    if (asked := _cancelling(tx, run_id)) is not None:
        return _cancel(tx, run_id, asked, attempt, at, worker=worker)
    ending = Ending(RunState.SKIPPED, reason=reason, worker=worker)
    return attempts.end(tx, run_id, ending, attempt=attempt, at=at)


def lost(
    tx: Transaction, run_id: UUID, *, attempt: int | None, at: datetime, why: str, holder: UUID | None = None
) -> bool:
    """Record that a worker died with an attempt: by the schedule's `on_lost` it is made again, or the run is lost.

    One that was asked to stop is cancelled. With a `holder`, an attempt that another life of a worker runs is left
    alone. False: the ledger refused it.
    """
    facts = attempts.facts_of(tx, run_id)
    if facts is None or facts.state in TERMINAL:
        return False
    number = attempt or max(facts.attempt, 1)
    if facts.cancelling is not None:
        return _cancel(tx, run_id, facts.cancelling, number, at, holder=holder)
    most = max(MOST_LOST_ATTEMPTS, _retry(facts).attempts)
    if facts.document.get("on_lost") == OnLost.RERUN and number < most:
        return _again(tx, run_id, number, RunError(type="WorkerLost", message=why), at, holder)
    return _end(tx, run_id, facts, Ending(RunState.LOST, reason=why), number, at, holder)


def wake_waiting(tx: Transaction) -> None:
    """Let a node look at runs that wait and backfills that go on, if any: what has just ended may have made room."""
    if waiting.is_any(tx):
        tx.changed = True


def _if_ours(facts: RunFacts, send_at: datetime) -> datetime | None:
    """Return when a message is taken for lost; never, where Punctual did not send it, and so cannot send it again."""
    return None if facts.cause is Cause.ADHOC else send_at


def _cancelling(tx: Transaction, run_id: UUID) -> str | None:
    facts = attempts.facts_of(tx, run_id)
    return None if facts is None else facts.cancelling


def _cancel(
    tx: Transaction,
    run_id: UUID,
    reason: str,
    attempt: int | None,
    at: datetime,
    *,
    error: RunError | None = None,
    worker: str | None = None,
    holder: UUID | None = None,
) -> bool:
    ending = Ending(RunState.CANCELLED, reason=reason, error=error, worker=worker)
    return attempts.end(tx, run_id, ending, attempt=attempt, at=at, holder=holder)


def _again(
    tx: Transaction, run_id: UUID, attempt: int, error: RunError, send_at: datetime, holder: UUID | None = None
) -> bool:
    moved = attempts.retry(
        tx, run_id, attempt=attempt, error=error, send_at=send_at, sent_by_celery=False, holder=holder
    )
    tx.changed = tx.changed or moved
    return moved


def _end(
    tx: Transaction,
    run_id: UUID,
    facts: RunFacts,
    ending: Ending,
    attempt: int | None,
    at: datetime,
    holder: UUID | None = None,
) -> bool:
    """End a run badly. The schedule is locked first, as by all who lock both."""
    failures.hold(tx, facts.schedule_id)
    if not attempts.end(tx, run_id, ending, attempt=attempt, at=at, holder=holder):
        return False
    streak = failures.count(tx, facts.schedule_id)
    most = failures.most(tx, facts.schedule_id)
    if most is not None and streak >= most:
        _pause(tx, facts.schedule_id, streak, at)
    return True


def _pause(tx: Transaction, schedule_id: UUID, streak: int, at: datetime) -> None:
    try:
        schedule = schedules.lock(tx, schedule_id)
        if schedule is None or schedule.status.paused:
            return
        schedule = settle(tx, schedule, at)
    except UNPLANNABLE:
        _log.exception(
            "a schedule that fails cannot be paused",
            extra={"action": "schedule_not_paused", "schedule_id": str(schedule_id)},
        )
        return
    note = f"Paused by itself: {streak} runs in a row failed or were lost."
    runs.skip_pending(tx, schedule_id, reason="The schedule was paused, because its runs failed.", at=at)
    status = schedule.status.idle().model_copy(update={"paused": True, "pause_note": note, "failure_streak": streak})
    schedules.save(tx, schedule.model_copy(update={"status": status, "updated_at": at}), actor="punctual")
    tx.changed = True
    _log.warning(
        "schedule %s is paused after %d failures",
        schedule.spec.name,
        streak,
        extra={"action": "schedule_paused_after_failures", "schedule": schedule.spec.name},
    )


def _retry(facts: RunFacts) -> Retry:
    try:
        return Retry.model_validate(facts.document.get("retry", {}))
    except ValidationError:  # written by another version; the run still has to end
        return Retry()
