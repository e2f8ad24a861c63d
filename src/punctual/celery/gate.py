"""The gate: no attempt of a run starts twice, however often its message is delivered.

It is asked in the process that runs the task, before the task. Its answer is the record of the start.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from punctual.celery.headers import (
    RUN,
    attempt_of,
    is_sent_by_us,
    may_be_one_of_several,
    received_of,
    run_of,
    timeout_of,
)
from punctual.celery.line import Line
from punctual.celery.outage import Outage
from punctual.celery.records import GivenBack, Started
from punctual.celery.session import Session
from punctual.celery.tally import Tally
from punctual.celery.worker_id import this_worker
from punctual.domain.clock import monotonic
from punctual.domain.errors import PunctualError
from punctual.domain.run import RunError
from punctual.engine.dispatcher import RESEND_AFTER
from punctual.store.attempts import Runner

logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that a task waits for a database that is restarting, or, if it must be sure, for any answer."""

SILENCE = 0.25
"""Seconds for which a task waits at the most where nothing at all is heard: a stopped server, a network that is cut."""

_SILENT = "The database does not answer."
_FEW = 100
"""Records that may wait while the ledger is asked: fewer than pile up in a second in which it cannot be."""

_SHORTEST_SILENCE = 0.1
"""Seconds for which it waits at least, however fast answers usually come."""


class Gate:
    """Asks the ledger whether attempts may start; may be used by several threads.

    A broken recorder never breaks a task: without an answer the task runs, and its start is handed to `submit`. But
    where its message may be one of several, it does not run twice either: it is left for a node to send again.
    """

    def __init__(
        self,
        database_url: Callable[[], str],
        submit: Callable[[Started | GivenBack], None],
        *,
        tally: Tally | None = None,
        resend_after: Callable[[], timedelta] = lambda: RESEND_AFTER,
        patience: float = PATIENCE,
        silence: float = SILENCE,
    ) -> None:
        """Open nothing yet; starts that are refused are counted in `tally`."""
        self._database_url = database_url
        self._submit = submit
        self._tally = tally or Tally()
        self._resend_after = resend_after
        self._patience = patience
        self._silence = silence
        self._lock = threading.Lock()
        self._idle: deque[Line] = deque()
        self._outage: Outage | None = None

    def admits(self, task_id: str, request: Mapping[str, Any]) -> bool:
        """Tell whether a task may run; tasks that Punctual did not send always may.

        False: this attempt of the run has begun before, or the run has ended, or one of these may be the case and the
        ledger does not say. Raises only what interrupts the task.
        """
        try:
            started = _started(task_id, request)
            if started is None:
                return True
            if not is_sent_by_us(request):
                self._submit(started)
                return True
            # A first message can be let in unasked without harm: no other one is there yet.
            answer = self._ask(started, must_know=may_be_one_of_several(request))
            if isinstance(answer, str):
                return self._unasked(started, request, why=answer)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("The gate failed for task %s", task_id, extra={"action": "gate_failed", "run": task_id})
            return True
        if not answer:
            self._tally.refused()
            logger.info(
                "Attempt %d of run %s is not started here: it has begun before, or the run has ended",
                started.attempt,
                task_id,
                extra={"action": "start_refused", "run": task_id, "attempt": started.attempt},
            )
        return answer

    def gave_back(self, task_id: str, request: Mapping[str, Any], error: RunError) -> None:
        """Let an attempt start anew, because its task asks for its message to be put back into the queue.

        Returns when that is recorded, since the message may be there at once; without an answer it is recorded later.
        """
        try:
            run_id = run_of(request.get(RUN), task_id)
            if run_id is not None:
                record = GivenBack(run_id, monotonic(), attempt_of(request), error, self._resend_after())
                if isinstance(self._ask(record, must_know=False), str):
                    self._submit(record)
        except Exception:
            logger.exception("The gate failed for task %s", task_id, extra={"action": "gate_failed", "run": task_id})

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()
        if self._outage is not None:
            self._outage.close()

    def _unasked(self, started: Started, request: Mapping[str, Any], *, why: str) -> bool:
        """Tell whether a task may run that could not be asked for, and say so."""
        facts = {"run": str(started.run_id), "attempt": started.attempt}
        if may_be_one_of_several(request):
            message = "Run %s is put off, for its message may be one of several, and who could tell does not: %s"
            logger.warning(message, started.run_id, why, extra={"action": "start_put_off", **facts})
            return False
        message = "Run %s starts without having asked whether it may: %s"
        logger.warning(message, started.run_id, why, extra={"action": "gate_open", **facts})
        self._submit(started)
        return True

    def _ask(self, record: Started | GivenBack, *, must_know: bool) -> bool | str:
        """Return the answer of the ledger, or in words why there is none; who `must_know` waits longer for it."""
        outage = self._outage
        if outage is not None and not outage.over and (outage.is_certain or not must_know):
            return outage.why
        try:
            answer = self._answer(record, must_know=must_know)
        except PunctualError as error:
            answer = error.message
        if isinstance(answer, str):
            self._begin_outage(answer, is_certain=must_know or answer is not _SILENT)
        return answer

    def _begin_outage(self, why: str, *, is_certain: bool) -> None:
        with self._lock:
            if self._outage is None or self._outage.over:
                self._outage = Outage(self._database_url, why, lambda: self._tally.counts.waiting < _FEW)
            # Who was soon content without an answer has not waited for long enough to speak for those who are not.
            self._outage.is_certain = self._outage.is_certain or is_certain

    def _answer(self, record: Started | GivenBack, *, must_know: bool) -> bool | str:
        line = self._idle.pop() if self._idle else Line(self._database_url())
        answer: bool | Exception | None = None
        try:
            silence = self._patience if must_know else self._silence_of(line)
            answer = line.ask(
                _Question(record), silence=silence, patience=self._patience, is_start=isinstance(record, Started)
            )
        finally:
            if isinstance(answer, bool):
                self._idle.append(line)
            else:
                line.close()
        if answer is None:
            return _SILENT
        return answer if isinstance(answer, bool) else str(getattr(answer, "message", answer))

    def _silence_of(self, line: Line) -> float:
        """Return after how many seconds without a word a server is taken for stopped."""
        if line.usual.longest is None:
            return self._patience
        return min(max(line.usual.longest, _SHORTEST_SILENCE), self._silence)


class _Question:
    """Whether the ledger takes a record; asked as often as it takes to hear the answer."""

    def __init__(self, record: Started | GivenBack) -> None:
        self._record = record
        self._at: datetime | None = None

    def __call__(self, session: Session) -> bool:
        again = self._at is not None
        self._at = self._at or session.instant(self._record.moment)
        return session.ask(self._record, self._at, again=again)


def _started(task_id: str, request: Mapping[str, Any]) -> Started | None:
    run_id = run_of(request.get(RUN), task_id)
    if run_id is None:
        return None
    return Started(
        run_id,
        monotonic(),
        Runner(str(request.get("hostname")), this_worker(), os.getpid()),
        attempt=attempt_of(request),
        timeout=timeout_of(request),
        received=received_of(request),
    )
