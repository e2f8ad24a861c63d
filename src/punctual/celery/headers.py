"""The headers by which a worker knows the run that a message is for."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from punctual.domain.names import DEFAULT_SERVICE
from punctual.domain.run import Cause
from punctual.engine.sender import TaskMessage

RUN = "punctual_run"
RECEIVED = "punctual_received"
"""In no message: the worker's main process adds it for the process that runs the task."""

_SCHEDULE = "punctual_schedule"
_FIRE_TIME = "punctual_fire_time"
_ATTEMPT = "punctual_attempt"
_TIMEOUT = "punctual_timeout"
_REPEATED = "punctual_repeated"
_SCHEDULE_ID = "punctual_schedule_id"
_SERVICE = "punctual_service"
_PREVIOUS_FIRE_TIME = "punctual_previous_fire_time"
_CAUSE = "punctual_cause"
_LABELS = "punctual_labels"
_RUN_ID_VERSION = 5


def run_headers(message: TaskMessage) -> dict[str, str]:
    """Return the headers of a message: texts alone, which every broker and monitor can hold."""
    headers = {
        RUN: str(message.run_id),
        _SCHEDULE: message.schedule,
        _SCHEDULE_ID: str(message.schedule_id),
        _SERVICE: message.service,
        _FIRE_TIME: _instant(message.fire_time),
        _CAUSE: message.cause,
        _ATTEMPT: str(message.attempt),
    }
    if message.previous_fire_time is not None:
        headers[_PREVIOUS_FIRE_TIME] = _instant(message.previous_fire_time)
    if message.labels:
        headers[_LABELS] = json.dumps(message.labels)
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


def schedule_of(request: Mapping[str, Any]) -> str | None:
    """Return the name of the schedule that a message is of; None where Punctual did not send it."""
    name = request.get(_SCHEDULE)
    return None if name is None else str(name)


def fire_time_of(request: Mapping[str, Any]) -> datetime | None:
    """Return the fire time that a message is for; None where Punctual did not send it."""
    text = request.get(_FIRE_TIME)
    return None if text is None else datetime.fromisoformat(str(text))


def timeout_of(request: Any) -> float | None:  # noqa: ANN401 - same
    """Return after how many seconds the attempt is timed out; None when it may take as long as it likes."""
    timeout = request.get(_TIMEOUT)
    return None if timeout is None else float(timeout)


class RunHeaders(NamedTuple):
    """What the headers of a run's message say of it."""

    id: UUID
    schedule: str
    schedule_id: UUID
    service: str
    fire_time: datetime
    previous_fire_time: datetime | None
    cause: Cause
    attempt: int
    labels: dict[str, str]


def read_headers(request: Any) -> RunHeaders | None:  # noqa: ANN401 - a dictionary, or Celery's object
    """Return what the headers of a request say of its run; None where it is none that we sent, or they are broken."""
    run_id = None if request.get(RUN) is None else run_of(request.get(RUN), request.get("id"))
    if run_id is None:
        return None
    previous = request.get(_PREVIOUS_FIRE_TIME)
    try:
        return RunHeaders(
            id=run_id,
            schedule=str(request.get(_SCHEDULE)),
            schedule_id=UUID(str(request.get(_SCHEDULE_ID))),
            service=str(request.get(_SERVICE) or DEFAULT_SERVICE),
            fire_time=datetime.fromisoformat(str(request.get(_FIRE_TIME))),
            previous_fire_time=None if previous is None else datetime.fromisoformat(str(previous)),
            cause=Cause(str(request.get(_CAUSE))),
            attempt=attempt_of(request),
            labels=dict(json.loads(request.get(_LABELS) or "{}")),
        )
    except (TypeError, ValueError):
        return None


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
