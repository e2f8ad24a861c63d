"""Keeping the schedules that an app's code declares in step with the database."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from punctual.control.documents import settled_trigger
from punctual.control.timetables import waiting
from punctual.domain.clock import Clock
from punctual.domain.errors import ConflictError, TriggerError
from punctual.domain.identity import new_id
from punctual.domain.schedule import Schedule, ScheduleSpec, ScheduleStatus
from punctual.store import calendars, runs, schedule_lists, schedules
from punctual.store.database import Database, Transaction
from punctual.store.settle import settle

RETIRED_NOTE = "no longer declared in the code"
"""How the note of a retired schedule begins."""

NO_FAULTS: Mapping[str, str] = MappingProxyType({})
_LONGEST_NOTE = 2000

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class DeclaredChanges:
    """The names of the schedules that were made, changed and retired, and why others were left out."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def synchronise(
    database: Database,
    clock: Clock,
    *,
    app: str,
    specs: Sequence[ScheduleSpec],
    beat: Sequence[ScheduleSpec] | None = None,
    faulty: Mapping[str, str] = NO_FAULTS,
) -> DeclaredChanges:
    """Make the database hold what the app declares; what people paused stays paused.

    `beat` is what its `beat_schedule` says, a set of its own (`beat_owner`), because not each process brings it in;
    None leaves that set as it is. `faulty` names declarations that cannot be schedules, with the reason.

    A schedule the app declared before and no longer does is retired: paused, with a note, and free to be changed or
    deleted. One of the same name that nobody declares is taken over; one that another app declares is left alone.
    """
    now = clock.now()
    changes = DeclaredChanges(refused=dict(faulty))
    declared = {app: specs} if beat is None else {app: specs, beat_owner(app): beat}
    with database.write() as tx:
        every = [(spec, owner) for owner, owned in declared.items() for spec in owned]
        for spec, owner in sorted(every, key=lambda each: each[0].name):
            reason = _declare(tx, owner, spec, now, changes, mine={None, *declared})
            if reason is not None:
                _refuse(changes, owner, spec.name, reason)
        for owner, owned in declared.items():
            kept = {spec.name for spec in owned}
            for schedule in schedule_lists.list_declared(tx, owner):
                if schedule.spec.name not in kept:
                    _retire(tx, owner, schedule, now, faulty.get(schedule.spec.name))
                    changes.retired.append(schedule.spec.name)
        tx.changed = True
    return changes


def beat_owner(app: str) -> str:
    """Return who declares the schedules of an app's `beat_schedule`."""
    return f"{app}:beat_schedule"


def _declare(
    tx: Transaction,
    owner: str,
    spec: ScheduleSpec,
    now: datetime,
    changes: DeclaredChanges,
    *,
    mine: Collection[str | None],
) -> str | None:
    """Make or change one schedule; return why not where it is left out."""
    missing = set(spec.calendars.names) - calendars.load(tx, spec.calendars.names).keys()
    if missing:
        return f"there is no calendar named {', '.join(sorted(missing))}"
    try:
        spec.trigger.next_after(now)
    except TriggerError as error:  # a library that the trigger needs is missing
        return f"{error.message}. {error.fix}"
    old = schedules.lock(tx, spec.name) or _create(tx, owner, spec, now)
    if old is None:
        changes.created.append(spec.name)
    elif old.declared_by not in mine:
        return f"{old.declared_by} declares it already"
    elif _update(tx, owner, old, spec, now):
        changes.changed.append(spec.name)
    return None


def _create(tx: Transaction, owner: str, spec: ScheduleSpec, now: datetime) -> Schedule | None:
    """Make a schedule; return the one of this name that another process has made meanwhile."""
    key = new_id()
    spec = spec.model_copy(update={"trigger": settled_trigger(spec, key, None, now)})
    status = ScheduleStatus()
    new = Schedule(id=key, version=1, spec=spec, status=status, created_at=now, updated_at=now, declared_by=owner)
    try:
        schedules.insert(tx, waiting(tx, new, now), actor=_actor(owner))
    except ConflictError:
        return schedules.lock(tx, spec.name)
    return None


def _refuse(changes: DeclaredChanges, owner: str, name: str, reason: str) -> None:
    changes.refused[name] = reason
    _log.warning(
        "the declaration of the schedule %s in %s is left out: %s",
        name,
        owner,
        reason,
        extra={"action": "declaration_refused", "schedule": name},
    )


def _update(tx: Transaction, owner: str, old: Schedule, spec: ScheduleSpec, now: datetime) -> bool:
    spec = spec.model_copy(update={"trigger": settled_trigger(spec, old.id, old.spec.trigger, now)})
    retired = old.status.paused and (old.status.pause_note or "").startswith(RETIRED_NOTE)
    if spec == old.spec and old.declared_by == owner and not retired:
        return False
    schedule = settle(tx, old, now)
    status = schedule.status
    if retired:
        status = status.model_copy(update={"paused": False, "pause_note": None})
    version = old.version if spec == old.spec else old.version + 1
    update = {"spec": spec, "status": status, "version": version, "declared_by": owner, "updated_at": now}
    changed = schedule.model_copy(update=update)
    if not status.paused and (retired or not spec.same_fire_times(old.spec)):
        changed = waiting(tx, changed, now)
    schedules.save(tx, changed, actor=_actor(owner))
    return True


def _retire(tx: Transaction, owner: str, schedule: Schedule, now: datetime, fault: str | None) -> None:
    locked = schedules.lock(tx, schedule.id)
    if locked is None or locked.declared_by != owner:
        return
    settled = settle(tx, locked, now)
    runs.skip_pending(tx, schedule.id, reason=f"The schedule is {RETIRED_NOTE}.", at=now)
    status = settled.status.idle()
    if not status.paused:
        note = RETIRED_NOTE if fault is None else f"{RETIRED_NOTE} as a schedule can be: {fault}"
        status = status.model_copy(update={"paused": True, "pause_note": note[:_LONGEST_NOTE]})
    update = {"status": status, "declared_by": None, "updated_at": now}
    schedules.save(tx, settled.model_copy(update=update), actor=_actor(owner))


def _actor(owner: str) -> str:
    return f"code:{owner}"
