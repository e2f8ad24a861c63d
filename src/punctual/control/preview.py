"""What a timing would do, before anybody relies on it, and why it does not do it at some instant."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError

from punctual.control.documents import settled_trigger
from punctual.control.faults import faults_of
from punctual.control.masked import masked_runs
from punctual.control.recorded import RecordedInstant, recorded_instant
from punctual.control.timetables import calendar_faults, no_schedule
from punctual.domain.clock import Clock
from punctual.domain.errors import Fault, InvalidInputError, TriggerError
from punctual.domain.explain.timetable_why import due_time, explain_timetable, timetable_notes
from punctual.domain.explain.timing_words import timing_words
from punctual.domain.explain.why import Explanation
from punctual.domain.masking import DEFAULT_MASKING, Masking
from punctual.domain.schedule import Schedule, ScheduleState
from punctual.domain.timetable import Timetable
from punctual.domain.timing import Timing
from punctual.domain.triggers import AnyOf, Interval, Trigger
from punctual.domain.triggers.zone import load_zone
from punctual.store import calendars, schedules
from punctual.store.database import Database
from punctual.store.timetables import timetable_of


@dataclass(frozen=True, slots=True)
class FirePreview:
    """One fire time, in UTC and on the wall clock of the trigger's zone, with notes on what is special about it.

    `due_time` is when it would be sent, None where it would be skipped.
    """

    utc: datetime
    local: datetime
    timezone: str
    due_time: datetime | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """A timing in its trigger's text and in words, with its next and its previous fire times, both in order of time.

    There are fewer than asked for where it ends or begins.
    """

    trigger_text: str
    words: str
    fire_times: list[FirePreview]
    previous: list[FirePreview]


@dataclass(frozen=True, slots=True)
class ExplainedInstant:
    """The explanation for an instant, with the fire times around it; `due_time` is when it is sent, if it fires."""

    trigger_text: str
    explanation: Explanation
    due_time: datetime | None
    previous: FirePreview | None
    next: FirePreview | None


def preview(
    timing: Timing,
    timetable: Timetable,
    *,
    after: datetime,
    count: int,
    previous: int = 0,
    runs_left: int | None = None,
) -> Preview:
    """Return the first `count` fire times after an instant, and the last `previous` ones up to it.

    After `runs_left` of them that run, there are no more.
    """
    found: list[FirePreview] = []
    instant = timetable.next_after(after)
    while instant is not None and len(found) < count and runs_left != 0:
        found.append(_fire_preview(timetable, instant))
        if runs_left is not None and found[-1].due_time is not None:
            runs_left -= 1
        instant = timetable.next_after(instant)
    past: list[FirePreview] = []
    instant = timetable.previous_before(found[0].utc if found else after)
    while instant is not None and len(past) < previous:
        past.append(_fire_preview(timetable, instant))
        instant = timetable.previous_before(instant)
    return Preview(timing.trigger.text or "", timing_words(timing), found, past[::-1])


def explain_instant(timing: Timing, timetable: Timetable, instant: datetime) -> ExplainedInstant:
    """Return whether and why a timing fires at an instant; raises InvalidInputError for one out of the calendar."""
    try:
        explanation = explain_timetable(timetable, instant)
    except TriggerError as error:
        raise InvalidInputError([Fault("instant", "out_of_range", error.message, error.fix)]) from None
    previous, following = explanation.previous, explanation.next
    return ExplainedInstant(
        timing.trigger.text or "",
        replace(explanation, words=timing_words(timing)),
        due_time(timetable, explanation.instant) if explanation.fires else None,
        None if previous is None else _fire_preview(timetable, previous),
        None if following is None else _fire_preview(timetable, following),
    )


def _fire_preview(timetable: Timetable, instant: datetime) -> FirePreview:
    name = timetable.trigger.timezone_name
    local = instant.astimezone(load_zone(name))
    return FirePreview(instant, local, name, due_time(timetable, instant), timetable_notes(timetable, instant))


def told(timing: Timing, now: datetime) -> Timing:
    """Return an unstored timing as its words tell it: recurrences count from `now`, and intervals from no instant."""
    return timing.model_copy(update={"trigger": _told(timing.trigger, timing.anchored(now).trigger)})


def _told(given: Trigger, anchored: Trigger) -> Trigger:
    if isinstance(given, AnyOf) and isinstance(anchored, AnyOf):
        members = [_told(each, fixed) for each, fixed in zip(given.triggers, anchored.triggers, strict=True)]
        return given.model_copy(update={"triggers": tuple(members)})
    return given if isinstance(given, Interval) else anchored


class Previews:
    """Previews and explanations of what is stored, and of what is not yet."""

    def __init__(self, database: Database, clock: Clock, masking: Masking = DEFAULT_MASKING) -> None:
        """Read schedules and calendars from this database, by this time; the runs that it returns are masked."""
        self._database = database
        self._masking = masking
        self._clock = clock

    def of_timing(
        self, timing: Timing, *, schedule: str | None = None, after: datetime | None, count: int, previous: int
    ) -> Preview:
        """Preview a timing that is not stored; without an `after`, from now on.

        H, jitter and the runs made are those of the schedule that would get it, where one is named (or NotFoundError).
        """
        now = self._clock.now()
        if schedule is None:
            shown, left = told(timing, now), timing.max_runs
            timetable = self._timetable(timing.anchored(now), "")
        else:
            old, _ = self._schedule(schedule)
            trigger = settled_trigger(timing, old.id, old.spec.trigger, now)
            shown, left = timing.model_copy(update={"trigger": trigger}), old.status.runs_left(timing)
            timetable = self._timetable(shown, str(old.id))
        return preview(shown, timetable, after=after or now, count=count, previous=previous, runs_left=left)

    def explain_timing(self, timing: Timing, instant: datetime) -> ExplainedInstant:
        """Explain an instant of a timing that belongs to no schedule yet; an interval counts from 1970."""
        return explain_instant(timing, self._timetable(timing, ""), instant)

    def of_schedule(self, ref: str, *, after: datetime | None, count: int, previous: int) -> Preview:
        """Preview a schedule, paused or not; raises NotFoundError."""
        schedule, timetable = self._schedule(ref)
        after = after or self._clock.now()
        left = schedule.status.runs_left(schedule.spec)
        return preview(schedule.spec, timetable, after=after, count=count, previous=previous, runs_left=left)

    def explain_schedule(self, ref: str, instant: datetime) -> ExplainedInstant:
        """Explain an instant of a schedule, with what its status says about the time to come; raises NotFoundError."""
        schedule, timetable = self._schedule(ref)
        found = explain_instant(schedule.spec, timetable, instant)
        standing = _status_reasons(schedule) if instant > self._clock.now() else []
        if not standing:
            return found
        explanation = found.explanation
        stopped = replace(explanation, fires=False, reasons=(*standing, *explanation.reasons), notes=())
        return replace(found, explanation=stopped, due_time=None)

    def records_at(self, ref: str, instant: datetime) -> RecordedInstant:
        """Return what the ledger has for an instant of a schedule, or why it has nothing; raises NotFoundError."""
        with self._database.read() as tx:
            schedule = schedules.get(tx, schedules.key_of(ref))
            if schedule is None:
                raise no_schedule(ref)
            found = recorded_instant(tx, schedule, instant, self._clock.now())
            return replace(found, records=masked_runs(tx, found.records, self._masking))

    def _timetable(self, timing: Timing, key: str) -> Timetable:
        with self._database.read() as tx:
            known = calendars.load(tx, timing.calendars.names)
            faults = calendar_faults(tx, timing, known)
        if faults:
            raise InvalidInputError(faults)
        return timing.timetable(key, known)

    def _schedule(self, ref: str) -> tuple[Schedule, Timetable]:
        with self._database.read() as tx:
            schedule = schedules.get(tx, schedules.key_of(ref))
            if schedule is None:
                raise no_schedule(ref)
            return schedule, timetable_of(tx, schedule)


def _status_reasons(schedule: Schedule) -> list[str]:
    status, spec = schedule.status, schedule.spec
    match status.state:
        case ScheduleState.PAUSED:
            return ["The schedule is paused" + (f": {status.pause_note}" if status.pause_note else "")]
        case ScheduleState.ERROR:
            return [f"The schedule cannot be planned: {status.error}"]
        case ScheduleState.FINISHED if status.runs_left(spec) == 0:
            return [f"The schedule has made all of its {spec.max_runs} runs (max_runs)"]
        case _:
            return []


def read_timing(document: Mapping[str, object]) -> Timing:
    """Return the timing that a document describes; raises InvalidInputError with every fault."""
    try:
        return Timing.model_validate(document)
    except ValidationError as error:
        raise InvalidInputError(faults_of(error, Timing)) from None
