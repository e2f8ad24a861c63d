"""Records tasks that Punctual did not send, where people want that (`record: all`)."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from punctual.celery.headers import RUN, attempt_of, received_of, run_of
from punctual.celery.records import Appeared, Record, Started
from punctual.celery.told import kept_result
from punctual.celery.worker_id import this_worker
from punctual.domain.clock import monotonic
from punctual.domain.identity import adhoc_run_id
from punctual.store.attempts import Runner

logger = logging.getLogger(__name__)

_CELERYS_OWN = "celery."
"""Tasks of Celery itself begin so, such as the one that looks again and again whether a chord is complete."""


class AdhocRuns:
    """Knows which tasks are recorded though Punctual did not send them, and hands their records to `submit`."""

    def __init__(self, wanted: Callable[[], bool], submit: Callable[[Record], None]) -> None:
        """Ask nothing yet."""
        self._wanted = wanted
        self._submit = submit

    def run_of(self, task: str, task_id: object) -> UUID | None:
        """Return the run that a task has that Punctual did not send; None when it is not recorded."""
        if task_id is None or task.startswith(_CELERYS_OWN) or not self._wanted():
            return None
        return adhoc_run_id(str(task_id))

    def begin(self, task_id: str, request: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Record that a task begins here, if it is one of these; it may, whatever the ledger says of it."""
        try:
            run_id = self.appear(task_id, request, args, kwargs)
            if run_id is not None:
                runner = Runner(str(request.get("hostname")), this_worker(), os.getpid())
                moment, received = monotonic(), received_of(request)
                self._submit(Started(run_id, moment, runner, attempt_of(request), timeout=None, received=received))
        except Exception:
            logger.exception("Task %s is not recorded", task_id, extra={"action": "record_dropped"})

    def appear(
        self,
        task_id: str,
        request: Mapping[str, Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> UUID | None:
        """Let the ledger have a run of a task, if it is one of these; return it then."""
        task = str(request.get("task"))
        run_id = self.run_of(task, task_id)
        if run_id is None or (request.get(RUN) is not None and run_of(request.get(RUN), task_id) is not None):
            return None
        # What a task was called with is recorded here, and nowhere else for tasks that Punctual did not send.
        shown = (
            [kept_result(value).value for value in args],
            {name: kept_result(value).value for name, value in (kwargs or {}).items()},
        )
        self._submit(Appeared(run_id, received_of(request) or monotonic(), task, *shown))
        return run_id
