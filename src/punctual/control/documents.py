"""Reading a schedule's document: every fault of it at once, or a spec that would fire."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import JsonValue, ValidationError

from punctual.control.faults import faults_of
from punctual.control.timetables import calendar_faults
from punctual.domain.errors import Fault, InvalidInputError, TriggerError
from punctual.domain.masking import DEFAULT_MASKING, Masking
from punctual.domain.run import Arguments
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.signature import check_arguments
from punctual.domain.timetable import Timetable
from punctual.domain.timing import Timing
from punctual.domain.triggers import AnyOf, Interval, Rrule, Trigger
from punctual.domain.unmasking import Call, masked_faults, unmasked_call
from punctual.store import calendars, workers
from punctual.store.database import Transaction

_SEARCHED = timedelta(days=5 * 365)


def read_spec(
    tx: Transaction,
    document: Mapping[str, Any],
    *,
    schedule_id: UUID,
    now: datetime,
    allow_unknown_task: bool,
    masking: Masking = DEFAULT_MASKING,
    old: ScheduleSpec | None = None,
    run_count: int = 0,
) -> ScheduleSpec:
    """Return the spec that a document describes, its trigger anchored and bound to the schedule's id.

    `old` is the spec that it replaces, of a schedule that made `run_count` runs: an interval of the same length keeps
    its anchor, and arguments that are masked, as people see them, stay what they are. Unless it has the same fire
    times, there must be one after `now` that runs. Raises InvalidInputError with every fault.
    """
    document, faults = _unmasked(tx, document, old, masking)
    spec: ScheduleSpec | None = None
    try:
        spec = ScheduleSpec.model_validate(document)
    except ValidationError as error:
        faults += faults_of(error, ScheduleSpec)
    if not any(fault.path == "task" for fault in faults):
        faults += _task_faults(tx, document, allow_unknown_task=allow_unknown_task, masking=masking)
    if spec is not None:
        trigger = settled_trigger(spec, schedule_id, None if old is None else old.trigger, now)
        spec = spec.model_copy(update={"trigger": trigger})
        known = calendars.load(tx, spec.calendars.names)
        unknown = calendar_faults(tx, spec, known)
        faults += unknown
        if not unknown and (old is None or not spec.same_fire_times(old)):
            faults += _firing_faults(spec, spec.timetable(str(schedule_id), known), run_count, now)
    if spec is None or faults:
        raise InvalidInputError(faults)
    return spec


def changed_arguments(
    tx: Transaction,
    task: str,
    args: Sequence[JsonValue],
    kwargs: Mapping[str, JsonValue],
    *,
    changes: Arguments,
    masking: Masking = DEFAULT_MASKING,
) -> Arguments:
    """Return what one run of a task is called with in place of `args` and `kwargs`; None where nothing is changed.

    Changed `args` take the place of all; changed `kwargs` are merged over the others, name by name. Raises
    InvalidInputError where the call does not fit the task as workers announced it.
    """
    if changes == Arguments():
        return changes
    signature = workers.signatures(tx, {task}).get(task)
    shown, stored = masking.call(signature, args, kwargs), Call(args, kwargs)
    sent = Call(changes.args or [], {**kwargs, **(changes.kwargs or {})})
    back = unmasked_call(sent, Call(shown.args, shown.kwargs), stored, signature)
    new = Arguments(
        args=None if changes.args is None else list(back.args), kwargs=dict(back.kwargs) if changes.kwargs else None
    )
    call = {
        "task": task,
        "args": list(args) if new.args is None else new.args,
        "kwargs": dict(kwargs) if new.kwargs is None else new.kwargs,
    }
    faults = [*_task_faults(tx, call, allow_unknown_task=True, masking=masking), *_masked_faults(call)]
    if faults:
        raise InvalidInputError(faults)
    return new


def merged(document: Mapping[str, JsonValue], patch: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Apply a JSON merge patch (RFC 7396) to a schedule's document.

    A trigger that names its kind replaces the old one as a whole: the fields of two kinds do not mix.
    """
    trigger = patch.get("trigger")
    whole = isinstance(trigger, dict) and "kind" in trigger
    base = {key: value for key, value in document.items() if not (whole and key == "trigger")}
    return merge_patch(base, patch)


def merge_patch(document: Mapping[str, JsonValue], patch: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Apply a JSON merge patch (RFC 7396) to any document."""
    result = dict(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            old = result.get(key)
            result[key] = merge_patch(old if isinstance(old, dict) else {}, value)
        else:
            result[key] = value
    return result


def _unmasked(
    tx: Transaction, document: Mapping[str, Any], old: ScheduleSpec | None, masking: Masking
) -> tuple[Mapping[str, Any], list[Fault]]:
    """Return a document with the stored values of arguments that are masked, and the faults of those without one."""
    args, kwargs = document.get("args", []), document.get("kwargs", {})
    if old is not None and isinstance(args, list) and isinstance(kwargs, Mapping):
        signature = workers.signatures(tx, {old.task}).get(old.task)
        shown = masking.call(signature, old.args, old.kwargs)
        back = unmasked_call(Call(args, kwargs), Call(shown.args, shown.kwargs), Call(old.args, old.kwargs), signature)
        document = {**document, "args": back.args, "kwargs": back.kwargs}
    return document, list(_masked_faults(document))


def _masked_faults(document: Mapping[str, Any]) -> Iterator[Fault]:
    for name in ("args", "kwargs"):
        yield from masked_faults(document.get(name), name)


def _firing_faults(spec: ScheduleSpec, timetable: Timetable, run_count: int, now: datetime) -> list[Fault]:
    """Return why a spec would never run from now on: its trigger, its bounds or its calendars."""
    if spec.max_runs is not None and spec.max_runs <= run_count:
        message = f"it has made {run_count} runs already"
        return [Fault("max_runs", "never_fires", message, "Allow more, or leave it out.")]
    try:
        if spec.trigger.next_after(now) is None:
            fix = "Choose a time that is still to come."
            return [Fault("trigger", "never_fires", "gives no fire time from now on", fix)]
        first = timetable.next_after(now)
        if first is None:
            field = "end_at" if spec.end_at is not None else "start_at"
            message = "leaves no fire time of the trigger from now on"
            return [Fault(field, "never_fires", message, "Preview the trigger, and choose another instant.")]
        if timetable.open_times is not None and timetable.next_open(now, until=_later(first, _SEARCHED)) is None:
            message = f"leave no fire time open within {_SEARCHED.days // 365} years of the first"
            return [Fault("calendars", "never_fires", message, "Preview the schedule, and choose other calendars.")]
    except TriggerError as error:  # a library that the trigger needs is missing
        return [error.fault_at("trigger")]
    return []


def _later(instant: datetime, by: timedelta) -> datetime:
    return instant + by if datetime.max.replace(tzinfo=UTC) - instant > by else datetime.max.replace(tzinfo=UTC)


def settled_trigger(timing: Timing, schedule_id: UUID, old: Trigger | None, now: datetime) -> Trigger:
    """Return the trigger of a timing as it is stored: its phase is fixed, and an H in it is bound to the schedule's id.

    By the id and not the name, so that a rename moves no fire time. `old` is the trigger that it replaces, if any. An
    interval is counted from `start_at` where there is one.
    """
    return anchored_like(timing.trigger, old, timing.start_at or now).identified(str(schedule_id))


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


def _task_faults(
    tx: Transaction, document: Mapping[str, Any], *, allow_unknown_task: bool, masking: Masking
) -> list[Fault]:
    name = str(document["task"])
    task = workers.get_task(tx, name)
    if task is None:
        return [] if allow_unknown_task else [_unknown_task(tx, name)]
    args, kwargs = document.get("args", []), document.get("kwargs", {})
    if task.signature is None or not isinstance(args, list) or not isinstance(kwargs, dict):
        return []
    faults = check_arguments(task.signature, args, kwargs)
    shown = masking.call(task.signature, args, kwargs)
    if (shown.args, shown.kwargs) == (args, kwargs):
        return faults
    # A sentence that tells the value may tell a part of a secret.
    return [replace(fault, message=shown.hidden.text(fault.message.partition(", got ")[0])) for fault in faults]


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
