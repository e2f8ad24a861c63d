"""Attempts of this worker that are over, and whose end nobody wrote.

The process that runs a task writes its end; when it is killed just then, Celery takes the task for done and tells
nothing. The main process knows what the worker is at, so it can tell.
"""

import logging
from uuid import UUID

from celery.worker import state

from punctual.celery.worker_id import this_worker
from punctual.domain.clock import Clock, monotonic
from punctual.engine import outcomes
from punctual.engine.reconcile import LOST_AFTER
from punctual.store import attempts
from punctual.store.database import Database

logger = logging.getLogger(__name__)


class UnheardEnds:
    """Ends as lost what the ledger has as running here while the worker is at no such task, look after look."""

    def __init__(self, patience: float = LOST_AFTER.total_seconds()) -> None:
        """`patience` is in seconds: so long an end may be on its way."""
        self._patience = patience
        self._missing: dict[tuple[UUID, int], float] = {}

    def step(self, database: Database, clock: Clock) -> int:
        """Look once; return how many attempts were ended. What the store raises starts the patience anew."""
        worker = this_worker()
        before, self._missing = self._missing, {}
        if worker is None:
            return 0
        with database.read() as tx:
            running = attempts.running_in(tx, worker)
        busy = _busy()
        now = monotonic()
        missing = {
            (each.id, each.attempt): before.get((each.id, each.attempt), now)
            for each in running
            if str(each.id) not in busy
        }
        due = [key for key, since in missing.items() if now - since >= self._patience]
        for run_id, attempt in due:
            self._end(database, clock, run_id, attempt)
            del missing[run_id, attempt]
        self._missing = missing
        return len(due)

    def _end(self, database: Database, clock: Clock, run_id: UUID, attempt: int) -> None:
        why = "The process that ran it was gone before it could tell how it ended."
        with database.write() as tx:
            ended = outcomes.lost(tx, run_id, attempt=attempt, at=clock.now(), why=why)
            outcomes.wake_waiting(tx)
        if ended:
            logger.warning(
                "Nobody has told how attempt %d of run %s ended",
                attempt,
                run_id,
                extra={"action": "end_unheard", "run": str(run_id), "attempt": attempt},
            )


def _busy() -> set[str]:
    """Return the ids of the tasks that the worker is at; that of a run is the run's."""
    while True:
        try:
            return {str(request.id) for request in list(state.active_requests)}
        except RuntimeError:  # it changed meanwhile
            continue
