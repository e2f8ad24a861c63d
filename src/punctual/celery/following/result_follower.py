"""Following runs of which neither the plug-in nor events tell, by looking their results up."""

import logging
import threading

from celery import Celery

from punctual.celery.following.result_records import record
from punctual.celery.following.stored_results import StoredResults
from punctual.celery.link import words_of
from punctual.domain.clock import Clock
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.source import Source
from punctual.engine import outcomes
from punctual.store import followed
from punctual.store.database import Database

_PACE = 2.0
_FULL_PACE = 0.2
_FIRST_PAUSE, _LAST_PAUSE = 2.0, 30.0

logger = logging.getLogger(__name__)


class ResultFollower:
    """Asks an app's result backend about runs that were sent and have not ended; nodes share them among each other.

    A run is looked up the less often the longer it takes, so that many that are open cost little.
    """

    name = "punctual-results"

    def __init__(self, app: Celery, database: Database, clock: Clock) -> None:
        """Connect to nothing yet."""
        self.fault: str | None = None
        self._results = StoredResults(app)
        self._database = database
        self._clock = clock

    def run(self, stopping: threading.Event) -> None:
        """Follow until `stopping` is set."""
        pause, trouble = _PACE, 0.0
        while not stopping.wait(pause):
            try:
                pause = _FULL_PACE if self.step() == self._results.limit else _PACE
            except Exception as error:  # noqa: BLE001 - client libraries raise what they like
                pause = trouble = min(max(trouble * 2, _FIRST_PAUSE), _LAST_PAUSE)
                self._away(error)
            else:
                trouble = 0.0
                self._back()

    def step(self) -> int:
        """Look up the results that are to be looked up now, and return how many; raises what the backend does."""
        now = self._clock.now()
        with self._database.read() as tx:
            if not followed.due_looks(tx, now, limit=1):
                return 0
        with self._database.write() as tx:
            due = followed.due_looks(tx, now, limit=self._results.limit)
            followed.put_off_looks(tx, due, now)
        found = self._results.read([run.id for run in due])
        if found:
            with self._database.write(Source.RESULT_BACKEND) as tx:
                fresh = followed.open_runs(tx, list(found))
                for key, run in fresh.items():
                    record(tx, run, found[key], now)
                outcomes.wake_waiting(tx)
        return len(due)

    def _away(self, error: Exception) -> None:
        why = f"The result backend does not answer: {words_of(error)}"
        if isinstance(error, DatabaseUnavailableError):
            why = error.sentence
        if self.fault is None:
            logger.warning("Results are not looked up: %s", why, extra={"action": "results_away"})
        self.fault = why

    def _back(self) -> None:
        if self.fault is not None:
            logger.info("Results are looked up again", extra={"action": "results_back"})
        self.fault = None
