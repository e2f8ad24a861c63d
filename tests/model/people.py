"""What people do, in the reference model. What a change settles is decided by the spec that was in force."""

from datetime import datetime

from model.ledger import ask_to_stop, settle, skip_waiting, take_in
from model.times import TICK, end_period, next_fire, stand_still, wait_for_next
from model.world import ENDED, Run, Schedule, World
from punctual.domain.run import Cause, RunState, Stop
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.timing import Timing


def create(world: World, made: Schedule, now: datetime) -> None:
    world.schedules[made.id] = made
    wait_for_next(made, now)


def change(world: World, schedule: Schedule, spec: ScheduleSpec, now: datetime) -> None:
    """Take a new version, if anything differs; `spec` is as it is stored."""
    settle(world, schedule, now)
    old = schedule.spec
    if spec == old:
        return
    schedule.version += 1
    schedule.specs[schedule.version] = spec
    moved = any(getattr(spec, name) != getattr(old, name) for name in Timing.model_fields)
    if moved and not schedule.paused:
        end_period(schedule, now)
        wait_for_next(schedule, now)


def pause(world: World, schedule: Schedule, now: datetime) -> None:
    settle(world, schedule, now)
    skip_waiting(world, schedule, now)
    stand_still(schedule, now)
    schedule.paused, schedule.note = True, False


def resume(schedule: Schedule, now: datetime) -> None:
    if schedule.paused:
        schedule.paused = schedule.note = False
        schedule.streak = 0
        wait_for_next(schedule, now)


def delete(world: World, schedule: Schedule, now: datetime) -> None:
    settle(world, schedule, now)
    skip_waiting(world, schedule, now)
    stand_still(schedule, now)
    schedule.deleted = True


def restore(schedule: Schedule, now: datetime) -> None:
    schedule.deleted = False
    if not schedule.paused:
        wait_for_next(schedule, now)


def skip_next(world: World, schedule: Schedule, now: datetime) -> None:
    """Skip the next fire time that would run."""
    settle(world, schedule, now)
    fire = schedule.next_fire
    while fire in schedule.skips:
        fire = next_fire(schedule.spec, fire)
    assert fire is not None
    schedule.skips.append(fire)


def unskip(world: World, schedule: Schedule, now: datetime) -> None:
    settle(world, schedule, now)
    schedule.skips = []


def run_now(world: World, schedule: Schedule, now: datetime) -> Run:
    run = Run(schedule, schedule.version, Cause.MANUAL, now, now, send_at=now)
    return ask_for(world, run, now)


def rerun(world: World, origin: Run, now: datetime) -> Run:
    run = Run(origin.schedule, origin.version, Cause.RERUN, origin.fire, now, send_at=now, origin=origin.id)
    return ask_for(world, run, now)


def may_rerun(origin: Run) -> bool:
    return origin.state in ENDED and (origin.covered_count or 1) == 1 and not origin.schedule.deleted


def cancel(run: Run, now: datetime, *, terminate: bool) -> None:
    """End a run; one that runs is asked to stop, unless it is to be terminated. Of one that waits nobody is asked."""
    waits = run.state is RunState.BUFFERED
    if terminate or waits:
        run.move(RunState.CANCELLED, reason=True, finished_at=now)
    if not waits:
        ask_to_stop(run, Stop.TERMINATE if terminate else Stop.CANCEL, now)


def ask_for(world: World, run: Run, now: datetime) -> Run:
    while run.id in world.runs:
        run.fire += TICK
    take_in(world, run, now)
    return run
