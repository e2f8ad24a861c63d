"""What people do with schedules: create, change, pause, resume, delete, restore, run now."""

from collections.abc import Mapping, Sequence
from typing import Any

from punctual.control.documents import changed_arguments, merged, read_spec
from punctual.control.masked import masked_run, masked_schedule, masked_schedules
from punctual.control.timetables import next_run, no_schedule, waiting
from punctual.domain.clock import Clock
from punctual.domain.errors import ConflictError, Fault, InvalidInputError, StaleVersionError
from punctual.domain.identity import adhoc_schedule_id, new_id
from punctual.domain.masking import DEFAULT_MASKING, Masking
from punctual.domain.planner import Plan, PlannedRun
from punctual.domain.run import Arguments, Cause, Run
from punctual.domain.schedule import Schedule, ScheduleState, ScheduleStatus
from punctual.domain.skip import Skip
from punctual.store import ledger, runs, schedule_lists, schedules
from punctual.store.database import Database, Transaction
from punctual.store.ledger import Entry
from punctual.store.paging import Page
from punctual.store.schedule_lists import ScheduleFilter
from punctual.store.settle import settle
from punctual.store.timetables import timetable_of

MOST_SKIPS = 100
"""Fire times of one schedule that can be skipped ahead; beyond, a pause is meant."""


class Schedules:
    """Every write is one transaction under the schedule's lock, and fires nothing by itself.

    It counts from when it has the lock: until then the schedule may have fired as it was. A `ref` is a schedule's id or
    name. NotFoundError, ConflictError and InvalidInputError leave all as it was.
    """

    def __init__(self, database: Database, clock: Clock, masking: Masking = DEFAULT_MASKING) -> None:
        """Work on this database, by this time; what it returns is masked."""
        self._database = database
        self._clock = clock
        self._masking = masking

    def create(self, document: Mapping[str, Any], *, actor: str, allow_unknown_task: bool = False) -> Schedule:
        """Store a new schedule; its first fire time is the first one after now."""
        now = self._clock.now()
        with self._database.write() as tx:
            key = new_id()
            spec = read_spec(
                tx, document, schedule_id=key, now=now, allow_unknown_task=allow_unknown_task, masking=self._masking
            )
            new = Schedule(id=key, version=1, spec=spec, status=ScheduleStatus(), created_at=now, updated_at=now)
            schedule = waiting(tx, new, now)
            schedules.insert(tx, schedule, actor=actor)
            tx.changed = True
            return masked_schedule(tx, schedule, self._masking)

    def get(self, ref: str) -> Schedule:
        """Return a schedule."""
        with self._database.read() as tx:
            found = schedules.get(tx, schedules.key_of(ref))
            if found is None:
                raise no_schedule(ref)
            return masked_schedule(tx, found, self._masking)

    def list(
        self,
        *,
        query: str | None,
        state: str | None,
        calendar: str | None = None,
        service: str | None = None,
        labels: Sequence[tuple[str, str]] = (),
        limit: int,
        cursor: str | None,
    ) -> Page[Schedule]:
        """Return schedules by name, those that have all that is given; `query` is looked for in names and tasks."""
        in_state = None if state is None else _state(state)
        wanted = ScheduleFilter(query, in_state, calendar, service, labels)
        with self._database.read() as tx:
            page = schedule_lists.list_page(tx, wanted, limit=limit, cursor=cursor)
            return Page(masked_schedules(tx, page.items, self._masking), page.next_cursor)

    def change(
        self,
        ref: str,
        patch: Mapping[str, Any],
        *,
        actor: str,
        expected_version: int | None = None,
        allow_unknown_task: bool = False,
    ) -> Schedule:
        """Apply a merge patch to the spec; a change that changes nothing makes no new version.

        Fire times up to now are settled by the old spec. Raises ConflictError when the schedule has another version
        than expected, or is declared in code.
        """
        with self._database.write() as tx:
            schedule = _lock(tx, ref)
            now = self._clock.now()
            _refuse_declared(schedule)
            _expect(schedule, expected_version)
            schedule = settle(tx, schedule, now)
            document = merged(schedule.spec.model_dump(mode="json"), patch)
            same_task = document.get("task") == schedule.spec.task
            spec = read_spec(
                tx,
                document,
                schedule_id=schedule.id,
                now=now,
                allow_unknown_task=allow_unknown_task or same_task,
                masking=self._masking,
                old=schedule.spec,
                run_count=schedule.status.run_count,
            )
            if spec == schedule.spec:
                return self._save(tx, schedule, actor)
            update = {"spec": spec, "version": schedule.version + 1, "updated_at": now}
            changed = schedule.model_copy(update=update)
            if not changed.status.paused and not spec.same_fire_times(schedule.spec):
                changed = waiting(tx, changed, now)
            return self._save(tx, changed, actor)

    def delete(self, ref: str, *, actor: str, expected_version: int | None = None) -> None:
        """Remove a schedule; its runs stay, and `restore` brings it back."""
        with self._database.write() as tx:
            schedule = _lock(tx, ref)
            now = self._clock.now()
            _refuse_declared(schedule)
            _expect(schedule, expected_version)
            schedule = settle(tx, schedule, now)
            runs.skip_pending(tx, schedule.id, reason="The schedule was deleted before it was due.", at=now)
            gone = {"deleted_at": now, "updated_at": now, "status": schedule.status.idle()}
            self._save(tx, schedule.model_copy(update=gone), actor)

    def restore(self, ref: str, *, actor: str) -> Schedule:
        """Bring a deleted schedule back, by its id; what was due meanwhile does not fire."""
        with self._database.write() as tx:
            schedule = schedules.lock(tx, schedules.key_of(ref), deleted=True)
            now = self._clock.now()
            if schedule is None or schedule.id == adhoc_schedule_id(schedule.spec.task):
                raise no_schedule(ref)
            if schedule.deleted_at is None:
                return masked_schedule(tx, schedule, self._masking)
            back = schedule.model_copy(update={"deleted_at": None, "updated_at": now})
            return self._save(tx, back if back.status.paused else waiting(tx, back, now), actor)

    def pause(self, ref: str, *, note: str | None, actor: str) -> Schedule:
        """Stop a schedule from firing until it is resumed."""
        with self._database.write() as tx:
            schedule = _lock(tx, ref)
            now = self._clock.now()
            schedule = settle(tx, schedule, now)
            runs.skip_pending(tx, schedule.id, reason="The schedule was paused before it was due.", at=now)
            status = schedule.status.idle().model_copy(update={"paused": True, "pause_note": note})
            return self._save(tx, schedule.model_copy(update={"status": status, "updated_at": now}), actor)

    def resume(self, ref: str, *, actor: str) -> Schedule:
        """Let a paused schedule fire again, from its first fire time after now on."""
        with self._database.write() as tx:
            schedule = _lock(tx, ref)
            now = self._clock.now()
            if not schedule.status.paused:
                return masked_schedule(tx, schedule, self._masking)
            status = schedule.status.model_copy(update={"paused": False, "pause_note": None, "failure_streak": 0})
            resumed = schedule.model_copy(update={"status": status, "updated_at": now})
            return self._save(tx, waiting(tx, resumed, now), actor)

    def skip_next(self, ref: str, *, note: str | None, actor: str) -> Schedule:
        """Let the next fire time that would run be skipped; asked again, the one after it.

        Raises ConflictError where there is none, or where MOST_SKIPS are skipped already.
        """
        with self._database.write() as tx:
            schedule = _lock(tx, ref)
            now = self._clock.now()
            schedule = settle(tx, schedule, now)
            skips = schedule.status.skips
            if len(skips) >= MOST_SKIPS:
                message = f"{len(skips)} fire times of {schedule.spec.name!r} are skipped already."
                raise ConflictError(message, fix="Pause the schedule.")
            fire_time = next_run(tx, schedule)
            return self._skipping(tx, schedule, (*skips, Skip(fire_time=fire_time, actor=actor, note=note)), actor)

    def unskip(self, ref: str, *, actor: str) -> Schedule:
        """Let the fire times run that were to be skipped, as far as they are still to come."""
        with self._database.write() as tx:
            schedule = _lock(tx, ref)
            return self._skipping(tx, settle(tx, schedule, self._clock.now()), (), actor)

    def _skipping(self, tx: Transaction, schedule: Schedule, skips: tuple[Skip, ...], actor: str) -> Schedule:
        status = schedule.status.model_copy(update={"skips": skips})
        schedule = schedule.model_copy(update={"status": status})
        if status.next_fire_time is not None:
            wake = timetable_of(tx, schedule).wake_time(status.next_fire_time)
            schedule = schedule.model_copy(update={"status": status.at(status.next_fire_time, wake)})
        return self._save(tx, schedule, actor)

    def run_now(self, ref: str, *, actor: str, changes: Arguments = Arguments()) -> Run:  # noqa: B008 - is frozen
        """Record a run for a node to send at once, its arguments changed if so asked; also of a paused schedule."""
        del actor
        now = self._clock.now()
        with self._database.write() as tx:
            schedule = _lock(tx, ref)
            spec = schedule.spec
            arguments = changed_arguments(tx, spec.task, spec.args, spec.kwargs, changes=changes, masking=self._masking)
            asked = Entry(schedule.id, schedule.version, Plan.of(PlannedRun(now, now, Cause.MANUAL)), spec.rules)
            run_id = ledger.insert_asked_for(tx, asked, now=now, arguments=arguments)
            tx.changed = True
            run = runs.get(tx, run_id)
            if run is None:
                raise no_schedule(str(run_id))
            return masked_run(tx, run, self._masking)

    def _save(self, tx: Transaction, schedule: Schedule, actor: str) -> Schedule:
        schedules.save(tx, schedule, actor=actor)
        tx.changed = True
        return masked_schedule(tx, schedule, self._masking)


def _lock(tx: Transaction, ref: str) -> Schedule:
    schedule = schedules.lock(tx, schedules.key_of(ref))
    if schedule is None:
        raise no_schedule(ref)
    return schedule


def _refuse_declared(schedule: Schedule) -> None:
    if schedule.declared_by is not None:
        message = f"The schedule {schedule.spec.name!r} is declared in the code of {schedule.declared_by}."
        raise ConflictError(message, fix="Change it there; it can be paused, resumed and run from here.")


def _expect(schedule: Schedule, version: int | None) -> None:
    if version is not None and version != schedule.version:
        message = f"The schedule {schedule.spec.name!r} is at version {schedule.version}, not {version}."
        raise StaleVersionError(message, fix="Read it again, look at what changed, and repeat your change.")


def _state(name: str) -> ScheduleState:
    try:
        return ScheduleState(name)
    except ValueError:
        known = ", ".join(state.value for state in ScheduleState)
        raise InvalidInputError([Fault("state", "unknown_state", f"must be one of {known}")]) from None
