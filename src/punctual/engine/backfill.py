"""One step of the backfills: those with room get some more runs, and those whose runs have all ended are done."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import ValidationError

from punctual.domain.backfill import Backfill, BackfillState, Choice, History, Span, choose
from punctual.domain.errors import UNPLANNABLE
from punctual.domain.planner import Plan, PlannedRun
from punctual.domain.policies import RunRules
from punctual.domain.run import Cause
from punctual.domain.schedule import ScheduleSpec
from punctual.store import backfills, ledger, schedules
from punctual.store.database import Database, Transaction
from punctual.store.ledger import Entry
from punctual.store.timetables import timetable_of_spec

MOST_RUNS = 100
"""A step makes so many runs of one backfill at most: it bounds the work under one row lock."""

MOST_LOOKS = 500
"""A step decides on so many fire times of one backfill at most."""

_AT_ONCE = 4
_RETRY = timedelta(seconds=10)

_log = logging.getLogger(__name__)


def step(database: Database, now: datetime) -> bool:
    """Carry out a bounded part of the backfills, a transaction each; return whether there may be more to do now.

    Nobody waits for a lock here: what another transaction holds is left for the next look. One that cannot go on is
    set aside with its error shown, and the others go on.
    """
    with database.read() as tx:
        ready = backfills.ready(tx, now, limit=_AT_ONCE)
    worked = False
    for backfill_id in ready:
        with database.write() as tx:
            worked |= _step_one(tx, backfill_id, now)
    return worked


def _step_one(tx: Transaction, backfill_id: UUID, now: datetime) -> bool:
    held = backfills.claim(tx, backfill_id)
    if held is None or held.backfill.state is not BackfillState.RUNNING:
        return False
    backfill = held.backfill
    if held.deleted:
        reason = "Its schedule was deleted."
        backfills.cancel_unstarted(tx, backfill.id, reason=f"{reason[:-1]} during the backfill.", at=now)
        _end(tx, backfill, BackfillState.CANCELLED, now, reason)
        return True
    active = backfills.active(tx, backfill.id)
    if backfill.next_fire_time is None:
        if active == 0:
            _end(tx, backfill, BackfillState.DONE, now)
        return False
    try:
        spec = schedules.get_spec(tx, backfill.schedule_id, backfill.schedule_version)
        choice = _choose(tx, backfill, spec, room=min(backfill.parallelism - active, MOST_RUNS))
    except UNPLANNABLE as error:
        _set_aside(tx, backfill, error, now)
        return False
    _record(tx, backfill, spec, choice, now)
    return True


def _choose(tx: Transaction, backfill: Backfill, spec: ScheduleSpec, *, room: int) -> Choice:
    timetable = timetable_of_spec(tx, backfill.schedule_id, spec.model_copy(update={"jitter": timedelta(0)}))
    span = Span(timetable, backfill.since, backfill.until, backfill.order)
    stretch = span.stretch(backfill.next_fire_time, MOST_LOOKS)
    history = History(stretch, backfills.records(tx, backfill.schedule_id, stretch))
    return choose(span, stretch, history, backfill.reprocess, room=room)


def _record(tx: Transaction, backfill: Backfill, spec: ScheduleSpec, choice: Choice, now: datetime) -> None:
    """Make the runs and move on, in one transaction: each fire time is decided on once, whatever crashes."""
    runs = tuple(PlannedRun(fire_time, now, Cause.BACKFILL) for fire_time in choice.to_run)
    rules = RunRules(concurrency=spec.concurrency, expires=spec.expires)
    entry = Entry(backfill.schedule_id, backfill.schedule_version, Plan(runs, (), None, None), rules)
    ledger.insert_backfilled(tx, entry, backfill.id, now=now)
    backfills.advance(tx, backfill.id, choice)


def _end(tx: Transaction, backfill: Backfill, state: BackfillState, now: datetime, reason: str | None = None) -> None:
    backfills.end(tx, backfill.id, state, reason=reason, at=now)
    _log.info(
        "the backfill %s of schedule %s is %s",
        backfill.id,
        backfill.schedule,
        state.value,
        extra={"action": "backfill_ended", "backfill": str(backfill.id), "schedule": backfill.schedule},
    )


def _set_aside(tx: Transaction, backfill: Backfill, error: Exception, now: datetime) -> None:
    backfills.set_aside(tx, backfill.id, error=_sentence(error), retry_at=now + _RETRY)
    _log.error(
        "the backfill %s of schedule %s cannot go on; it is set aside",
        backfill.id,
        backfill.schedule,
        exc_info=error,
        extra={"action": "backfill_set_aside", "backfill": str(backfill.id), "schedule": backfill.schedule},
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "This version of the schedule cannot be read: it was written by another release."
    return str(error) or type(error).__name__
