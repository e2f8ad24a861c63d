"""Turns Celery's signals into records of runs.

Which signals fire differs by pool and by fault; the rules here were measured on Celery 5.7 with every pool. In short:
the process that runs the task tells of its success, failure and retry; the main process tells of what the task's own
process cannot (killed, hard time limit, revoked, unknown task). An end may be told twice: the ledger keeps the first.
Starts are the gate's (gate.py). `task_postrun` is no end, except for a task that asked Celery to ignore it.
"""

import itertools
import logging
import traceback as traceback_module
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from celery import signals
from celery.exceptions import Ignore, Reject, TimeLimitExceeded, WorkerLostError

from punctual.celery.adhoc import AdhocRuns
from punctual.celery.busy import Skipped
from punctual.celery.headers import RUN, attempt_of, run_of
from punctual.celery.hooks import Hooks
from punctual.celery.kept import hidden_in, result_of
from punctual.celery.receipts import note_receipt
from punctual.celery.records import Ended, GivenBack, Lost, Record, Retrying
from punctual.celery.told import error_of
from punctual.celery.worker_id import this_worker
from punctual.domain.clock import SystemClock, monotonic
from punctual.domain.masking import Hidden
from punctual.domain.run import RunError, RunState
from punctual.engine.dispatcher import RESEND_AFTER

logger = logging.getLogger(__name__)


_HARD_LIMIT = "The task ran into its hard time limit."

_numbers = itertools.count()


class Recorder:
    """Listens to the workers of the apps that `serves` accepts, and hands each record to `submit`.

    Celery logs an exception of a receiver and goes on with the task, so nothing here can make a task fail.
    """

    def __init__(
        self,
        serves: Callable[[Any], bool],
        submit: Callable[[Record], None],
        adhoc: AdhocRuns | None = None,
        hooks: Hooks | None = None,
        resend_after: Callable[[], timedelta] = lambda: RESEND_AFTER,
    ) -> None:
        """Listen to nothing yet; `adhoc` knows of tasks to record that Punctual did not send.

        `hooks` are called after each record. `resend_after` is the setting of this name.
        """
        self._serves = serves
        self._submit = submit
        self._adhoc = adhoc or AdhocRuns(lambda: False, submit)
        self._hooks = hooks or Hooks()
        self._resend_after = resend_after

    def connect(self) -> None:
        """Listen for as long as this object lives."""
        receivers = {
            signals.task_received: self._received,
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

    def _received(self, sender: Any, request: Any, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        if not self._serves(sender.app):
            return
        note_receipt(request)
        facts = request.request_dict
        task, task_id = facts["task"], facts["id"]
        if run_id := run_of(facts.get(RUN), task_id) or self._adhoc.run_of(task, task_id):
            self._hooks.tell("received", run_id, task, facts, attempt=attempt_of(facts))

    def broke_off(self, task_id: str, request: Mapping[str, Any], reason: BaseException, hidden: Hidden) -> None:
        """Record a failure that no signal tells of, without what is `hidden`; logs what goes wrong with that."""
        try:
            task = str(request.get("task"))
            if run_id := run_of(request.get(RUN), task_id) or self._adhoc.run_of(task, task_id):
                error, worker = error_of(reason, _traceback_of(reason), hidden), request.get("hostname")
                limit = isinstance(reason, TimeLimitExceeded)
                why = _HARD_LIMIT if limit else None
                ended = Ended(
                    run_id, monotonic(), attempt_of(request), RunState.FAILED, worker, error=error, reason=why
                )
                if limit:  # newer ones of Celery tell of it by a signal too, at which the hooks are called
                    self._submit(ended)
                else:
                    self._tell(ended, task, request)
        except Exception:
            logger.exception("The end of task %s is not recorded", task_id, extra={"action": "record_dropped"})

    def _succeeded(self, sender: Any, result: object, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        if run_id := self._run(sender, sender.request):
            moment, attempt, worker = monotonic(), attempt_of(sender.request), sender.request.hostname
            kept = result_of(sender, sender.request, result)
            ended = Ended(run_id, moment, attempt, RunState.SUCCEEDED, worker, result=kept.value, result_size=kept.size)
            self._tell(ended, sender.name, sender.request)

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
        told = request if request.id else {"id": task_id, "task": sender.name}
        run_id = self._run(sender, told)
        if run_id:
            moment, attempt = monotonic(), attempt_of(request) if request.id else None
            if isinstance(exception, (WorkerLostError, TimeLimitExceeded)):  # the process may not have told of it yet
                self._appear(sender, told, task_id)
            if isinstance(exception, WorkerLostError):
                why = f"The process that ran the task died: {exception}"
                self._tell(Lost(run_id, moment, attempt, this_worker(), why), sender.name, request)
                return
            error = error_of(exception, getattr(einfo, "traceback", None), hidden_in(sender, request))
            limit = isinstance(exception, TimeLimitExceeded)
            reason = _HARD_LIMIT if limit else None
            ended = Ended(run_id, moment, attempt, RunState.FAILED, request.hostname, error=error, reason=reason)
            self._tell(ended, sender.name, request)

    def _retried(self, sender: Any, request: Any, reason: Any = None, einfo: Any = None, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        run_id = self._run(sender, request)
        if not run_id:
            return
        if reason is None:
            text = "The worker cancelled the attempt, because it lost the broker or stops; the message comes again."
            error = RunError(type="Cancelled", message=text)
            given_back = GivenBack(run_id, monotonic(), attempt_of(request), error, self._resend_after())
            self._tell(given_back, sender.name, request)
            return
        cause = getattr(reason, "exc", None) or reason
        # Celery's own traceback is that of the retry; the one of its cause says more.
        error = error_of(cause, _traceback_of(cause) or getattr(einfo, "traceback", None), hidden_in(sender, request))
        moment, countdown = monotonic(), _countdown(reason)
        retrying = Retrying(run_id, moment, attempt_of(request), error, countdown, self._resend_after())
        self._tell(retrying, sender.name, request)

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
            error = error_of(retval, None, hidden_in(sender, sender.request))
            ended = Ended(run_id, moment, attempt, RunState.FAILED, worker, error=error)
        elif isinstance(retval, Skipped):
            ended = Ended(run_id, moment, attempt, RunState.SKIPPED, worker, reason=str(retval))
        else:
            reason = "The task raised Ignore: it asked that its end not be recorded."
            ended = Ended(run_id, moment, attempt, RunState.CANCELLED, worker, reason=reason)
        self._tell(ended, sender.name, sender.request)

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
        self._appear(sender, request, request.id)
        if terminated:
            state, reason = RunState.CANCELLED, f"Terminated with signal {signum} while it ran."
        elif not expired:
            state, reason = RunState.CANCELLED, "Revoked before it started."
        elif attempt_of(request) == 1:
            state, reason = RunState.EXPIRED, "The message expired before a worker could start it."
        else:
            state, reason = RunState.FAILED, "The attempt before failed, and this one's message expired."
        worker = None if state is RunState.EXPIRED else request.hostname
        attempt = attempt_of(request)
        ended = Ended(run_id, monotonic(), attempt, state, worker, reason=reason, begun=terminated)
        self._tell(ended, sender.name, request)

    def _unknown(self, sender: Any, message: Any, name: str, id: str, **_: object) -> None:  # noqa: A002, ANN401 - Celery's names
        text = f"Worker {sender.hostname} has no task named {name!r}."
        self._not_begun(
            sender, message, id, RunError(type="NotRegistered", message=text), "No such task on this worker."
        )

    def _refused(self, sender: Any, message: Any, exc: BaseException | None = None, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        error = None if exc is None else error_of(exc, None)
        self._not_begun(sender, message, None, error, "The worker refused the message.")

    def _not_begun(
        self,
        consumer: Any,  # noqa: ANN401 - Celery has no types
        message: Any,  # noqa: ANN401 - same
        task_id: str | None,
        error: RunError | None,
        reason: str,
    ) -> None:
        headers = message.headers or {}
        task_id = task_id or headers.get("id")
        if not self._serves(consumer.app):
            return
        run_id = run_of(headers.get(RUN), task_id)
        if run_id is None and task_id is not None:
            run_id = self._adhoc.appear(task_id, headers)
        if run_id:
            attempt, worker = attempt_of(headers), consumer.hostname
            failed = RunState.FAILED
            ended = Ended(run_id, monotonic(), attempt, failed, worker, error=error, reason=reason, begun=False)
            self._tell(ended, str(headers.get("task")), {**headers, "hostname": worker})

    def _tell(self, record: Record, task: str, request: Any) -> None:  # noqa: ANN401 - a dictionary, or Celery's object
        self._submit(record)
        if request.get("id") is not None:  # else the main process says once more what has been said
            self._hooks.tell_record(record, task, request)

    def _run(self, task: Any, request: Any) -> UUID | None:  # noqa: ANN401 - Celery has no types
        if not self._serves(task.app):
            return None
        task_id = request.get("id")
        return run_of(request.get(RUN), task_id) or self._adhoc.run_of(task.name, task_id)

    def _appear(self, task: Any, request: Any, task_id: str) -> None:  # noqa: ANN401 - Celery has no types
        """Let the ledger have the run of a task that Punctual did not send, if the process that ran it does not."""
        facts = {"task": task.name, RUN: request.get(RUN)}
        self._adhoc.appear(task_id, facts, request.get("args") or (), request.get("kwargs") or {})


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
