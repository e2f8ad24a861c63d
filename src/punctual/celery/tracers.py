"""Where the gate stands: before Celery's tracers, the functions that run the tasks of a worker.

A worker makes the tracers of all its tasks anew with each connection to the broker and each restart of its pool
(`Consumer.update_strategies`), and a process of its pool does when it starts (`process_initializer`); so they are
guarded after each.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from billiard.einfo import ExceptionInfo
from celery import Celery
from celery.app.trace import TraceInfo, trace_ok_t
from celery.exceptions import Ignore, TimeLimitExceeded, WorkerShutdown, WorkerTerminate
from celery.states import IGNORED, REJECTED

from punctual.celery.headers import RECEIVED
from punctual.celery.kept import hidden_in_call
from punctual.celery.told import error_of
from punctual.domain.masking import NOTHING_HIDDEN, Hidden
from punctual.domain.run import RunError

_POOLS_TIMEOUTS = frozenset({"gevent.timeout", "eventlet.timeout"})
"""The modules of what stops a greenlet at its hard time limit; Celery before 5.7 sends no signal then."""


class Keeper(Protocol):
    """Who is asked before a task runs."""

    def admits(self, task_id: str, request: Mapping[str, Any], args: Any, kwargs: Any) -> bool:  # noqa: ANN401 - as Celery has them
        """Tell whether a task may run with these arguments."""
        ...

    def gave_back(self, task_id: str, request: Mapping[str, Any], error: RunError) -> None:
        """Hear that a task raised Reject(requeue=True), and why, before its message goes back to the queue."""
        ...

    def broke_off(self, task_id: str, request: Mapping[str, Any], reason: BaseException, hidden: Hidden) -> None:
        """Hear that a task, of whose arguments this is secret, ended in a way that Celery may not tell of.

        It raised SystemExit or KeyboardInterrupt, or a pool of greenlets stopped it at its hard time limit, which
        arrives as TimeLimitExceeded.
        """
        ...


def guard(app: Celery, keeper: Keeper) -> None:
    """Let the tasks of an app run only when the keeper admits them."""
    for task in app.tasks.values():
        tracer = task.__trace__
        if tracer is not None and not isinstance(tracer, _Guarded):
            task.__trace__ = _Guarded(tracer, keeper, task)


class _Guarded(NamedTuple):
    """A tracer, who is asked before it, and the task."""

    tracer: Callable[..., Any]
    keeper: Keeper
    task: Any

    def __call__(self, uuid: str, args: Any, kwargs: Any, request: Any = None) -> Any:  # noqa: ANN401 - Celery has no types
        request = request or {}
        if not self.keeper.admits(uuid, request, args, kwargs):
            return _refusal()
        request.pop(RECEIVED, None)  # else the message of a retry has it too
        try:
            traced = self.tracer(uuid, args, kwargs, request)
        except (WorkerShutdown, WorkerTerminate):  # the worker stops; to Celery these are a SystemExit
            raise
        except (SystemExit, KeyboardInterrupt) as reason:
            self.keeper.broke_off(uuid, request, reason, hidden_in_call(self.task, args, kwargs))
            raise
        except BaseException as reason:
            if type(reason).__module__ in _POOLS_TIMEOUTS:
                limit = TimeLimitExceeded(getattr(reason, "seconds", None))
                self.keeper.broke_off(uuid, request, limit, NOTHING_HIDDEN)
            raise
        if traced.info is not None and traced.info.state == REJECTED and traced.info.retval.requeue:
            error = error_of(traced.info.retval, None, hidden_in_call(self.task, args, kwargs))
            self.keeper.gave_back(uuid, request, error)
        return traced


def _refusal() -> Any:  # noqa: ANN401 - Celery has no types
    """Return what a task that raised Ignore returns: its message is acknowledged, and nothing else is told."""
    try:
        raise Ignore  # noqa: TRY301 - the traceback is wanted
    except Ignore as refused:
        return trace_ok_t(ExceptionInfo(internal=True), TraceInfo(IGNORED, refused), 0.0, None)
