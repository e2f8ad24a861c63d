"""Which fire times of a schedule become runs now, which are missed, and when to look again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from punctual.domain.policies import CatchUp, CatchUpPolicy
from punctual.domain.run import Cause
from punctual.domain.triggers import Trigger

RUNS_PER_PLAN = 1000
"""A plan stops after so many runs; the next one goes on from there. It bounds the work under one row lock."""

COUNT_LIMIT = 100_000
"""Missed fire times are counted up to here; beyond it the number is a lower bound."""

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run to record."""

    fire_time: datetime
    due_time: datetime
    cause: Cause


@dataclass(frozen=True, slots=True)
class Missed:
    """A range of fire times that will not run, both ends included; `count` is a lower bound unless `exact`."""

    first: datetime
    last: datetime
    count: int
    exact: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to record of a schedule, oldest first, and the first fire time it leaves open (None: there is none)."""

    runs: tuple[PlannedRun, ...]
    missed: Missed | None
    next_fire_time: datetime | None


def plan(trigger: Trigger, catchup: CatchUp, *, first: datetime, now: datetime) -> Plan:
    """Decide on every fire time from `first` (the first one not yet decided on) to `now`, both included.

    Every one of them is in exactly one place of the plan: among its runs, in its missed range, or, when there
    are more than RUNS_PER_PLAN on time, left for the next plan by its `next_fire_time`.
    """
    if first > now:
        return Plan((), None, first)
    on_time_from = now - catchup.grace
    start = first if first >= on_time_from else trigger.next_after(on_time_from - _INSTANT)
    on_time, next_fire_time = _walk(trigger, start, now)
    runs = [PlannedRun(instant, instant, Cause.SCHEDULE) for instant in on_time]
    if first >= on_time_from:
        return Plan(tuple(runs), None, next_fire_time)
    late = _late_runs(trigger, catchup, first=first, before=on_time_from, now=now, superseded=bool(on_time))
    caught_up = [PlannedRun(instant, instant, Cause.CATCHUP) for instant in late]
    before = late[0] if late else on_time_from
    missed = _missed(trigger, catchup, first=first, before=before, superseded=bool(late or on_time))
    return Plan(tuple(caught_up + runs), missed, next_fire_time)


def _walk(trigger: Trigger, start: datetime | None, now: datetime) -> tuple[list[datetime], datetime | None]:
    found: list[datetime] = []
    instant = start
    while instant is not None and instant <= now and len(found) < RUNS_PER_PLAN:
        found.append(instant)
        instant = trigger.next_after(instant)
    return found, instant


def _late_runs(
    trigger: Trigger, catchup: CatchUp, *, first: datetime, before: datetime, now: datetime, superseded: bool
) -> list[datetime]:
    """Return the fire times in [first, before) that still run, oldest first: the newest ones the policy allows."""
    if catchup.policy is CatchUpPolicy.NONE or (catchup.policy is CatchUpPolicy.LATEST and superseded):
        return []
    wanted = 1 if catchup.policy is CatchUpPolicy.LATEST else min(catchup.limit, RUNS_PER_PLAN)
    oldest = max(first, now - catchup.window)
    found: list[datetime] = []
    instant = trigger.previous_before(before)
    while instant is not None and instant >= oldest and len(found) < wanted:
        found.append(instant)
        instant = trigger.previous_before(instant)
    return found[::-1]


def _missed(
    trigger: Trigger, catchup: CatchUp, *, first: datetime, before: datetime, superseded: bool
) -> Missed | None:
    last = trigger.previous_before(before)
    if last is None or last < first:
        return None
    count, exact = trigger.count_between(first, last, COUNT_LIMIT)
    return Missed(first, last, count, exact, _reason(catchup, superseded=superseded))


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
