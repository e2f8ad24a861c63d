"""plan(): every fire time has exactly one fate."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from punctual.domain.planner import RUNS_PER_PLAN, Plan, plan
from punctual.domain.policies import CatchUp, CatchUpPolicy
from punctual.domain.run import Cause
from punctual.domain.triggers import Trigger, cron, every, once

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def planned(trigger: Trigger, late_by: float, catchup: CatchUp | None = None) -> Plan:
    return plan(trigger, catchup or CatchUp(), first=T0, now=T0 + seconds(late_by))


def test_a_fire_time_met_on_time_runs_and_the_next_one_is_left_open() -> None:
    made = planned(every(10, anchor=T0), 0.2)
    assert [(run.fire_time, run.due_time, run.cause) for run in made.runs] == [(T0, T0, Cause.SCHEDULE)]
    assert made.missed is None
    assert made.next_fire_time == T0 + seconds(10)


def test_nothing_is_planned_before_the_first_open_fire_time() -> None:
    assert plan(every(10, anchor=T0), CatchUp(), first=T0, now=T0 - seconds(1)) == Plan((), None, T0)


def test_a_trigger_that_ends_leaves_nothing_open() -> None:
    assert planned(once(T0), 1).next_fire_time is None


def test_all_fire_times_within_the_grace_run() -> None:
    made = planned(every(10, anchor=T0), 60)
    assert [run.fire_time for run in made.runs] == [T0 + seconds(10 * n) for n in range(7)]
    assert {run.cause for run in made.runs} == {Cause.SCHEDULE}


def test_latest_runs_only_the_newest_late_one_and_accounts_for_the_others() -> None:
    made = planned(cron("0 * * * *"), 3600 * 5 + 1800)
    assert [(run.fire_time, run.cause) for run in made.runs] == [(T0 + seconds(3600 * 5), Cause.CATCHUP)]
    assert made.missed is not None
    assert (made.missed.first, made.missed.last, made.missed.count) == (T0, T0 + seconds(3600 * 4), 5)
    assert made.missed.exact
    assert made.missed.reason == "More than 60 s late, and superseded by a later fire time (catch-up policy latest)."


def test_latest_is_superseded_by_one_that_is_on_time() -> None:
    made = planned(every(100, anchor=T0), 250, CatchUp(grace=seconds(60)))
    assert [(run.fire_time, run.cause) for run in made.runs] == [(T0 + seconds(200), Cause.SCHEDULE)]
    assert made.missed is not None
    assert made.missed.count == 2


def test_latest_older_than_the_window_is_missed_for_that_reason() -> None:
    made = planned(once(T0), 7200, CatchUp(window=seconds(3600)))
    assert made.runs == ()
    assert made.missed is not None
    assert "older than the catch-up window of 3600 s" in made.missed.reason


def test_none_misses_everything_late() -> None:
    made = planned(every(100, anchor=T0), 270, CatchUp(policy=CatchUpPolicy.NONE))
    assert made.runs == ()
    assert made.missed is not None
    assert (made.missed.first, made.missed.last, made.missed.count) == (T0, T0 + seconds(200), 3)


def test_all_runs_the_newest_within_window_and_limit_oldest_first() -> None:
    policy = CatchUp(policy=CatchUpPolicy.ALL, window=seconds(1000), limit=3)
    made = planned(every(100, anchor=T0), 2070, policy)
    assert [run.fire_time for run in made.runs] == [T0 + seconds(100 * n) for n in (18, 19, 20)]
    assert made.missed is not None
    assert (made.missed.first, made.missed.last, made.missed.count) == (T0, T0 + seconds(1700), 18)


def test_a_month_of_every_second_is_counted_without_listing() -> None:
    made = planned(every(1, anchor=T0), 86400 * 30)
    assert len(made.runs) == 61
    assert made.missed is not None
    assert made.missed.count == 86400 * 30 - 60
    assert made.missed.exact


def test_a_long_grace_is_worked_off_in_bounded_plans() -> None:
    policy = CatchUp(grace=timedelta(days=1))
    made = planned(every(1, anchor=T0), 5000, policy)
    assert len(made.runs) == RUNS_PER_PLAN
    assert made.next_fire_time == T0 + seconds(RUNS_PER_PLAN)


@given(
    length=st.integers(1, 500),
    late=st.integers(0, 20_000),
    grace=st.integers(0, 2000),
    window=st.integers(0, 20_000),
    limit=st.integers(1, 50),
    policy=st.sampled_from(CatchUpPolicy),
)
def test_every_fire_time_up_to_now_is_decided_exactly_once(
    length: int, late: int, grace: int, window: int, limit: int, policy: CatchUpPolicy
) -> None:
    trigger = every(length, anchor=T0)
    catchup = CatchUp(policy=policy, grace=seconds(grace), window=seconds(window), limit=limit)
    made = planned(trigger, late, catchup)
    runs = [run.fire_time for run in made.runs]
    assert runs == sorted(set(runs))
    end = made.next_fire_time
    assert end is not None
    expected = [T0 + seconds(n * length) for n in range(late // length + 2) if T0 + seconds(n * length) < end]
    missed = [t for t in expected if made.missed.first <= t <= made.missed.last] if made.missed is not None else []
    assert len(missed) == (made.missed.count if made.missed is not None else 0)
    assert sorted(missed + runs) == expected
    assert end > T0 + seconds(late) or len(made.runs) >= RUNS_PER_PLAN
