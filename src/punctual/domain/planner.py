"""Which fire times of a schedule become runs now, which are missed or skipped, and when to look again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from punctual.domain.policies import CatchUp, CatchUpPolicy
from punctual.domain.run import Cause, RunState
from punctual.domain.timetable import Closed, Fires, Timetable

RUNS_PER_PLAN = 1000
"""A plan stops after so many runs; the next one goes on from there. It bounds the work under one row lock."""

COUNT_LIMIT = 100_000
"""Fire times that one record covers are counted up to here; beyond it the number is a lower bound."""

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run to record, to be sent at its due time."""

    fire_time: datetime
    due_time: datetime
    cause: Cause


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A range of fire times that do not run, both ends included; `count` is a lower bound unless `exact`."""

    state: Literal[RunState.MISSED, RunState.SKIPPED]
    first: datetime
    last: datetime
    count: int
    exact: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to record of a schedule, oldest first, and the first fire time it leaves open (None: there is none).

    `next_due_time` is when to decide on that one.
    """

    runs: tuple[PlannedRun, ...]
    passed_over: tuple[PassedOver, ...]
    next_fire_time: datetime | None
    next_due_time: datetime | None

    @classmethod
    def of(cls, run: PlannedRun) -> "Plan":
        """Return the plan of one run, with nothing after it."""
        return cls((run,), (), None, None)


def plan(
    timetable: Timetable, catchup: CatchUp, *, first: datetime, now: datetime, runs_left: int | None = None
) -> Plan:
    """Decide on every fire time from `first` (the first one not yet decided on) to `now`, both included.

    Every one of them is in exactly one place of the plan: among its runs, in one of its ranges passed over, or, when
    there are more than RUNS_PER_PLAN, left for the next plan by its `next_fire_time`. After `runs_left` runs the
    schedule is at its end, and has no further fire time.
    """
    if runs_left is not None and runs_left <= 0:
        return Plan((), (), None, None)
    if first > now:
        return Plan((), (), first, timetable.wake_time(first))
    on_time_from = now - catchup.grace
    boundary = _on_time_start(timetable, first, on_time_from)
    on_time = _decided(timetable, _at_or_after(timetable, boundary), now, on_time_from)
    if boundary <= first:
        return _made([on_time], None, timetable, runs_left)
    start = None
    if not (catchup.policy is CatchUpPolicy.LATEST and on_time.runs):
        start = _catchup_start(timetable, catchup, first=first, before=boundary, now=now)
    older = _older(timetable, catchup, first, before=start or boundary, superseded=bool(start or on_time.runs))
    late = _decided(timetable, start, boundary - _TICK, on_time_from)
    finished = late.following is None or late.following >= boundary
    return _made([late, on_time] if finished else [late], older, timetable, runs_left)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What becomes of consecutive fire times, and the first one after them."""

    runs: list[PlannedRun]
    closed: list[PassedOver]
    following: datetime | None


def _decided(timetable: Timetable, fire_time: datetime | None, until: datetime, on_time_from: datetime) -> _Decided:
    runs: list[PlannedRun] = []
    closed: list[PassedOver] = []
    while fire_time is not None and fire_time <= until and max(len(runs), len(closed)) < RUNS_PER_PLAN:
        decision = timetable.decide(fire_time)
        if isinstance(decision, Closed):
            last = decision.last if decision.last <= until else timetable.previous_before(until + _TICK) or fire_time
            count, exact = timetable.count_between(fire_time, last, COUNT_LIMIT)
            closed.append(PassedOver(RunState.SKIPPED, fire_time, last, count, exact, decision.reason))
            fire_time = timetable.next_after(last)
        else:
            cause = Cause.CATCHUP if decision.due_time < on_time_from else Cause.SCHEDULE
            runs.append(PlannedRun(fire_time, decision.due_time, cause))
            fire_time = timetable.next_after(fire_time)
    return _Decided(runs, closed, fire_time)


def _made(parts: list[_Decided], older: PassedOver | None, timetable: Timetable, runs_left: int | None) -> Plan:
    """Put the parts together, up to the last run that the schedule may make."""
    runs = tuple(run for part in parts for run in part.runs)
    passed_over = (() if older is None else (older,)) + tuple(closed for part in parts for closed in part.closed)
    if runs_left is not None and len(runs) >= runs_left:
        end = runs[runs_left - 1].fire_time
        return Plan(runs[:runs_left], tuple(each for each in passed_over if each.first < end), None, None)
    following = parts[-1].following
    return Plan(runs, passed_over, following, timetable.wake_time(following))


def _on_time_start(timetable: Timetable, first: datetime, on_time_from: datetime) -> datetime:
    """Return the instant from which on fire times are on time: `on_time_from`, or the last fire time before it.

    Of those before it only the last may be due later: jitter never reaches the next fire time, and of a closed stretch
    only the last fire time waits for the opening.
    """
    last = timetable.previous_before(on_time_from) if first < on_time_from else None
    if last is None or last < first:
        return max(first, on_time_from)
    decision = timetable.decide(last)
    return last if isinstance(decision, Fires) and decision.due_time >= on_time_from else on_time_from


def _at_or_after(timetable: Timetable, instant: datetime) -> datetime | None:
    return timetable.next_after(instant - _TICK)


def _catchup_start(
    timetable: Timetable, catchup: CatchUp, *, first: datetime, before: datetime, now: datetime
) -> datetime | None:
    """Return the oldest late fire time that still runs; so do all open ones from it up to `before`."""
    if catchup.policy is CatchUpPolicy.NONE:
        return None
    wanted = 1 if catchup.policy is CatchUpPolicy.LATEST else min(catchup.limit, RUNS_PER_PLAN)
    since = max(first, now - catchup.window)
    found = None
    fire_time = timetable.previous_open(before, since=since)
    while fire_time is not None and wanted:
        found, wanted = fire_time, wanted - 1
        fire_time = timetable.previous_open(fire_time, since=since)
    return found


def _older(
    timetable: Timetable, catchup: CatchUp, first: datetime, *, before: datetime, superseded: bool
) -> PassedOver | None:
    last = timetable.previous_before(before)
    if last is None or last < first:
        return None
    count, exact = timetable.count_between(first, last, COUNT_LIMIT)
    decision = timetable.decide(first)
    on_purpose = any(first <= skip.fire_time <= last for skip in timetable.skips)
    if isinstance(decision, Closed) and timetable.next_open(first, until=last) is None:
        reason = decision.reason
        if on_purpose and last > first:
            reason += " The others are skipped on purpose or in closed time, too."
        return PassedOver(RunState.SKIPPED, first, last, count, exact, reason)
    reason = _reason(catchup, superseded=superseded)
    if timetable.open_times is not None:
        reason += " Those in closed time, if any, are counted too."
    if on_purpose:
        reason += " Those skipped on purpose are counted too."
    return PassedOver(RunState.MISSED, first, last, count, exact, reason)


def _reason(catchup: CatchUp, *, superseded: bool) -> str:
    late = f"More than {catchup.grace.total_seconds():g} s late"
    window = f"older than the catch-up window of {catchup.window.total_seconds():g} s"
    match catchup.policy:
        case CatchUpPolicy.NONE:
            return f"{late}, and the catch-up policy is none."
        case CatchUpPolicy.LATEST:
            return (
                f"{late}, and {'superseded by a later fire time' if superseded else window} (catch-up policy latest)."
            )
        case CatchUpPolicy.ALL:
            return f"{late}, and {window} or beyond its limit of {catchup.limit} (catch-up policy all)."
