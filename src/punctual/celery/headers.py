"""The headers by which a worker knows the run that a message is for."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from uuid import UUID

from punctual.engine.sender import TaskMessage

RUN = "punctual_run"
RECEIVED = "punctual_received"
"""In no message: the worker's main process adds it for the process that runs the task."""

_ATTEMPT = "punctual_attempt"
_TIMEOUT = "punctual_timeout"
_REPEATED = "punctual_repeated"
_RUN_ID_VERSION = 5


def run_headers(message: TaskMessage) -> dict[str, str]:
    """Return the headers of a message."""
    headers = {
        RUN: str(message.run_id),
        "punctual_schedule": message.schedule,
        "punctual_schedule_id": str(message.schedule_id),
        "punctual_fire_time": message.fire_time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "punctual_cause": message.cause,
        _ATTEMPT: str(message.attempt),
    }
    if message.timeout is not None:
        headers[_TIMEOUT] = str(message.timeout)
    if message.repeated:
        headers[_REPEATED] = "1"
    return headers


def run_of(header: object, task_id: object) -> UUID | None:
    """Return the run that a task executes, by the header and its own id; None when it is none of ours.

    The id of a run is the id of its task. A task that replaces another (`Task.replace`) keeps the id without the
    header, and one that is sent on with another's headers has these without the id. No id is one that is not known.
    """
    if header is None:
        found = _uuid(task_id)
        return found if found is not None and found.version == _RUN_ID_VERSION else None
    return _uuid(header) if task_id is None or str(task_id) == str(header) else None


def is_sent_by_us(request: Mapping[str, Any]) -> bool:
    """Tell whether a message of a run is the sender's or a retry of that, and no task that replaces another."""
    return request.get(RUN) is not None and not request.get("replaced_task_nesting")


def may_be_one_of_several(request: Mapping[str, Any]) -> bool:
    """Tell whether there may be other messages for the attempt: sent by a node before, or delivered by the broker."""
    delivery = request.get("delivery_info") or {}
    return request.get(_REPEATED) is not None or bool(delivery.get("redelivered"))


def attempt_of(request: Any) -> int:  # noqa: ANN401 - a dictionary, or Celery's object
    """Return the number of a request's attempt: that of its message, and Celery's own retries after it."""
    return int(request.get(_ATTEMPT) or 1) + int(request.get("retries") or 0)


def received_of(request: Mapping[str, Any]) -> float | None:
    """Return the moment of the steady clock, one for all processes of a machine, when the worker got the message."""
    moment = request.get(RECEIVED)
    return moment if isinstance(moment, float) else None


def timeout_of(request: Any) -> float | None:  # noqa: ANN401 - same
    """Return after how many seconds the attempt is timed out; None when it may take as long as it likes."""
    timeout = request.get(_TIMEOUT)
    return None if timeout is None else float(timeout)


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
