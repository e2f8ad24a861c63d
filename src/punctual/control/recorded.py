"""What the ledger has for one instant of a schedule, or why it has nothing."""

from dataclasses import dataclass
from datetime import datetime

from punctual.domain.explain.timing_words import moment_words
from punctual.domain.explain.why import explain
from punctual.domain.run import Run
from punctual.domain.schedule import Schedule, ScheduleSpec
from punctual.domain.timetable import Timetable
from punctual.store import runs, schedules
from punctual.store.database import Transaction


@dataclass(frozen=True, slots=True)
class RecordedInstant:
    """The records of a fire time, the oldest first; where there are none, `why_none` says why in a sentence."""

    records: list[Run]
    why_none: str | None


def recorded_instant(tx: Transaction, schedule: Schedule, instant: datetime, now: datetime) -> RecordedInstant:
    """Return the runs of an instant, its reruns, and the record of many fire times that it is one of."""
    found = runs.of_fire_time(tx, schedule.id, instant)
    if not any(run.covered_until is not None for run in found):
        covering = runs.covering(tx, schedule.id, instant)
        if covering is not None and _was_fire_time(tx, schedule, instant):
            found.append(covering)
    return RecordedInstant(found, None if found else _why_none(tx, schedule, instant, now))


def _was_fire_time(tx: Transaction, schedule: Schedule, instant: datetime) -> bool:
    version = schedules.version_in_force(tx, schedule.id, instant)
    return version is not None and _bounded(version[1]).has(instant)


def _why_none(tx: Transaction, schedule: Schedule, instant: datetime, now: datetime) -> str:
    zone = schedule.spec.trigger.timezone_name
    if instant > now:
        return "It is still to come."
    if instant <= schedule.created_at:
        return f"The schedule was made later, at {moment_words(schedule.created_at, zone)}."
    in_force = schedules.version_in_force(tx, schedule.id, instant)
    if in_force is None:
        return "What there was has been removed since, as old runs are."
    version, spec = in_force
    if not _bounded(spec).has(instant):
        reasons = "; ".join(explain(spec.trigger, instant).reasons) or "it is outside of start_at and end_at"
        return f"It was no fire time of version {version}, which was in force then: {reasons}."
    return _why_undecided(tx, schedule, instant)


def _why_undecided(tx: Transaction, schedule: Schedule, instant: datetime) -> str:
    """Return why a fire time of the past has no record."""
    status = schedule.status
    if status.next_fire_time is not None and instant >= status.next_fire_time:
        return f"It is not decided on: {status.error}" if status.error else "It is about to be decided on."
    last = status.last_fire_time
    if status.runs_left(schedule.spec) == 0 and (last is None or instant > last):
        return f"The schedule had made all of its {schedule.spec.max_runs} runs (max_runs)."
    if status.paused and not runs.any_after(tx, schedule.id, instant):
        note = f": {status.pause_note.rstrip('.')}" if status.pause_note else ""
        return f"The schedule is paused, and was so then{note}."
    return "The schedule was paused or deleted then, or its record has been removed since."


def _bounded(spec: ScheduleSpec) -> Timetable:
    """Return the fire times of a spec; its calendars and its jitter take none away."""
    return Timetable(trigger=spec.trigger, start_at=spec.start_at, end_at=spec.end_at)
