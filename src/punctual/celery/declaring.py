"""Brings in all that a Celery app's code declares: `@punctual.scheduled`, and the entries of `beat_schedule`."""

import logging
from collections.abc import Mapping
from typing import Any

from celery import Celery

from punctual.celery.beat_entries import read_entries, schedule_name
from punctual.celery.plugin import Punctual
from punctual.control.declared import DeclaredChanges, synchronise
from punctual.domain.clock import Clock
from punctual.store.database import Database

logger = logging.getLogger(__name__)


def bring_in(app: Celery, entries: Mapping[str, Any], database: Database, clock: Clock) -> DeclaredChanges:
    """Make the database hold what the app declares; `entries` are those of its `beat_schedule`.

    An entry that cannot be a schedule is logged and left out, and so is one with the name of a schedule that is
    declared beside its task. Raises PunctualError; nothing was changed then.
    """
    name = app.main or "celery"
    specs = Punctual(app).declared() if Punctual.installed_in(app) else []
    found = read_entries(app, entries)
    for spec in specs:
        if found.specs.pop(spec.name, None) is not None:
            found.refused[spec.name] = "a schedule of this name is declared with @punctual.scheduled"
    for entry, reason in found.refused.items():
        logger.error(
            "The entry %r of beat_schedule is left out: %s",
            entry,
            reason,
            extra={"action": "beat_entry_refused", "schedule": entry},
        )
    beat = list(found.specs.values())
    faulty = {schedule_name(key): reason for key, reason in found.refused.items()}
    changes = synchronise(database, clock, app=name, specs=specs, beat=beat, faulty=faulty)
    logger.info(
        "Declared schedules of %s: %d created, %d changed, %d retired, %d left out",
        name,
        len(changes.created),
        len(changes.changed),
        len(changes.retired),
        len(changes.refused),
        extra={"action": "declared_schedules_synchronised", "app": name},
    )
    return changes
