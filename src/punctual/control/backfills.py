"""Running the past again: backfills of a schedule, asked for, watched and cancelled."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from punctual.control.timetables import no_schedule
from punctual.domain.backfill import (
    MOST_COUNTED,
    Backfill,
    BackfillState,
    History,
    Record,
    Request,
    Span,
    Tally,
    choose,
)
from punctual.domain.clock import Clock
from punctual.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError
from punctual.domain.identity import new_id
from punctual.domain.planner import plan
from punctual.domain.run import RunState
from punctual.domain.schedule import Schedule
from punctual.domain.timetable import Timetable
from punctual.store import backfills, schedules
from punctual.store.backfills import BackfillFilter
from punctual.store.database import Database, Transaction
from punctual.store.paging import Page
from punctual.store.settle import settle
from punctual.store.timetables import timetable_of

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackfillView:
    """A backfill, and how many of its runs are in each state; runs that retention has removed are in none."""

    backfill: Backfill
    states: dict[RunState, int]


@dataclass(frozen=True, slots=True)
class BackfillPreview:
    """What a backfill would do: the fire times of its span, and what would become of those that were looked at.

    `fire_times` is a lower bound unless `fire_times_exact`; so is each count of the tally unless all were looked at.
    """

    schedule_version: int
    until: datetime
    first: datetime
    last: datetime
    fire_times: int
    fire_times_exact: bool
    tally: Tally


class Backfills:
    """Every write is one transaction under the schedule's lock; the engine makes the runs.

    NotFoundError, ConflictError and InvalidInputError leave all as it was.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database, by this time."""
        self._database = database
        self._clock = clock

    def start(self, ref: str, asked: Request, *, actor: str) -> BackfillView:
        """Begin a backfill of a schedule, paused or not, by its present version.

        What the schedule owes up to now is recorded first, so that no fire time is made twice. Raises
        InvalidInputError for a span without a fire time, or one that reaches beyond now.
        """
        now = self._clock.now()
        until = _until(asked, now)
        with self._database.write() as tx:
            schedule = schedules.lock(tx, schedules.key_of(ref))
            if schedule is None:
                raise no_schedule(ref)
            schedule = settle(tx, schedule, now)
            schedules.save(tx, schedule, actor=actor)
            span = _span(timetable_of(tx, schedule), asked, until)
            _, _, fire_times, exact = _ends(span, schedule)
            backfill = Backfill(
                id=new_id(),
                schedule_id=schedule.id,
                schedule=schedule.spec.name,
                schedule_version=schedule.version,
                since=asked.since.astimezone(UTC),
                until=until,
                reprocess=asked.reprocess,
                parallelism=asked.parallelism,
                order=asked.order,
                state=BackfillState.RUNNING,
                actor=actor,
                created_at=now,
                next_fire_time=span.first(),
                fire_times=fire_times,
                fire_times_exact=exact,
            )
            backfills.insert(tx, backfill)
        _log.info(
            "a backfill of schedule %s begins",
            backfill.schedule,
            extra={"action": "backfill_started", "backfill": str(backfill.id), "schedule": backfill.schedule},
        )
        return BackfillView(backfill, {})

    def preview(self, ref: str, asked: Request) -> BackfillPreview:
        """Return what such a backfill would do, and write nothing; raises as `start` does."""
        now = self._clock.now()
        until = _until(asked, now)
        with self._database.read() as tx:
            schedule = schedules.get(tx, schedules.key_of(ref))
            if schedule is None:
                raise no_schedule(ref)
            timetable = timetable_of(tx, schedule)
            span = _span(timetable, asked, until)
            first, last, fire_times, exact = _ends(span, schedule)
            tally = _tally(tx, schedule, span, asked, _owed(schedule, timetable, now))
        return BackfillPreview(schedule.version, until, first, last, fire_times, exact, tally)

    def get(self, backfill_id: UUID) -> BackfillView:
        """Return a backfill; raises NotFoundError."""
        with self._database.read() as tx:
            return _view(tx, backfill_id)

    def list(
        self, *, schedule: str | None = None, state: BackfillState | None = None, limit: int, cursor: str | None = None
    ) -> Page[BackfillView]:
        """Return backfills, the newest first; a schedule that is given must exist, deleted ones by id."""
        with self._database.read() as tx:
            schedule_id = None
            if schedule is not None:
                schedule_id = schedules.find_id(tx, schedule)
                if schedule_id is None:
                    raise no_schedule(schedule)
            page = backfills.list_page(tx, BackfillFilter(schedule_id, state), limit=limit, cursor=cursor)
            states = backfills.states(tx, [item.id for item in page.items])
        return Page([BackfillView(item, states[item.id]) for item in page.items], page.next_cursor)

    def cancel(self, backfill_id: UUID, *, terminate: bool = False, actor: str) -> BackfillView:
        """Make no more runs of a backfill, and cancel those that no worker has started.

        Those that run go on, unless workers are to `terminate` them, which can be asked for later, too; then the ledger
        says cancelled at once. Raises ConflictError for one that is done.
        """
        now = self._clock.now()
        with self._database.write() as tx:
            held = backfills.lock(tx, backfill_id)
            if held is None:
                raise no_backfill(backfill_id)
            if held.backfill.state is BackfillState.DONE:
                message = f"The backfill {backfill_id} is done: all its runs have ended."
                raise ConflictError(message, fix="There is nothing to cancel.")
            reason = f"Its backfill was cancelled by {actor}."
            if held.backfill.state is BackfillState.RUNNING:
                backfills.end(tx, backfill_id, BackfillState.CANCELLED, reason=f"Cancelled by {actor}.", at=now)
                backfills.cancel_unstarted(tx, backfill_id, reason=reason, at=now)
            if terminate:
                reason = f"Terminated by {actor} with its backfill."
                backfills.terminate_started(tx, backfill_id, reason=reason, at=now)
            tx.changed = True
            return _view(tx, backfill_id)


def no_backfill(backfill_id: UUID) -> NotFoundError:
    """Return the error for an id that no backfill has."""
    return NotFoundError(f"There is no backfill {backfill_id}.", fix="List the backfills to see their ids.")


def _view(tx: Transaction, backfill_id: UUID) -> BackfillView:
    backfill = backfills.get(tx, backfill_id)
    if backfill is None:
        raise no_backfill(backfill_id)
    return BackfillView(backfill, backfills.states(tx, [backfill_id])[backfill_id])


def _until(asked: Request, now: datetime) -> datetime:
    """Return the end of the span that is asked for; raises InvalidInputError with every fault of the span."""
    until = now if asked.until is None else asked.until
    faults = []
    if asked.since < _EARLIEST:
        faults.append(Fault("from", "too_early", "is before 1970", "Choose a later instant."))
    if until > now:
        faults.append(Fault("until", "in_future", "is still to come", "Leave it out to backfill up to now."))
    if asked.since >= until and asked.until is None:
        faults.append(Fault("from", "in_future", "is still to come", "Choose an instant of the past."))
    elif asked.since >= until:
        faults.append(Fault("until", "not_after_from", "must be after from", "Choose a later instant."))
    if faults:
        raise InvalidInputError(faults)
    return until.astimezone(UTC)


def _span(timetable: Timetable, asked: Request, until: datetime) -> Span:
    return Span(timetable, asked.since.astimezone(UTC), until, asked.order)


def _ends(span: Span, schedule: Schedule) -> tuple[datetime, datetime, int, bool]:
    ends = span.ends()
    if ends is None:
        message = f"begins a span without a fire time of {schedule.spec.name!r} (version {schedule.version})"
        fix = "Choose a longer span; a preview shows the fire times of the past."
        raise InvalidInputError([Fault("from", "no_fire_time", message, fix)])
    return ends


def _owed(schedule: Schedule, timetable: Timetable, now: datetime) -> list[Record]:
    """Return what the schedule is about to record up to now, as it will be when a backfill has begun."""
    first = schedule.status.next_fire_time
    if first is None or first > now:
        return []
    left = schedule.status.runs_left(schedule.spec)
    made = plan(timetable, schedule.spec.catchup, first=first, now=now, runs_left=left)
    skips = [skip.fire_time for skip in schedule.status.skips if skip.fire_time <= now]
    return [
        *(Record(run.fire_time, run.due_time, RunState.PENDING) for run in made.runs),
        *(Record(instant, instant, RunState.SKIPPED, on_purpose=True) for instant in skips),
    ]


def _tally(tx: Transaction, schedule: Schedule, span: Span, asked: Request, owed: list[Record]) -> Tally:
    """Look at the first fire times of the span, at most MOST_COUNTED of them."""
    tally = Tally()
    following = span.first()
    while following is not None and tally.looked_at < MOST_COUNTED:
        stretch = span.stretch(following, _AT_ONCE)
        records = [*backfills.records(tx, schedule.id, stretch), *owed]
        choice = choose(span, stretch, History(stretch, records), asked.reprocess, room=None)
        tally, following = tally.plus(choice.tally), choice.next_fire_time
    return tally
