"""Keeping the schedules that an app's code declares in step with the database."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from punctual.control.documents import settled_trigger
from punctual.control.timetables import waiting
from punctual.domain.clock import Clock
from punctual.domain.identity import new_id
from punctual.domain.schedule import Schedule, ScheduleSpec, ScheduleStatus
from punctual.store import calendars, runs, schedules
from punctual.store.database import Database, Transaction
from punctual.store.settle import settle

RETIRED_NOTE = "no longer declared in the code"

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class DeclaredChanges:
    """The names of the schedules that were made, changed, and retired."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)


def synchronise(database: Database, clock: Clock, *, app: str, specs: Sequence[ScheduleSpec]) -> DeclaredChanges:
    """Make the database hold what the app declares; what people paused stays paused.

    A schedule the app declared before and no longer does is retired: paused, with a note, and free to be changed or
    deleted. One of the same name that nobody declares is taken over; one that another app declares is left alone.
    """
    now = clock.now()
    changes = DeclaredChanges()
    with database.write() as tx:
        for spec in sorted(specs, key=lambda spec: spec.name):
            _declare(tx, app, spec, now, changes)
        declared = {spec.name for spec in specs}
        for schedule in schedules.list_declared(tx, app):
            if schedule.spec.name not in declared:
                _retire(tx, app, schedule, now)
                changes.retired.append(schedule.spec.name)
        tx.changed = True
    return changes


def _declare(tx: Transaction, app: str, spec: ScheduleSpec, now: datetime, changes: DeclaredChanges) -> None:
    missing = set(spec.calendars.names) - calendars.load(tx, spec.calendars.names).keys()
    if missing:
        _refused(app, spec.name, f"there is no calendar named {', '.join(sorted(missing))}")
        return
    old = schedules.lock(tx, spec.name)
    if old is None:
        key = new_id()
        spec = spec.model_copy(update={"trigger": settled_trigger(spec, key, None, now)})
        status = ScheduleStatus()
        new = Schedule(id=key, version=1, spec=spec, status=status, created_at=now, updated_at=now, declared_by=app)
        schedules.insert(tx, waiting(tx, new, now), actor=_actor(app))
        changes.created.append(spec.name)
        return
    if old.declared_by not in {None, app}:
        _refused(app, spec.name, f"{old.declared_by} declares it already")
        return
    if _update(tx, app, old, spec, now):
        changes.changed.append(spec.name)


def _refused(app: str, name: str, reason: str) -> None:
    _log.warning(
        "the declaration of the schedule %s in %s is left out: %s",
        name,
        app,
        reason,
        extra={"action": "declaration_refused", "schedule": name},
    )


def _update(tx: Transaction, app: str, old: Schedule, spec: ScheduleSpec, now: datetime) -> bool:
    spec = spec.model_copy(update={"trigger": settled_trigger(spec, old.id, old.spec.trigger, now)})
    retired = old.status.paused and old.status.pause_note == RETIRED_NOTE
    if spec == old.spec and old.declared_by == app and not retired:
        return False
    schedule = settle(tx, old, now)
    status = schedule.status
    if retired:
        status = status.model_copy(update={"paused": False, "pause_note": None})
    version = old.version if spec == old.spec else old.version + 1
    update = {"spec": spec, "status": status, "version": version, "declared_by": app, "updated_at": now}
    changed = schedule.model_copy(update=update)
    if not status.paused and (retired or not spec.same_fire_times(old.spec)):
        changed = waiting(tx, changed, now)
    schedules.save(tx, changed, actor=_actor(app))
    return True


def _retire(tx: Transaction, app: str, schedule: Schedule, now: datetime) -> None:
    locked = schedules.lock(tx, schedule.id)
    if locked is None:
        return
    settled = settle(tx, locked, now)
    runs.skip_pending(tx, schedule.id, reason=f"The schedule is {RETIRED_NOTE}.", at=now)
    status = settled.status.idle()
    if not status.paused:
        status = status.model_copy(update={"paused": True, "pause_note": RETIRED_NOTE})
    update = {"status": status, "declared_by": None, "updated_at": now}
    schedules.save(tx, settled.model_copy(update=update), actor=_actor(app))


def _actor(app: str) -> str:
    return f"code:{app}"
