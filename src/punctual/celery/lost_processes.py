"""Attempts whose process has died, where Celery does not tell: it puts their messages back (reject_on_worker_lost)."""

from collections.abc import Callable
from uuid import UUID

from punctual.celery.records import Lost
from punctual.celery.tally import lives
from punctual.domain.clock import monotonic
from punctual.store import attempts
from punctual.store.attempts import HeldAttempt
from punctual.store.database import Database


class LostProcesses:
    """Compares what the ledger says that this worker runs with the processes that there are.

    A dead one counts when it is met at two looks: what Celery tells of it, and the process itself told before it died,
    is on its way for a moment, and comes first.
    """

    def __init__(self, worker_id: UUID, submit: Callable[[Lost], None]) -> None:
        """Look at nothing yet."""
        self._worker_id = worker_id
        self._submit = submit
        self._met: set[HeldAttempt] = set()

    def look(self, database: Database) -> None:
        """Hand on the attempts whose process is gone; raises DatabaseUnavailableError."""
        with database.read() as tx:
            held = attempts.held_by(tx, self._worker_id)
        gone = {attempt for attempt in held if not lives(attempt.pid)}
        for attempt in gone & self._met:
            why = f"The process that ran the task died (its number was {attempt.pid})."
            self._submit(Lost(attempt.run_id, monotonic(), attempt.attempt, self._worker_id, why))
        self._met = gone
