"""Turns Celery's signals into records of runs.

Which signals fire differs by pool and by fault; the rules here were measured on Celery 5.7 with every pool. In short:
the process that runs the task tells of its success, failure and retry; the main process tells of what the task's own
process cannot (killed, hard time limit, revoked, unknown task). An end may be told twice: the ledger keeps the first.
Starts are the gate's (gate.py). `task_postrun` is no end, except for a task that asked Celery to ignore it.
"""

import itertools
import logging
import traceback as traceback_module
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from celery import signals
from celery.exceptions import Ignore, Reject, TimeLimitExceeded, WorkerLostError
from celery.utils.serialization import UnpickleableExceptionWrapper
from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, from_json, to_json

from punctual.celery.headers import RUN, attempt_of, run_of
from punctual.celery.records import Ended, Record, Retrying
from punctual.domain.clock import SystemClock, monotonic
from punctual.domain.run import RunError, RunState

logger = logging.getLogger(__name__)

_RESULT_LIMIT = 64 * 1024
_TRACEBACK_LIMIT = 64 * 1024
_MESSAGE_LIMIT = 4 * 1024

_numbers = itertools.count()


class Recorder:
    """Listens to the workers of the apps that `serves` accepts, and hands each record to `submit`.

    Celery logs an exception of a receiver and goes on with the task, so nothing here can make a task fail.
    """

    def __init__(self, serves: Callable[[Any], bool], submit: Callable[[Record], None]) -> None:
        """Listen to nothing yet."""
        self._serves = serves
        self._submit = submit

    def connect(self) -> None:
        """Listen for as long as this object lives."""
        receivers = {
            signals.task_success: self._succeeded,
            signals.task_failure: self._failed,
            signals.task_retry: self._retried,
            signals.task_postrun: self._finished,
            signals.task_revoked: self._revoked,
            signals.task_unknown: self._unknown,
            signals.task_rejected: self._refused,
        }
        # Celery before 5.7 takes the methods of two objects for one receiver, unless each has an id.
        number = next(_numbers)
        for signal, receiver in receivers.items():
            signal.connect(receiver, dispatch_uid=f"punctual.recorder.{number}")

    def _succeeded(self, sender: Any, result: object, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        if run_id := self._run(sender, sender.request):
            moment, attempt, worker = monotonic(), attempt_of(sender.request), sender.request.hostname
            self._submit(Ended(run_id, moment, attempt, RunState.SUCCEEDED, worker, result=as_json(result)))

    def _failed(
        self,
        sender: Any,  # noqa: ANN401 - Celery has no types
        task_id: str,
        exception: BaseException,
        einfo: Any = None,  # noqa: ANN401 - Celery has no types
        **_: object,
    ) -> None:
        request = sender.request
        # The main process tells of some failures outside any request; the ledger refuses ids that it does not know.
        run_id = self._run(sender, request) if request.id else self._serves(sender.app) and run_of(None, task_id)
        if run_id:
            error = error_of(exception, getattr(einfo, "traceback", None))
            reason = _why_cut_short(exception)
            attempt = attempt_of(request) if request.id else None
            worker = request.hostname
            self._submit(Ended(run_id, monotonic(), attempt, RunState.FAILED, worker, error=error, reason=reason))

    def _retried(self, sender: Any, request: Any, reason: Any = None, einfo: Any = None, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        run_id = self._run(sender, request)
        if not run_id:
            return
        if reason is None:
            text = "The worker cancelled the attempt, because it lost the broker or stops; the message comes again."
            error = RunError(type="Cancelled", message=text)
        else:
            cause = getattr(reason, "exc", None) or reason
            # Celery's own traceback is that of the retry; the one of its cause says more.
            error = error_of(cause, _traceback_of(cause) or getattr(einfo, "traceback", None))
        self._submit(Retrying(run_id, monotonic(), attempt_of(request), error, _countdown(reason)))

    def _finished(self, sender: Any, state: str | None = None, retval: object = None, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        # A replaced task raises Ignore too, but its run goes on in the task that replaces it, under the same id.
        ignored = state == "IGNORED" and not (isinstance(retval, Ignore) and str(retval) == "Replaced by new task")
        # Only Celery 5.7 tells of this failure by a signal.
        rejected = isinstance(retval, Reject) and not retval.requeue
        run_id = self._run(sender, sender.request) if ignored or rejected else None
        if not run_id:
            return
        moment, attempt, worker = monotonic(), attempt_of(sender.request), sender.request.hostname
        if isinstance(retval, Reject):
            self._submit(Ended(run_id, moment, attempt, RunState.FAILED, worker, error=error_of(retval, None)))
        else:
            reason = "The task raised Ignore: it asked that its end not be recorded."
            self._submit(Ended(run_id, moment, attempt, RunState.CANCELLED, worker, reason=reason))

    def _revoked(
        self,
        sender: Any,  # noqa: ANN401 - Celery has no types
        request: Any,  # noqa: ANN401 - Celery has no types
        terminated: bool = False,  # noqa: FBT001, FBT002 - passed by name
        signum: object = None,
        expired: bool = False,  # noqa: FBT001, FBT002 - passed by name
        **_: object,
    ) -> None:
        run_id = self._run(sender, request)
        if not run_id:
            return
        moment, attempt, worker = monotonic(), attempt_of(request), request.hostname
        if expired and not request.retries:
            reason = "The message expired before a worker could start it."
            self._submit(Ended(run_id, moment, attempt, RunState.EXPIRED, reason=reason))
        elif expired:
            reason = f"Attempt {request.retries} failed, and the message expired before the next one could start."
            self._submit(Ended(run_id, moment, attempt, RunState.FAILED, worker, reason=reason))
        else:
            reason = f"Terminated with signal {signum} while it ran." if terminated else "Revoked before it started."
            self._submit(Ended(run_id, moment, attempt, RunState.CANCELLED, worker, reason=reason))

    def _unknown(self, sender: Any, message: Any, name: str, id: str, **_: object) -> None:  # noqa: A002, ANN401 - Celery's names
        if run_id := self._message_run(sender, message, id):
            text = f"Worker {sender.hostname} has no task named {name!r}."
            error = RunError(type="NotRegistered", message=text)
            reason = "No such task on this worker."
            self._submit(Ended(run_id, monotonic(), None, RunState.FAILED, sender.hostname, error=error, reason=reason))

    def _refused(self, sender: Any, message: Any, exc: BaseException | None = None, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        if run_id := self._message_run(sender, message, None):
            error = None if exc is None else error_of(exc, None)
            reason = "The worker refused the message."
            self._submit(Ended(run_id, monotonic(), None, RunState.FAILED, sender.hostname, error=error, reason=reason))

    def _run(self, task: Any, request: Any) -> UUID | None:  # noqa: ANN401 - Celery has no types
        if not self._serves(task.app):
            return None
        return run_of(request.get(RUN), request.id)

    def _message_run(self, consumer: Any, message: Any, task_id: str | None) -> UUID | None:  # noqa: ANN401 - Celery has no types
        if not self._serves(consumer.app):
            return None
        headers = message.headers or {}
        return run_of(headers.get(RUN), task_id or headers.get("id"))


def as_json(result: object) -> JsonValue:
    """Return a task's result as JSON data of its own; what JSON cannot hold becomes a text that says so."""
    try:
        encoded = to_json(result, inf_nan_mode="strings")
    except (PydanticSerializationError, ValueError, TypeError, RecursionError):
        return _as_text(result, "not JSON: this is its repr")
    if len(encoded) > _RESULT_LIMIT:
        return _as_text(result, f"{len(encoded)} bytes are too many: this is the beginning of its repr")
    if b"\\u0000" in encoded:
        return _as_text(result, "holds a NUL character: this is its repr")
    return from_json(encoded)  # type: ignore[no-any-return] # pydantic does not say that it gives JSON


def error_of(exception: BaseException, traceback: object) -> RunError:
    """Return the exception as data, each text within its bound; of a long traceback the end is kept."""
    if isinstance(exception, UnpickleableExceptionWrapper):
        name, message = str(exception.exc_cls_name), _shown(exception.text)
    else:
        kind = type(exception)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        message = _shown(exception)
    text = None if traceback is None else _storable(_shown(traceback))
    if text is not None and len(text) > _TRACEBACK_LIMIT:
        text = f"[{len(text) - _TRACEBACK_LIMIT} characters left out]\n{text[-_TRACEBACK_LIMIT:]}"
    return RunError(type=name, message=_storable(message)[:_MESSAGE_LIMIT], traceback=text)


def _as_text(result: object, note: str) -> str:
    return f"{_storable(_shown(result, repr))[:_MESSAGE_LIMIT]} ({note})"


def _shown(value: object, how: Callable[[object], str] = str) -> str:
    try:
        return how(value)
    # What a user's class does to show itself may fail too.
    except Exception:  # noqa: BLE001
        return f"<{type(value).__qualname__} that cannot be shown>"


def _storable(text: str) -> str:
    """Replace what PostgreSQL cannot store: NUL characters and lone surrogates."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def _traceback_of(exception: object) -> str | None:
    if isinstance(exception, BaseException) and exception.__traceback__ is not None:
        return "".join(traceback_module.format_exception(exception))
    return None


def _countdown(reason: object) -> float:
    """Return in how many seconds Celery starts the next attempt, as its Retry says."""
    when = getattr(reason, "when", None)
    if isinstance(when, datetime) and when.tzinfo is not None:
        return max((when - SystemClock().now()).total_seconds(), 0.0)
    return float(when) if isinstance(when, int | float) else 0.0


def _why_cut_short(exception: BaseException) -> str | None:
    if isinstance(exception, WorkerLostError):
        return "The process that ran the task died."
    if isinstance(exception, TimeLimitExceeded):
        return "The task ran into its hard time limit."
    return None
