"""Functions of people that a worker calls when something becomes of a run."""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded

from punctual.celery.headers import fire_time_of, schedule_of
from punctual.celery.records import Appeared, Ended, Lost, Record, Started
from punctual.domain.clock import monotonic
from punctual.domain.errors import SetupError
from punctual.domain.run import RunError

logger = logging.getLogger(__name__)

Moment = Literal["received", "running", "retrying", "succeeded", "failed", "cancelled", "skipped", "expired", "lost"]
"""What a worker learns of a run: that its message came, and each state that an attempt brings it to."""

_MOST_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class RunEvent:
    """What became of a run, as the process of the worker knows it that calls the hook.

    `state` is the moment that the hook is for. `schedule` and `fire_time` are None where Punctual did not send the run.
    `seconds` is how long the attempt ran, where this process has seen it start. `error` is set where it went wrong.
    """

    run_id: UUID
    schedule: str | None
    task: str
    state: Moment
    attempt: int | None
    worker: str | None
    fire_time: datetime | None
    seconds: float | None = None
    error: RunError | None = None


Hook = Callable[[RunEvent], object]


class Hooks:
    """The hooks of an app; a fault of one is logged, and does no harm to the task, the record, and the others."""

    def __init__(self) -> None:
        """Have none."""
        self._of: defaultdict[str, list[Hook]] = defaultdict(list)
        self._began: dict[UUID, float] = {}

    def add(self, moment: str, hook: Hook) -> None:
        """Call a function whenever this happens; raises SetupError for a moment that there is not."""
        if moment not in get_args(Moment):
            message = f"{moment!r} is nothing that a worker learns of a run."
            raise SetupError(message, fix=f"Write one of: {', '.join(get_args(Moment))}.")
        self._of[moment].append(hook)

    def tell_record(self, record: Record, task: str, request: Mapping[str, Any]) -> None:
        """Call the hooks for what a record tells, once it was handed over."""
        if not self._of or isinstance(record, Appeared):
            return
        moment, error = _meaning(record)
        self.tell(moment, record.run_id, task, request, attempt=record.attempt, error=error)

    def tell(
        self,
        moment: Moment,
        run_id: UUID,
        task: str,
        request: Mapping[str, Any],
        *,
        attempt: int | None,
        error: RunError | None = None,
    ) -> None:
        """Call the hooks for a moment."""
        if not self._of:
            return
        seconds = self._measure(moment, run_id)
        worker, fire_time = request.get("hostname"), fire_time_of(request)
        event = RunEvent(run_id, schedule_of(request), task, moment, attempt, worker, fire_time, seconds, error)
        for hook in self._of.get(moment, ()):
            _call(hook, event)

    def _measure(self, moment: Moment, run_id: UUID) -> float | None:
        if moment == "received":
            return None
        began = self._began.pop(run_id, None)
        if moment != "running":
            return None if began is None else monotonic() - began
        if len(self._began) >= _MOST_AT_ONCE:  # the ends of these were told elsewhere
            self._began.clear()
        self._began[run_id] = monotonic()
        return None


def _meaning(record: Started | Any) -> tuple[Moment, RunError | None]:  # noqa: ANN401 - every record but one
    if isinstance(record, Started):
        return "running", None
    if isinstance(record, Lost):
        return "lost", RunError(type="WorkerLost", message=record.why)
    if isinstance(record, Ended):
        state: Any = record.state.value
        return state, record.error
    return "retrying", record.error


def _call(hook: Hook, event: RunEvent) -> None:
    try:
        hook(event)
    except SoftTimeLimitExceeded:  # it is for the task
        raise
    except Exception:
        name = getattr(hook, "__qualname__", repr(hook))
        facts = {"action": "hook_failed", "run": str(event.run_id), "hook": name}
        with suppress(Exception):
            logger.exception("The hook %s failed for run %s (%s)", name, event.run_id, event.state, extra=facts)
