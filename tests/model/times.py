"""Which fire times run, late ones included: each looked at by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from model.world import Period, Schedule
from punctual.domain.policies import CatchUpPolicy
from punctual.domain.run import Cause, RunState
from punctual.domain.schedule import ScheduleSpec

TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Passed:
    """Fire times that do not run, under one record."""

    state: RunState
    times: list[datetime]


@dataclass(frozen=True)
class Fates:
    """What becomes of the fire times up to now, and the first one after them."""

    runs: list[tuple[datetime, Cause]]
    passed: list[Passed]
    following: datetime | None


def next_fire(spec: ScheduleSpec, after: datetime) -> datetime | None:
    """The first fire time after an instant, within the bounds."""
    if spec.start_at is not None:
        after = max(after, spec.start_at - TICK)
    found = spec.trigger.next_after(after)
    return None if found is None or (spec.end_at is not None and found > spec.end_at) else found


def fire_times(spec: ScheduleSpec, after: datetime, until: datetime) -> list[datetime]:
    """The fire times after an instant, up to another."""
    found = []
    fire = next_fire(spec, after)
    while fire is not None and fire <= until:
        found.append(fire)
        fire = next_fire(spec, fire)
    return found


def due_time(schedule: Schedule, fire: datetime, spec: ScheduleSpec | None = None) -> datetime:
    """When a fire time is sent; by how much jitter puts it off is drawn by the timetable."""
    spec = spec or schedule.spec
    if not spec.jitter:
        return fire
    decision = spec.timetable(str(schedule.id), {}).decide(fire)
    due: datetime = decision.due_time  # type: ignore[union-attr] # there are no calendars here
    assert fire <= due <= fire + spec.jitter
    return due


def wake_time(schedule: Schedule) -> datetime | None:
    """When the next fire time is decided on: when it is due, or at once when it is to be skipped."""
    fire = schedule.next_fire
    return fire if fire is None or fire in schedule.skips else due_time(schedule, fire)


def fates(schedule: Schedule, now: datetime) -> Fates:
    """Decide on every fire time from the first that is undecided up to now."""
    spec, first = schedule.spec, schedule.next_fire
    assert first is not None
    times = [first, *fire_times(spec, first, now)]
    on_time_from = now - spec.catchup.grace
    runs: list[tuple[datetime, Cause]] = []
    passed: list[Passed] = []

    def open_ones(those: list[datetime]) -> list[datetime]:
        return [fire for fire in those if fire not in schedule.skips]

    on_time = [fire for fire in times if fire >= on_time_from]
    before = [fire for fire in times if fire < on_time_from]
    if before and before[-1] not in schedule.skips and due_time(schedule, before[-1]) >= on_time_from:
        on_time.insert(0, before.pop())  # late by its fire time, on time by its jitter
    chosen = late_ones(spec, open_ones(before), now, superseded=bool(open_ones(on_time)))
    if before and (not chosen or before[0] < chosen[0]):
        left = [fire for fire in before if not chosen or fire < chosen[0]]
        passed.append(Passed(RunState.MISSED if open_ones(left) else RunState.SKIPPED, left))
        before = before[len(left) :]
    for fire in [*before, *on_time]:
        if fire in schedule.skips:
            passed.append(Passed(RunState.SKIPPED, [fire]))
        else:
            late = due_time(schedule, fire) < on_time_from
            runs.append((fire, Cause.CATCHUP if late else Cause.SCHEDULE))
    if spec.max_runs is not None and len(runs) >= spec.max_runs - schedule.run_count:
        runs = runs[: spec.max_runs - schedule.run_count]
        return Fates(runs, [each for each in passed if each.times[0] < runs[-1][0]], None)
    return Fates(runs, passed, next_fire(spec, times[-1]))


def late_ones(spec: ScheduleSpec, late: list[datetime], now: datetime, *, superseded: bool) -> list[datetime]:
    """Those of the late fire times that the catch-up policy lets run."""
    within = [fire for fire in late if fire >= now - spec.catchup.window]
    match spec.catchup.policy:
        case CatchUpPolicy.NONE:
            return []
        case CatchUpPolicy.LATEST:
            return [] if superseded else within[-1:]
        case CatchUpPolicy.ALL:
            return within[-spec.catchup.limit :]


def wait_for_next(schedule: Schedule, now: datetime) -> None:
    """Go on with the first fire time after now; what was decided on stays so, whatever the clock does."""
    spec = schedule.spec
    since = now if schedule.decided is None else max(now, schedule.decided)
    finished = spec.max_runs is not None and schedule.run_count >= spec.max_runs
    schedule.next_fire = None if finished else next_fire(spec, since)
    schedule.skips = [fire for fire in schedule.skips if fire_times(spec, fire - TICK, fire)]
    forget_skips(schedule)
    if schedule.next_fire is not None:
        schedule.periods.append(Period(spec, since))


def stand_still(schedule: Schedule, at: datetime) -> None:
    """Have no fire time to come."""
    schedule.next_fire = None
    end_period(schedule, at)


def end_period(schedule: Schedule, at: datetime) -> None:
    """The schedule was to fire up to here, or to what was decided on already."""
    if schedule.periods and schedule.periods[-1].until is None:
        schedule.periods[-1].until = at if schedule.decided is None else max(at, schedule.decided)


def forget_skips(schedule: Schedule) -> None:
    """Drop the skips that were decided on."""
    schedule.skips = [fire for fire in schedule.skips if schedule.next_fire is not None and fire >= schedule.next_fire]
