"""Where the gate stands: before Celery's tracers, the functions that run the tasks of a worker.

A worker makes the tracers of all its tasks anew with each connection to the broker (`Consumer.update_strategies`), and
a process of its pool does when it starts (`process_initializer`); so they are guarded after each.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from billiard.einfo import ExceptionInfo
from celery import Celery
from celery.app.trace import TraceInfo, trace_ok_t
from celery.exceptions import Ignore
from celery.states import IGNORED


def guard(app: Celery, admits: Callable[[str, Mapping[str, Any]], bool]) -> None:
    """Let the tasks of an app run only when `admits` says so of their id and their request."""
    for task in app.tasks.values():
        tracer = task.__trace__
        if tracer is not None and not isinstance(tracer, _Guarded):
            task.__trace__ = _Guarded(tracer, admits)


class _Guarded(NamedTuple):
    """A tracer, and what is asked before it."""

    tracer: Callable[..., Any]
    admits: Callable[[str, Mapping[str, Any]], bool]

    def __call__(self, uuid: str, args: Any, kwargs: Any, request: Any = None) -> Any:  # noqa: ANN401 - Celery has no types
        if self.admits(uuid, request or {}):
            return self.tracer(uuid, args, kwargs, request)
        return _refusal()


def _refusal() -> Any:  # noqa: ANN401 - Celery has no types
    """Return what a task that raised Ignore returns: its message is acknowledged, and nothing else is told."""
    try:
        raise Ignore  # noqa: TRY301 - the traceback is wanted
    except Ignore as refused:
        return trace_ok_t(ExceptionInfo(internal=True), TraceInfo(IGNORED, refused), 0.0, None)
