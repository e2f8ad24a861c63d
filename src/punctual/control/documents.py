"""Reading a schedule's document: every fault of it at once, or a spec that would fire."""

import difflib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue, ValidationError

from punctual.control.faults import faults_of
from punctual.domain.errors import Fault, InvalidInputError, TriggerError
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.signature import check_arguments
from punctual.domain.triggers import AnyOf, Interval, Rrule, Trigger
from punctual.store import workers
from punctual.store.database import Transaction


def read_spec(
    tx: Transaction,
    document: Mapping[str, Any],
    *,
    schedule_id: UUID,
    now: datetime,
    allow_unknown_task: bool,
    old: Trigger | None = None,
) -> ScheduleSpec:
    """Return the spec that a document describes, its trigger anchored and bound to the schedule's id.

    `old` is the trigger that it replaces: an interval of the same length keeps its anchor. Unless it is the same
    trigger, it must give a fire time after `now`. Raises InvalidInputError with every fault.
    """
    faults: list[Fault] = []
    spec: ScheduleSpec | None = None
    try:
        spec = ScheduleSpec.model_validate(document)
    except ValidationError as error:
        faults += faults_of(error, ScheduleSpec)
    if not any(fault.path == "task" for fault in faults):
        faults += _task_faults(tx, document, allow_unknown_task=allow_unknown_task)
    if spec is not None:
        trigger = settled_trigger(spec.trigger, schedule_id, old, now)
        faults += _firing_faults(trigger, old, now)
        spec = spec.model_copy(update={"trigger": trigger})
    if spec is None or faults:
        raise InvalidInputError(faults)
    return spec


def merged(document: Mapping[str, JsonValue], patch: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Apply a JSON merge patch (RFC 7396) to a schedule's document.

    A trigger that names its kind replaces the old one as a whole: the fields of two kinds do not mix.
    """
    trigger = patch.get("trigger")
    whole = isinstance(trigger, dict) and "kind" in trigger
    base = {key: value for key, value in document.items() if not (whole and key == "trigger")}
    return _merge(base, patch)


def _merge(document: Mapping[str, JsonValue], patch: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    result = dict(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            old = result.get(key)
            result[key] = _merge(old if isinstance(old, dict) else {}, value)
        else:
            result[key] = value
    return result


def _firing_faults(trigger: Trigger, old: Trigger | None, now: datetime) -> list[Fault]:
    try:
        if trigger == old or trigger.next_after(now) is not None:
            return []
    except TriggerError as error:  # a library that the trigger needs is missing
        return [Fault("trigger", error.code, error.message, error.fix)]
    return [Fault("trigger", "never_fires", "gives no fire time from now on", "Choose a time that is still to come.")]


def settled_trigger(trigger: Trigger, schedule_id: UUID, old: Trigger | None, now: datetime) -> Trigger:
    """Return the trigger as it is stored: its phase is fixed, and an H in it is bound to the schedule's id.

    By the id and not the name, so that a rename moves no fire time. `old` is the trigger that it replaces, if any.
    """
    return anchored_like(trigger, old, now).identified(str(schedule_id))


def anchored_like(trigger: Trigger, old: Trigger | None, now: datetime) -> Trigger:
    """Fix a trigger's phase: that of the old one when the rule is the same, else counted from `now`."""
    if isinstance(trigger, AnyOf):
        left = list(old.triggers) if isinstance(old, AnyOf) else []
        triggers = []
        for each in trigger.triggers:
            same = next((other for other in left if _phase_kept(each, other)), None)
            if same is not None:
                left.remove(same)
            triggers.append(anchored_like(each, same, now))
        return trigger.model_copy(update={"triggers": tuple(triggers)})
    anchor = None if old is None else _phase_kept(trigger, old)
    return trigger.anchored(now) if anchor is None else trigger.model_copy(update={"anchor": anchor})


def _phase_kept(trigger: Trigger, old: Trigger) -> datetime | None:
    """Return the old anchor where the new trigger has none and is the same interval or recurrence set."""
    if isinstance(trigger, Interval) and isinstance(old, Interval):
        return old.anchor if (trigger.anchor, trigger.every) == (None, old.every) else None
    if isinstance(trigger, Rrule) and isinstance(old, Rrule):
        same = (trigger.anchor, trigger.expression, trigger.timezone) == (None, old.expression, old.timezone)
        return old.anchor if same else None
    return None


def _task_faults(tx: Transaction, document: Mapping[str, Any], *, allow_unknown_task: bool) -> list[Fault]:
    name = str(document["task"])
    task = workers.get_task(tx, name)
    if task is None:
        return [] if allow_unknown_task else [_unknown_task(tx, name)]
    args, kwargs = document.get("args", []), document.get("kwargs", {})
    if task.signature is None or not isinstance(args, list) or not isinstance(kwargs, dict):
        return []
    return check_arguments(task.signature, args, kwargs)


def _unknown_task(tx: Transaction, name: str) -> Fault:
    known = workers.task_names(tx)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "Start a worker that serves it."
    return Fault(
        "task",
        "unknown_task",
        f"no worker has announced a task named {name!r}",
        f"{hint} For workers without the plug-in, allow unknown tasks (allow_unknown_task).",
    )
