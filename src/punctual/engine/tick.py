"""Claim due schedules, plan them, and record what they say: one transaction a batch."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import ValidationError

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.errors import UNPLANNABLE
from punctual.domain.identity import run_id
from punctual.domain.planner import Plan, plan
from punctual.domain.schedule import ScheduleSpec, undecided
from punctual.domain.stored_spec import read_stored
from punctual.engine.sender import TaskMessage
from punctual.store import calendars, ledger, schedules
from punctual.store.database import Database, Transaction
from punctual.store.ledger import Entry, Lease
from punctual.store.schedules import Advance, DueSchedule

BATCH = 1000
_FIRST_RETRY = timedelta(seconds=5)
_LAST_RETRY = timedelta(minutes=10)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tick:
    """What one batch did: how many schedules it claimed, the messages to send now, and since when one is due."""

    claimed: int
    messages: list[TaskMessage]
    due: datetime | None


def tick(database: Database, *, now: datetime, lease: Lease) -> Tick:
    """Record the runs of the schedules due by `now`, and take the lease to send them.

    A schedule that cannot be planned is set aside with its error shown, and the batch goes on.
    """
    with database.write() as tx:
        due = schedules.claim_due(tx, now, limit=BATCH)
        planned = _planned(tx, due, now)
        entries = [Entry(schedule.id, schedule.version, made, spec.rules) for schedule, (spec, made) in planned]
        recorded = ledger.record(tx, entries, now=now, lease=lease)
        schedules.advance_many(tx, [_advance(schedule, made) for schedule, (_, made) in planned])
    messages = [
        message for schedule, (spec, made) in planned for message in _messages(schedule, spec, made, recorded, now)
    ]
    longest_due = min((run.due_time for entry in entries for run in entry.plan.runs), default=None)
    return Tick(len(due), messages, longest_due)


def _planned(
    tx: Transaction, due: Sequence[DueSchedule], now: datetime
) -> list[tuple[DueSchedule, tuple[ScheduleSpec, Plan]]]:
    """Plan each of the claimed schedules; those that cannot be planned are set aside."""
    read = [(schedule, spec) for schedule in due if (spec := _read(tx, schedule, now)) is not None]
    known = calendars.load(tx, {name for _, spec in read for name in spec.calendars.names})
    return [
        (schedule, (spec, made))
        for schedule, spec in read
        if (made := _plan(tx, schedule, spec, known, now)) is not None
    ]


def _read(tx: Transaction, schedule: DueSchedule, now: datetime) -> ScheduleSpec | None:
    try:
        return read_stored(schedule.document)
    except ValidationError as error:
        _set_aside(tx, schedule, error, now)
        return None


def _plan(
    tx: Transaction, schedule: DueSchedule, spec: ScheduleSpec, known: Mapping[str, Calendar], now: datetime
) -> Plan | None:
    left = None if spec.max_runs is None else spec.max_runs - schedule.run_count
    try:
        timetable = spec.timetable(str(schedule.id), known)
        skips = schedules.read_skips(schedule.skips)
        if skips:
            timetable = replace(timetable, skips=skips)
        made = plan(timetable, spec.catchup, first=schedule.next_fire_time, now=now, runs_left=left)
    except UNPLANNABLE as error:
        _set_aside(tx, schedule, error, now)
        return None
    left_over = undecided(skips, made.next_fire_time)
    if left_over != skips:
        schedules.set_skips(tx, schedule.id, left_over)
    return made


def _set_aside(tx: Transaction, schedule: DueSchedule, error: Exception, now: datetime) -> None:
    count = schedule.error_count + 1
    retry_at = now + min(_FIRST_RETRY * 2 ** min(count - 1, 10), _LAST_RETRY)
    schedules.set_aside(tx, schedule.id, error=_sentence(error), error_count=count, retry_at=retry_at)
    _log.error(
        "schedule %s cannot be planned; it is set aside",
        schedule.name,
        exc_info=error,
        extra={"action": "schedule_set_aside", "schedule": schedule.name, "retry_at": retry_at.isoformat()},
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error) or type(error).__name__


def _advance(schedule: DueSchedule, made: Plan) -> Advance:
    last = made.runs[-1].fire_time if made.runs else schedule.last_fire_time
    return Advance(schedule.id, made.next_fire_time, made.next_due_time, last, schedule.run_count + len(made.runs))


def _messages(
    schedule: DueSchedule, spec: ScheduleSpec, made: Plan, recorded: set[UUID], now: datetime
) -> list[TaskMessage]:
    """Return the messages of the runs to send; one that has expired already is left to end so."""
    found = []
    options = spec.message_options
    previous = schedule.last_fire_time
    for run in made.runs:
        identity = run_id(schedule.id, run.fire_time, run.cause)
        expires_at = None if spec.expires is None else run.due_time + spec.expires
        if identity in recorded and (expires_at is None or expires_at > now):
            found.append(
                TaskMessage(
                    run_id=identity,
                    schedule_id=schedule.id,
                    schedule=schedule.name,
                    fire_time=run.fire_time,
                    cause=run.cause.value,
                    task=spec.task,
                    args=spec.args,
                    kwargs=spec.kwargs,
                    queue=spec.queue,
                    options=options,
                    expires_at=expires_at,
                    timeout=None if spec.timeout is None else spec.timeout.total_seconds(),
                    previous_fire_time=previous,
                    service=spec.service,
                    labels=spec.labels,
                )
            )
        previous = run.fire_time
    return found
