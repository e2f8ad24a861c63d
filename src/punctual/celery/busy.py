"""What becomes of a call whose lock others hold: it waits, its task is tried again later, or ends without running."""

import os
import platform
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Literal, NoReturn, TypeVar

from celery import current_task
from celery.exceptions import Ignore

from punctual.domain.clock import monotonic
from punctual.domain.errors import DatabaseUnavailableError, LockBusyError
from punctual.domain.identity import stable_number
from punctual.domain.lock import Holder

OnBusy = Literal["skip", "retry", "wait"]

_T = TypeVar("_T")
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 1.0
_LONGEST_NAME = 255


class Skipped(Ignore):  # type: ignore[misc] # Celery has no types
    """Ends a task that does not run, because others hold its lock; its run is recorded as skipped, with this text."""


def running_task() -> Any:  # noqa: ANN401 - Celery has no types
    """Return the task that calls, where a worker (or `apply`) runs it; None outside of one."""
    task = current_task._get_current_object()  # noqa: SLF001 - Celery's way to look behind a proxy
    return None if task is None or task.request.called_directly else task


def holder_of(function: str) -> Holder:
    """Return who asks for a lock: a function, called by the task that runs here if one does."""
    task = running_task()
    return Holder(
        function=function[:_LONGEST_NAME],
        host=platform.node()[:_LONGEST_NAME],
        pid=os.getpid(),
        task_id=None if task is None else str(task.request.id)[:_LONGEST_NAME],
        worker=None if task is None or task.request.hostname is None else task.request.hostname[:_LONGEST_NAME],
    )


def ask(once: Callable[[], _T | None], wait: timedelta, busy: str) -> _T:
    """Ask until there is an answer, for as long as `wait`; raises LockBusyError, with this text, when there is none.

    A database that is away gives no answer; the last time, it raises DatabaseUnavailableError.
    """
    for another in tries(wait):
        try:
            if (answer := once()) is not None:
                return answer
        except DatabaseUnavailableError:
            if not another:
                raise
    raise LockBusyError(busy, fix="Try again later, wait longer, or see who holds it: punctual locks list")


def tries(wait: timedelta) -> Iterator[bool]:
    """Pause between one try and the next, longer each time; tell of each whether there is another one after it."""
    end, pause = monotonic() + wait.total_seconds(), _FIRST_PAUSE
    while (left := end - monotonic()) > 0:
        yield True
        threading.Event().wait(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)
    yield False


def skip(error: LockBusyError) -> NoReturn:
    """End the task as skipped; outside of a task, raise the error."""
    if running_task() is None:
        raise error
    raise Skipped(error.message) from error


def retry(error: LockBusyError | DatabaseUnavailableError, wait: timedelta) -> NoReturn:
    """Let Celery try the task again after `wait` and up to half as much; outside of a task, raise the error.

    It is one of the task's retries (`max_retries`): after the last one the task fails with the error.
    """
    task = running_task()
    if task is None:
        raise error
    spread = stable_number(f"{task.request.id} {task.request.retries}") / 2**64
    raise task.retry(exc=error, countdown=wait.total_seconds() * (1 + spread / 2))
