"""The gate: no attempt of a run starts twice, however often its message is delivered.

It is asked in the process that runs the task, before the task. Its answer is the record of the start.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from punctual.celery.headers import (
    RUN,
    attempt_of,
    is_sent_by_us,
    may_be_one_of_several,
    run_of,
    timeout_of,
)
from punctual.celery.records import GivenBack, Started
from punctual.celery.session import Session
from punctual.celery.told import error_of
from punctual.celery.worker_id import this_worker
from punctual.domain.clock import monotonic
from punctual.domain.errors import DatabaseUnavailableError, PunctualError
from punctual.store.attempts import Runner

logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that a task waits for the answer; then it runs without one, or is put off."""

REST = 5.0
"""Seconds for which nobody waits for a database that has just given no answer."""

_STEPS = 12
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5


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
        patience: float = PATIENCE,
        rest: float = REST,
    ) -> None:
        """Open nothing yet."""
        self.refused = 0
        self._database_url = database_url
        self._submit = submit
        self._patience = patience
        self._rest = rest
        self._idle: deque[_Line] = deque()
        self._away: tuple[float, str] | None = None

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
            answer = self._ask(started)
            if isinstance(answer, str):
                return self._unasked(started, request, why=answer)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("The gate failed for task %s", task_id, extra={"action": "gate_failed", "run": task_id})
            return True
        if not answer:
            self.refused += 1
            logger.info(
                "Attempt %d of run %s is not started here: it has begun before, or the run has ended",
                started.attempt,
                task_id,
                extra={"action": "start_refused", "run": task_id, "attempt": started.attempt},
            )
        return answer

    def gave_back(self, task_id: str, request: Mapping[str, Any], reason: BaseException) -> None:
        """Let an attempt start anew, because its task asks for its message to be put back into the queue.

        Returns when that is recorded, since the message may be there at once; without an answer it is recorded later.
        """
        try:
            run_id = run_of(request.get(RUN), task_id)
            if run_id is not None:
                record = GivenBack(run_id, monotonic(), attempt_of(request), error_of(reason, None))
                if self._away is not None or not isinstance(self._answer(record), bool):
                    self._submit(record)
        except Exception:
            logger.exception("The gate failed for task %s", task_id, extra={"action": "gate_failed", "run": task_id})

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

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

    def _ask(self, started: Started) -> bool | str:
        """Return the answer, or in words why there is none."""
        away = self._away
        if away is not None and monotonic() < away[0]:
            return away[1]
        answer = self._answer(started)
        if isinstance(answer, str):
            self._away = (monotonic() + self._rest, answer)
        elif away is not None:
            self._away = None
            logger.info("The gate is asked again", extra={"action": "gate_resumed"})
        return answer

    def _answer(self, record: Started | GivenBack) -> bool | str:
        """Return the answer of the ledger, or in words why there is none."""
        try:
            line = self._idle.pop()
        except IndexError:
            try:
                line = _Line(self._database_url())
            except PunctualError as error:
                return error.message
        answer: bool | Exception | None = None
        try:
            answer = line.ask(record, self._patience)
        finally:
            if isinstance(answer, bool):
                self._idle.append(line)
            else:
                line.close()
        if answer is None:
            return f"The database does not answer within {self._patience:g} s."
        return answer if isinstance(answer, bool) else str(getattr(answer, "message", answer))


@dataclass(frozen=True, slots=True)
class _Question:
    record: Started | GivenBack
    patience: float
    answers: SimpleQueue[bool | Exception] = field(default_factory=SimpleQueue)


class _Line:
    """A connection with a thread of its own, because no driver promises to give up in time."""

    def __init__(self, database_url: str) -> None:
        self._session = Session(database_url)
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        threading.Thread(target=self._serve, name="punctual-gate", daemon=True).start()

    def ask(self, record: Started | GivenBack, within: float) -> bool | Exception | None:
        """Return the answer, or why there is none; None when nothing came within so many seconds.

        The time in which this process stood still does not count: the answer may lie there, unheard.
        """
        question = _Question(record, within)
        self._questions.put(question)
        for _ in range(_STEPS):
            with suppress(Empty):
                return question.answers.get(timeout=within / _STEPS)
        return None

    def close(self) -> None:
        """End the thread, once it has an answer to what it was asked."""
        self._questions.put(None)

    def _serve(self) -> None:
        while (question := self._questions.get()) is not None:
            question.answers.put(self._answer(question))
        self._session.close()

    def _answer(self, question: _Question) -> bool | Exception:
        at = None
        pause = waited = 0.0
        while True:
            try:
                again = at is not None
                at = at or self._session.instant(question.record.moment)
                return self._session.ask(question.record, at, again=again)
            except DatabaseUnavailableError as error:
                if waited + pause >= question.patience:
                    return error
                # At first without a pause: a connection that was cut says nothing about the database.
                threading.Event().wait(pause)
                waited += pause
                pause = min(max(pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            except Exception as error:  # noqa: BLE001 - what it is, whoever asked says
                return error


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
    )
