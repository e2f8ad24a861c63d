"""What the ledger takes in and what it refuses: overlap, attempts, ends, and the turn of those that wait."""

from datetime import datetime, timedelta
from uuid import UUID

from model.times import due_time, end_period, fates, forget_skips, stand_still
from model.world import ACTIVE, ENDED, OF_FIRE_TIMES, OPEN, Run, Schedule, World
from punctual.domain.policies import OnLost, Overlap, Retry
from punctual.domain.run import Cause, RunState, Stop

MOST_LOST = 5


def settle(world: World, schedule: Schedule, now: datetime, *, lease: tuple[int, datetime] | None = None) -> list[Run]:
    """Record what a schedule owes up to now, and return the runs that may be sent under the lease."""
    if schedule.next_fire is None or schedule.next_fire > now:
        return []
    found = fates(schedule, now)
    taken = []
    for fire, cause in found.runs:
        due = due_time(schedule, fire)
        run = Run(schedule, schedule.version, cause, fire, due, send_at=due)
        if lease is not None and due <= now:
            run.lease, run.send_at = lease
        take_in(world, run, now)
        taken.append(run)
    for passed in found.passed:
        record = Run(schedule, schedule.version, Cause.SCHEDULE, passed.times[0], passed.times[0], passed.state)
        record.reason, record.finished_at = True, now
        record.covered_until, record.covered_count = passed.times[-1], len(passed.times)
        add(world, record)
    if found.runs:
        schedule.last_fire = found.runs[-1][0]
        schedule.run_count += len(found.runs)
    ends = [fire for fire, _ in found.runs] + [each.times[-1] for each in found.passed]
    schedule.decided = max(ends)
    schedule.next_fire = found.following
    forget_skips(schedule)
    if found.following is None:
        end_period(schedule, schedule.decided)
    return [run for run in taken if run.lease is not None and run.state is RunState.PENDING]


def add(world: World, run: Run) -> None:
    assert run.id not in world.runs, "a fire time was decided on twice"
    world.runs[run.id] = run


def take_in(world: World, run: Run, now: datetime) -> None:
    """Add a run that would be pending, by the rules of its schedule as they are now."""
    rules = run.schedule.spec
    others = [each for each in world.runs_of(run.schedule) if each.state in OPEN and each.cause is not Cause.BACKFILL]
    add(world, run)
    waits = skipped = False
    match rules.overlap:
        case Overlap.SKIP:
            skipped = bool(others)
        case Overlap.BUFFER_ONE:
            skipped = any(each.state is RunState.BUFFERED for each in others)
            waits = bool(others)
        case Overlap.BUFFER_ALL:
            waits = bool(others)
        case Overlap.CANCEL_OTHER:
            waits = any(each.state is RunState.RUNNING for each in others)
            make_room(others, now, stop=Stop.CANCEL, spared=RunState.RUNNING)
        case Overlap.TERMINATE_OTHER:
            make_room(others, now, stop=Stop.TERMINATE, spared=None)
    run.exclusive = rules.overlap not in {Overlap.ALLOW, Overlap.TERMINATE_OTHER}
    if rules.concurrency is not None:
        run.key, run.limit = rules.concurrency.key, rules.concurrency.limit
    if skipped:
        run.move(RunState.SKIPPED, reason=True, finished_at=now)
        return
    if waits or run.key is not None:
        run.move(RunState.BUFFERED, reason=True)
    if rules.expires is not None:
        run.deadline = run.due + rules.expires


def make_room(others: list[Run], now: datetime, *, stop: Stop, spared: RunState | None) -> None:
    """End the others, and stop those that a worker may have; those that are spared are stopped only."""
    for each in others:
        sent = each.state not in {RunState.BUFFERED, RunState.PENDING}
        if each.state is not spared:
            each.move(RunState.CANCELLED, reason=True, finished_at=now)
        if sent:
            ask_to_stop(each, stop, now)


def ask_to_stop(run: Run, stop: Stop, now: datetime) -> None:
    """Have a run stopped: one that runs ends with its attempt, others now. None is asked twice to clean up."""
    if stop is Stop.TERMINATE or not run.cancelling:
        run.stop, run.stop_attempt = stop, None
        run.cancelling = run.cancelling or run.state is RunState.RUNNING
    if run.state in OPEN - {RunState.RUNNING}:
        run.move(RunState.CANCELLED, reason=True, finished_at=now)


def skip_waiting(world: World, schedule: Schedule, at: datetime) -> None:
    """Skip the runs of a schedule's fire times that wait, for their time or for others, and that no node is sending."""
    for run in world.runs_of(schedule):
        early = run.state is RunState.PENDING and run.due > at and run.lease is None
        if run.cause in OF_FIRE_TIMES and (early or run.state is RunState.BUFFERED):
            run.move(RunState.SKIPPED, reason=True, finished_at=at)


def free(world: World, now: datetime) -> bool:
    """Give those their turn that nothing holds back, the longest due first; tell whether there were any."""
    freed = False
    for run in world.in_state(RunState.BUFFERED):
        if holds_back(world, run):
            continue
        run.state, run.reason, run.send_at = RunState.PENDING, False, max(run.due, now)
        freed = True
    return freed


def holds_back(world: World, run: Run) -> bool:
    """Whether a run that waits must go on waiting."""
    active = [each for each in world.runs.values() if each.state in ACTIVE]
    if run.exclusive and any(each.schedule is run.schedule and each.cause is not Cause.BACKFILL for each in active):
        return True
    return run.key is not None and sum(each.key == run.key for each in active) >= run.limit


# What workers tell. Each returns whether the ledger takes it.


def start(run: Run, attempt: int, worker_id: UUID | None, deadline: datetime | None, at: datetime) -> bool:
    """An attempt begins: once, never after a later one, and not where the run is to end."""
    if run.state not in ACTIVE or attempt <= run.attempt or run.cancelling:
        return False
    run.move(RunState.RUNNING, attempt=attempt, worker_id=worker_id, started_at=at, deadline=deadline)
    return True


def has_a_say(run: Run, attempt: int | None, holder: UUID | None = None) -> bool:
    """Whether an attempt is the last one, or a later one, and not over; `holder` speaks for its own attempt alone."""
    if attempt is None:
        return True
    if holder is not None and run.state is RunState.RUNNING and run.worker_id != holder:
        return False
    return attempt > run.attempt or (attempt == run.attempt and run.state is not RunState.RETRYING)


def attempt_again(run: Run, attempt: int, send_at: datetime, holder: UUID | None = None) -> bool:
    """An attempt failed, and another follows."""
    if run.state not in ACTIVE or not has_a_say(run, attempt, holder):
        return False
    run.move(RunState.RETRYING, attempt=attempt, send_at=send_at, queued_at=None)
    return True


def retried(run: Run, attempt: int, at: datetime, overdue: datetime) -> bool:
    """An attempt failed, and Celery has sent the next; nothing follows where the run is to end."""
    if run.cancelling:
        return end(run, RunState.CANCELLED, attempt, at, reason=True)
    queued_at = run.queued_at
    if not attempt_again(run, attempt, overdue):
        return False
    run.queued_at = queued_at
    return True


def give_back(run: Run, attempt: int, at: datetime, overdue: datetime) -> bool:
    """An attempt was broken off, and its message is in the queue again."""
    if run.cancelling:
        return end(run, RunState.CANCELLED, attempt, at, reason=True)
    if run.state is not RunState.RUNNING or run.attempt != attempt:
        return False
    run.move(RunState.RETRYING, attempt=attempt - 1, send_at=overdue)
    return True


def end(
    run: Run,
    state: RunState,
    attempt: int | None,
    at: datetime,
    *,
    reason: bool,
    begun: bool = True,
    holder: UUID | None = None,
) -> bool:
    """The run ends; with an attempt that was not even begun, only if none was begun under its number."""
    origins = {
        RunState.EXPIRED: {RunState.BUFFERED, RunState.PENDING, RunState.QUEUED},
        RunState.CANCELLED: OPEN,
    }
    if run.state not in origins.get(state, ACTIVE) or not has_a_say(run, attempt, holder):
        return False
    if not begun and attempt is not None and run.attempt >= attempt:
        return False
    run.move(state, finished_at=at, reason=reason)
    if attempt is not None and begun:
        run.attempt = attempt
    return True


def succeed(run: Run, attempt: int | None, at: datetime) -> bool:
    """A success ends a streak of failures."""
    if not end(run, RunState.SUCCEEDED, attempt, at, reason=False):
        return False
    run.schedule.streak = 0
    return True


def fail(world: World, run: Run, attempt: int | None, at: datetime, *, reason: bool, begun: bool = True) -> bool:
    """An attempt fails: the next one follows after a pause, or the run has failed."""
    if run.state in ENDED:
        return False
    number = attempt or max(run.attempt, 1)
    if not begun and run.attempt >= number:
        return False
    if run.cancelling:
        return end(run, RunState.CANCELLED, attempt, at, reason=True)
    retry = run.spec.retry
    if number < retry.attempts:
        return attempt_again(run, number, at + pause_after(retry, number))
    return end_badly(world, run, RunState.FAILED, attempt, at, reason=reason)


def pause_after(retry: Retry, failures: int) -> timedelta:
    pause = retry.delay
    for _ in range(failures - 1):
        pause *= retry.backoff
    return min(pause, retry.max_delay)


def lose(world: World, run: Run, attempt: int | None, at: datetime, holder: UUID | None = None) -> bool:
    """The worker is gone, or `holder` tells that its process is."""
    if run.state in ENDED:
        return False
    number = attempt or max(run.attempt, 1)
    if run.cancelling:
        return end(run, RunState.CANCELLED, number, at, reason=True, holder=holder)
    if run.spec.on_lost is OnLost.RERUN and number < max(MOST_LOST, run.spec.retry.attempts):
        return attempt_again(run, number, at, holder)
    return end_badly(world, run, RunState.LOST, number, at, reason=True, holder=holder)


def end_badly(
    world: World,
    run: Run,
    state: RunState,
    attempt: int | None,
    at: datetime,
    *,
    reason: bool,
    holder: UUID | None = None,
) -> bool:
    """End a run that counts as a failure of its schedule, which may be one too many."""
    if not end(run, state, attempt, at, reason=reason, holder=holder):
        return False
    schedule = run.schedule
    schedule.streak += 1
    most = schedule.spec.pause_after_failures
    if most is not None and schedule.streak >= most and not schedule.paused and not schedule.deleted:
        settle(world, schedule, at)
        skip_waiting(world, schedule, at)
        stand_still(schedule, at)
        schedule.paused = schedule.note = True
    return True
