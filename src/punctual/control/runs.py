"""Reading the ledger, doing again what is in it, and cancelling what has not ended."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from punctual.control.backfills import no_backfill
from punctual.control.cancel import Cancellation, Wish, cancel
from punctual.control.documents import changed_arguments
from punctual.control.masked import masked_run, masked_runs
from punctual.control.timetables import no_schedule
from punctual.domain.clock import Clock
from punctual.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError
from punctual.domain.masking import DEFAULT_MASKING, Masking
from punctual.domain.planner import Plan, PlannedRun
from punctual.domain.run import TERMINAL, Arguments, Cause, Run, RunState
from punctual.store import backfills, ledger, run_logs, runs, schedules
from punctual.store.database import Database, Transaction
from punctual.store.ledger import Entry
from punctual.store.paging import Page
from punctual.store.run_logs import LogPage
from punctual.store.runs import RunFilter


class Runs:
    """Every run that was recorded, also of schedules that are deleted."""

    def __init__(self, database: Database, clock: Clock, masking: Masking = DEFAULT_MASKING) -> None:
        """Work on this database, by this time; what it returns is masked."""
        self._database = database
        self._clock = clock
        self._masking = masking

    def get(self, run_id: UUID) -> Run:
        """Return a run; raises NotFoundError."""
        with self._database.read() as tx:
            return masked_run(tx, _get(tx, run_id), self._masking)

    def log(self, run_id: UUID, *, limit: int, after: str | None = None) -> LogPage:
        """Return lines of a run's log; raises NotFoundError, and InvalidInputError for an `after` that is none."""
        with self._database.read() as tx:
            _get(tx, run_id)
            return run_logs.list_page(tx, run_id, limit=limit, after=after)

    def list(  # noqa: PLR0913 - one parameter a filter
        self,
        *,
        schedule: str | None = None,
        state: Collection[RunState] | None = None,
        cause: Cause | None = None,
        task: str | None = None,
        backfill: UUID | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Run]:
        """Return runs in any of the states, of fire times from `since` on and before `until`, the newest first.

        A schedule and a backfill that are given must exist, deleted schedules by id; raises NotFoundError, and
        InvalidInputError.
        """
        if since is not None and until is not None and until <= since:
            raise InvalidInputError([Fault("until", "not_after_from", "must be after from", "Choose a later instant.")])
        with self._database.read() as tx:
            schedule_id = None
            if schedule is not None:
                schedule_id = schedules.find_id(tx, schedule)
                if schedule_id is None:
                    raise no_schedule(schedule)
            if backfill is not None and backfills.get(tx, backfill) is None:
                raise no_backfill(backfill)
            wanted = RunFilter(schedule_id, tuple(state or ()), cause, task, backfill, since, until)
            page = runs.list_page(tx, wanted, limit=limit, cursor=cursor)
            shown = masked_runs(tx, [run.brief() for run in page.items], self._masking)
        return Page(shown, page.next_cursor)

    def rerun(self, run_id: UUID, *, actor: str, changes: Arguments = Arguments()) -> Run:  # noqa: B008 - is frozen
        """Record a run that does another again, for a node to send at once; also of a paused schedule.

        It has the fire time, the version of the schedule and the arguments of the other one, these changed if so
        asked. Raises NotFoundError, InvalidInputError, and ConflictError for a run that has not ended, for a record of
        many fire times, and where the schedule is deleted: nothing is sent for one that is gone.
        """
        del actor
        now = self._clock.now()
        with self._database.write() as tx:
            origin = _get(tx, run_id)
            if origin.cause is Cause.ADHOC:
                message = "Punctual did not send this run, and cannot know what its task needs."
                raise ConflictError(message, fix="Send the task again as it was sent, or make a schedule for it.")
            schedule = schedules.lock(tx, origin.schedule_id, deleted=True)
            if schedule is None or schedule.deleted_at is not None:
                message = f"The schedule {origin.schedule!r} is deleted."
                fix = f"Restore it first: punctual schedules restore {origin.schedule_id}"
                raise ConflictError(message, fix=fix)
            _refuse_unfit(origin)
            changed = changed_arguments(
                tx, origin.task, origin.args, origin.kwargs, changes=changes, masking=self._masking
            )
            arguments = Arguments(
                args=origin.args if changed.args is None else changed.args,
                kwargs=origin.kwargs if changed.kwargs is None else changed.kwargs,
            )
            again = Plan.of(PlannedRun(origin.fire_time, now, Cause.RERUN))
            entry = Entry(origin.schedule_id, origin.schedule_version, again, schedule.spec.rules)
            new_id = ledger.insert_asked_for(tx, entry, now=now, arguments=arguments, origin_id=origin.id)
            tx.changed = True
            return masked_run(tx, _get(tx, new_id), self._masking)

    def cancel(self, run_id: UUID, *, actor: str, terminate: bool = False, note: str | None = None) -> Cancellation:
        """Cancel a run that has not ended; one that runs is asked to stop, or with `terminate` ended whatever it does.

        Raises NotFoundError, and ConflictError for a run that has ended.
        """
        now = self._clock.now()
        with self._database.write() as tx:
            interruption, message = cancel(tx, _get(tx, run_id), Wish(actor, terminate, note), now=now)
            return Cancellation(masked_run(tx, _get(tx, run_id), self._masking), interruption, message)


def _get(tx: Transaction, run_id: UUID) -> Run:
    run = runs.get(tx, run_id)
    if run is None:
        message = f"There is no run {run_id}."
        raise NotFoundError(message, fix="List the runs of its schedule.")
    return run


def _refuse_unfit(origin: Run) -> None:
    if origin.state not in TERMINAL:
        message = f"The run {origin.id} is {origin.state.value}: it has not ended."
        raise ConflictError(message, fix="Wait for its end, or run the schedule now.")
    if origin.covered_count is not None and origin.covered_count > 1:
        message = f"The record {origin.id} stands for {origin.covered_count} fire times; a rerun is for one."
        raise ConflictError(message, fix="Run the schedule now, once for all of them.")
