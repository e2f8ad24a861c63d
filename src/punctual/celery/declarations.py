"""Schedules that are declared beside the tasks they run."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict, Unpack

from celery import Task
from celery.local import Proxy
from pydantic import JsonValue, ValidationError

from punctual.domain.calendars.use import CalendarUse
from punctual.domain.errors import SetupError
from punctual.domain.policies import CatchUp, Concurrency, OnLost, Overlap, Retry
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import Trigger, every, parse_trigger

logger = logging.getLogger(__name__)

_OverlapWord = Literal["allow", "skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other"]
TriggerLike = Trigger | str | timedelta | Mapping[str, JsonValue]


class ScheduleOptions(TypedDict, total=False):
    """What may be said of a declared schedule beside its name, its task and its trigger: fields of its spec."""

    args: Sequence[JsonValue]
    kwargs: Mapping[str, JsonValue]
    queue: str | None
    exchange: str | None
    routing_key: str | None
    priority: int | None
    headers: Mapping[str, JsonValue]
    soft_time_limit: timedelta | float | str | None
    time_limit: timedelta | float | str | None
    description: str
    start_at: datetime | str
    end_at: datetime | str
    max_runs: int
    jitter: timedelta | float | str
    calendars: CalendarUse | Mapping[str, JsonValue]
    catchup: CatchUp | Mapping[str, JsonValue]
    overlap: Overlap | _OverlapWord
    concurrency: Concurrency | Mapping[str, JsonValue] | None
    retry: Retry | Mapping[str, JsonValue]
    timeout: timedelta | float | str | None
    expires: timedelta | float | str | None
    pause_after_failures: int | None
    on_lost: OnLost | Literal["fail", "rerun"]
    service: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Declaration:
    """A schedule as the code declares it; the task's name is known once the app has all its tasks."""

    task: Any
    name: str | None
    spec: ScheduleSpec


class Declarations:
    """All schedules that the code of one app declares."""

    def __init__(self) -> None:
        """Begin with none."""
        self._all: list[Declaration] = []

    def add(
        self,
        task: object,
        trigger: TriggerLike,
        *,
        name: str | None = None,
        **options: Unpack[ScheduleOptions],
    ) -> None:
        """Note a schedule; raises SetupError when it cannot be one, and TriggerError for a faulty trigger text."""
        # The class of a proxy is that of its task, which is not made yet; so only `type` may be asked.
        if not issubclass(type(task), (Task, Proxy)):
            what = getattr(task, "__name__", repr(task))
            message = f"{what} is not a Celery task, so it cannot be scheduled."
            raise SetupError(message, fix="Put @punctual.scheduled(...) above @app.task, not below it.")
        if any(known.name == name and (name is not None or known.task is task) for known in self._all):
            message = f"Two schedules are declared with the same name{'' if name is None else f': {name}'}."
            raise SetupError(message, fix="Give each of them a name: @punctual.scheduled(..., name='...').")
        try:
            spec = ScheduleSpec.model_validate(
                {"name": name or "unnamed", "task": "unnamed", "trigger": _read(trigger)} | options
            )
        except ValidationError as error:
            raise _faulty(name, error) from error
        self._all.append(Declaration(task, name, spec))

    def specs(self) -> list[ScheduleSpec]:
        """Return the schedules with their tasks' names; one that cannot be used is logged and left out."""
        found: dict[str, ScheduleSpec] = {}
        for declaration in self._all:
            task = str(declaration.task.name)
            name = declaration.name or task
            facts = dict(declaration.spec) | {"name": name, "task": task}
            try:
                spec = ScheduleSpec(**facts)
            except ValidationError as error:
                _log_refused(name, _faulty(name, error).message)
                continue
            if name in found:
                _log_refused(name, "Another declared schedule has this name; give each of them its own.")
                continue
            found[name] = spec
        return list(found.values())


def _read(trigger: TriggerLike) -> Any:  # noqa: ANN401 - validated by the spec
    if isinstance(trigger, str):
        return parse_trigger(trigger)
    if isinstance(trigger, timedelta):
        return every(trigger)
    return trigger


def _faulty(name: str | None, error: ValidationError) -> SetupError:
    faults = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
    message = f"The declared schedule{'' if name is None else f' {name!r}'} cannot be used: {faults}."
    return SetupError(message, fix="Correct the arguments of @punctual.scheduled(...).")


def _log_refused(name: str, why: str) -> None:
    logger.error(
        "The declared schedule %r is left out: %s",
        name,
        why,
        extra={"action": "declared_schedule_refused", "schedule": name},
    )
