"""When the messages of runs came to this worker.

The moment travels with the request to the process that runs the task, and is recorded with the start. Only what waits
in the worker for longer is told before.
"""

import weakref
from datetime import datetime, timedelta
from typing import Any

from celery.worker import state as worker_state

from punctual.celery.headers import RECEIVED, RUN, run_of
from punctual.domain.clock import monotonic
from punctual.store import attempt_batches
from punctual.store.attempt_batches import Receipt
from punctual.store.database import Database

LOOK_SECONDS = 1.0
"""How often to look for messages that wait, and how long they have to."""

_MOST_AT_ONCE = 500


def note_receipt(request: Any) -> None:  # noqa: ANN401 - Celery has no types
    """Note in a request, in the worker's main process, that it came now."""
    request.request_dict[RECEIVED] = monotonic()


class Receipts:
    """Tells the ledger of the messages that wait in this worker, each once."""

    def __init__(self, worker: str) -> None:
        """Know the worker's name."""
        self._worker = worker
        self._told: weakref.WeakSet[Any] = weakref.WeakSet()

    def tell(self, database: Database, now: datetime) -> None:
        """Write what has waited for long enough; raises DatabaseUnavailableError."""
        moment = monotonic()
        # Celery's threads change this dictionary meanwhile, so it is copied in one go.
        waiting = [request for request in list(worker_state.requests.values()) if self._waits(request, moment)]
        told = waiting[:_MOST_AT_ONCE]
        receipts = {}
        for request in told:
            facts = request.request_dict
            if run_id := run_of(facts.get(RUN), request.id):
                at = now - timedelta(seconds=moment - facts[RECEIVED])
                receipts[run_id] = Receipt(run_id, self._worker, at)
        if receipts:
            with database.write() as tx:
                attempt_batches.receive(tx, list(receipts.values()))
        self._told.update(told)

    def _waits(self, request: Any, moment: float) -> bool:  # noqa: ANN401 - Celery has no types
        received = request.request_dict.get(RECEIVED)
        return (
            received is not None
            and moment - received >= LOOK_SECONDS
            and request not in self._told
            and request not in worker_state.active_requests
        )
