"""The remote-control command by which workers with the plug-in stop runs.

Celery's `revoke` remembers the id of what it stops, and so refuses the attempts that follow under the same id; and it
calls a task ended that is still cleaning up. This one does neither. What waits in the worker needs no stopping: the
gate refuses it.
"""

import contextlib
import logging
import os
import signal
from collections.abc import Sequence
from typing import Any

from celery.concurrency import prefork
from celery.worker import state as worker_state
from celery.worker.control import control_command

from punctual.celery.headers import attempt_of
from punctual.domain.run import Stop, StopRequest

logger = logging.getLogger(__name__)

COMMAND = "punctual_stop"

PATIENCE = 5.0
"""Seconds that a task which is terminated has to go; then its process is killed."""


def arguments(requests: Sequence[StopRequest]) -> dict[str, Any]:
    """Return what to send with the command."""
    return {"runs": [[str(ask.run_id), ask.stop.value, ask.attempt] for ask in requests]}


@control_command(name=COMMAND, visible=False)  # type: ignore[untyped-decorator] # Celery has no types
def stop(state: Any, runs: Sequence[tuple[str, str, int | None]], **_: object) -> dict[str, int]:  # noqa: ANN401 - same
    """Interrupt the attempts of runs that this worker is at; return how many."""
    active = list(worker_state.active_requests)
    found = [
        (request, Stop(word), last_attempt)
        for run_id, word, last_attempt in runs
        for request in active
        if request.id == run_id and (last_attempt is None or attempt_of(request.request_dict) <= last_attempt)
    ]
    return {"interrupted": sum(_interrupt(state.consumer, *one) for one in found)}


def _interrupt(consumer: Any, request: Any, stop: Stop, last_attempt: int | None) -> bool:  # noqa: ANN401 - Celery has no types
    pool = consumer.pool
    has_processes = isinstance(pool, prefork.TaskPool)
    told = {"run": request.id, "stop": stop.value}
    try:
        if stop is Stop.CANCEL and has_processes:
            # Raises SoftTimeLimitExceeded in the task, which then ends in its own time.
            os.kill(request.worker_pid, signal.SIGUSR1)
        elif last_attempt is None:
            request.terminate(pool, "SIGTERM")
        else:
            _terminate_quietly(pool, request)
    except NotImplementedError:
        logger.warning(
            "Run %s goes on: %s cannot interrupt a task",
            request.id,
            type(pool).__module__,
            extra={"action": "stop_not_possible", **told},
        )
        return False
    except ProcessLookupError:  # it has ended by itself meanwhile
        return False
    logger.info("Run %s is made to stop (%s)", request.id, stop.value, extra={"action": "run_stopped", **told})
    if stop is Stop.TERMINATE and has_processes:
        consumer.timer.call_after(PATIENCE, _kill, (request,))
    return True


def _terminate_quietly(pool: Any, request: Any) -> None:  # noqa: ANN401 - Celery has no types
    """Do as `Request.terminate` does, but tell nobody that the task was revoked, for its next attempt is to come."""
    pool.terminate_job(request.worker_pid, signal.SIGTERM)
    worker_state.task_ready(request)
    request.acknowledge()
    request._already_revoked = True  # noqa: SLF001 - so that the end of the process is not told either


def _kill(request: Any) -> None:  # noqa: ANN401 - Celery has no types
    """Kill the process of a task that did not end when it was terminated."""
    result = request._apply_result and request._apply_result()  # noqa: SLF001 - gone, or ready, once the task is over
    if result is not None and not result.ready():
        logger.warning("Run %s does not stop: its process is killed", request.id, extra={"action": "run_killed"})
        with contextlib.suppress(ProcessLookupError):
            os.kill(request.worker_pid, signal.SIGKILL)
