"""Putting right what neither fire times nor workers do: runs that wait, expire, take too long or lose their worker."""

from datetime import datetime, timedelta

from punctual.domain.clock import Clock
from punctual.domain.run import RunError, RunState
from punctual.domain.source import WITHOUT_PLUGIN
from punctual.engine import outcomes
from punctual.store import admission, attempts, waiting
from punctual.store.attempts import Ending, OpenAttempt
from punctual.store.database import Database, Transaction

BATCH = 500

LOST_AFTER = timedelta(seconds=30)
"""Without a sign of life for so long, a worker is taken for dead."""

_LONGEST_GAP = timedelta(seconds=15)


def release_waiting(database: Database, now: datetime) -> int:
    """Let those buffered runs start that nothing holds back any more; return how many.

    Nobody waits for a lock here: what another transaction holds is left for the next look.
    """
    with database.write() as tx:
        found = waiting.free(tx, limit=BATCH)
        if not found:
            return 0
        locked = waiting.lock(tx, found)
        chosen = _chosen(waiting.free(tx, limit=BATCH, only=locked)) if locked else []
        if chosen:
            waiting.release(tx, [run.id for run in chosen], now=now)
        return len(chosen)


def _chosen(free: list[waiting.WaitingRun]) -> list[waiting.WaitingRun]:
    """Return the first of each schedule that lets one run at a time, and of each key as many as it has room for."""
    chosen = []
    schedules_taken = set()
    taken: dict[str, int] = {}
    for run in free:
        if run.exclusive and run.schedule_id in schedules_taken:
            continue
        if run.key is not None and run.limit is not None:
            count = taken.setdefault(run.key, run.taken)
            if count >= run.limit:
                continue
            taken[run.key] = count + 1
        schedules_taken.add(run.schedule_id)
        chosen.append(run)
    return chosen


def end_overdue(database: Database, now: datetime) -> int:
    """End what has passed its deadline: runs that may not start any more, attempts that run too long."""
    with database.read() as tx:
        found = attempts.overdue(tx, now, limit=BATCH)
    for attempt in found:
        with database.write() as tx:
            _end_one(tx, attempt, now)
            outcomes.wake_waiting(tx)
    return len(found)


def _end_one(tx: Transaction, overdue: OpenAttempt, now: datetime) -> None:
    if overdue.state is not RunState.RUNNING:
        reason = "It did not start in time: its schedule lets it expire."
        attempts.end(tx, overdue.id, Ending(RunState.EXPIRED, reason=reason), attempt=1, at=now, begun=False)
        return
    error = RunError(type="TimedOut", message=f"Attempt {overdue.attempt} ran for longer than the schedule's timeout.")
    reason, last = error.message, overdue.source in WITHOUT_PLUGIN
    if last:  # what Celery's workers are told to terminate they refuse ever after, by its id
        reason += " No other one follows, for its worker has no plug-in."
    if outcomes.failed(tx, overdue.id, attempt=overdue.attempt, at=now, error=error, reason=reason, last=last):
        admission.ask_to_stop_attempt(tx, overdue.id, overdue.attempt)


class LostRuns:
    """Looks for runs whose worker is gone, as long as this node itself sees the database without a break.

    After a break, its own or the database's, the workers get the time to tell that they live.
    """

    def __init__(
        self, database: Database, clock: Clock, *, after: timedelta = LOST_AFTER, by_events: bool = False
    ) -> None:
        """Judge nothing before a first look: runs of which the plug-in tells, or those that are known `by_events`."""
        self._after = after
        self._by_events = by_events
        self._database = database
        self._clock = clock
        self._steady_since: datetime | None = None
        self._last: datetime | None = None

    def step(self) -> int:
        """End, or attempt again, the runs whose worker has given no sign of life; return how many."""
        now = self._clock.now()
        if self._last is None or not timedelta(0) <= now - self._last <= _LONGEST_GAP:
            self._steady_since = now
        self._last = now
        if self._steady_since is None or now - self._steady_since < self._after:
            return 0
        return _end_lost(self._database, now, after=self._after, by_events=self._by_events)


def _end_lost(database: Database, now: datetime, *, after: timedelta, by_events: bool) -> int:
    with database.read() as tx:
        found = attempts.orphans(tx, seen_since=now - after, limit=BATCH, by_events=by_events)
    for attempt in found:
        why = f"Worker {attempt.worker} has given no sign of life for {after.total_seconds():g} s."
        with database.write() as tx:
            outcomes.lost(tx, attempt.id, attempt=attempt.attempt, at=now, why=why)
            outcomes.wake_waiting(tx)
    return len(found)
