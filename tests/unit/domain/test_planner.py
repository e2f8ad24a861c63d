"""plan(): what runs, what is missed, what is skipped, and why."""

from datetime import UTC, datetime, timedelta

from punctual.domain.planner import RUNS_PER_PLAN, Plan, plan
from punctual.domain.policies import CatchUp, CatchUpPolicy
from punctual.domain.run import Cause, RunState
from punctual.domain.timetable import Timetable
from punctual.domain.triggers import Trigger, cron, every, once

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def planned(trigger: Trigger, late_by: float, catchup: CatchUp | None = None) -> Plan:
    return plan(Timetable(trigger), catchup or CatchUp(), first=T0, now=T0 + seconds(late_by))


def test_a_fire_time_met_on_time_runs_and_the_next_one_is_left_open() -> None:
    made = planned(every(10, anchor=T0), 0.2)
    assert [(run.fire_time, run.due_time, run.cause) for run in made.runs] == [(T0, T0, Cause.SCHEDULE)]
    assert made.passed_over == ()
    assert made.next_fire_time == T0 + seconds(10)


def test_nothing_is_planned_before_the_first_open_fire_time() -> None:
    assert plan(Timetable(every(10, anchor=T0)), CatchUp(), first=T0, now=T0 - seconds(1)) == Plan((), (), T0, T0)


def test_a_trigger_that_ends_leaves_nothing_open() -> None:
    assert planned(once(T0), 1).next_fire_time is None


def test_all_fire_times_within_the_grace_run() -> None:
    made = planned(every(10, anchor=T0), 60)
    assert [run.fire_time for run in made.runs] == [T0 + seconds(10 * n) for n in range(7)]
    assert {run.cause for run in made.runs} == {Cause.SCHEDULE}


def test_latest_runs_only_the_newest_late_one_and_accounts_for_the_others() -> None:
    made = planned(cron("0 * * * *"), 3600 * 5 + 1800)
    assert [(run.fire_time, run.cause) for run in made.runs] == [(T0 + seconds(3600 * 5), Cause.CATCHUP)]
    (missed,) = made.passed_over
    assert (missed.first, missed.last, missed.count) == (T0, T0 + seconds(3600 * 4), 5)
    assert missed.exact
    assert missed.reason == "More than 60 s late, and superseded by a later fire time (catch-up policy latest)."


def test_latest_is_superseded_by_one_that_is_on_time() -> None:
    made = planned(every(100, anchor=T0), 250, CatchUp(grace=seconds(60)))
    assert [(run.fire_time, run.cause) for run in made.runs] == [(T0 + seconds(200), Cause.SCHEDULE)]
    (missed,) = made.passed_over
    assert missed.count == 2


def test_latest_older_than_the_window_is_missed_for_that_reason() -> None:
    made = planned(once(T0), 7200, CatchUp(window=seconds(3600)))
    assert made.runs == ()
    (missed,) = made.passed_over
    assert "older than the catch-up window of 3600 s" in missed.reason


def test_none_misses_everything_late() -> None:
    made = planned(every(100, anchor=T0), 270, CatchUp(policy=CatchUpPolicy.NONE))
    assert made.runs == ()
    (missed,) = made.passed_over
    assert (missed.first, missed.last, missed.count) == (T0, T0 + seconds(200), 3)


def test_all_runs_the_newest_within_window_and_limit_oldest_first() -> None:
    policy = CatchUp(policy=CatchUpPolicy.ALL, window=seconds(1000), limit=3)
    made = planned(every(100, anchor=T0), 2070, policy)
    assert [run.fire_time for run in made.runs] == [T0 + seconds(100 * n) for n in (18, 19, 20)]
    (missed,) = made.passed_over
    assert (missed.first, missed.last, missed.count) == (T0, T0 + seconds(1700), 18)


def test_a_month_of_every_second_is_counted_without_listing() -> None:
    made = planned(every(1, anchor=T0), 86400 * 30)
    assert len(made.runs) == 61
    (missed,) = made.passed_over
    assert missed.count == 86400 * 30 - 60
    assert missed.exact


def test_a_long_grace_is_worked_off_in_bounded_plans() -> None:
    policy = CatchUp(grace=timedelta(days=1))
    made = planned(every(1, anchor=T0), 5000, policy)
    assert len(made.runs) == RUNS_PER_PLAN
    assert made.next_fire_time == T0 + seconds(RUNS_PER_PLAN)


def test_after_its_last_run_a_schedule_has_no_further_fire_time() -> None:
    made = plan(Timetable(every(10, anchor=T0)), CatchUp(), first=T0, now=T0 + seconds(35), runs_left=2)
    assert [run.fire_time for run in made.runs] == [T0, T0 + seconds(10)]
    assert (made.passed_over, made.next_fire_time, made.next_due_time) == ((), None, None)


def test_a_schedule_with_no_runs_left_plans_nothing() -> None:
    made = plan(Timetable(every(10, anchor=T0)), CatchUp(), first=T0, now=T0 + seconds(35), runs_left=0)
    assert made == Plan((), (), None, None)


def test_fire_times_that_are_missed_do_not_use_up_the_runs_left() -> None:
    made = plan(Timetable(every(100, anchor=T0)), CatchUp(), first=T0, now=T0 + seconds(1000), runs_left=2)
    assert [(run.fire_time, run.cause) for run in made.runs] == [(T0 + seconds(1000), Cause.SCHEDULE)]
    assert made.next_fire_time == T0 + seconds(1100)


def test_fire_times_after_the_end_are_none() -> None:
    timetable = Timetable(every(10, anchor=T0), end_at=T0 + seconds(20))
    made = plan(timetable, CatchUp(), first=T0, now=T0 + seconds(45))
    assert [run.fire_time for run in made.runs] == [T0, T0 + seconds(10), T0 + seconds(20)]
    assert made.next_fire_time is None


def test_jitter_puts_the_due_time_off_and_never_to_the_next_fire_time() -> None:
    timetable = Timetable(every(10, anchor=T0), key="k", jitter=seconds(3600))
    made = plan(timetable, CatchUp(), first=T0, now=T0 + seconds(60))
    delays = [run.due_time - run.fire_time for run in made.runs]
    assert all(timedelta(0) <= delay < seconds(10) for delay in delays)
    assert len(set(delays)) > 3
    assert made.next_due_time is not None
    assert made.next_due_time == timetable.wake_time(made.next_fire_time)
    assert made == plan(timetable, CatchUp(), first=T0, now=T0 + seconds(60))
    assert made != plan(
        Timetable(every(10, anchor=T0), key="other", jitter=seconds(3600)), CatchUp(), first=T0, now=T0 + seconds(60)
    )


def test_how_late_a_run_is_counts_from_its_due_time() -> None:
    timetable = Timetable(every(3600, anchor=T0), key="k", jitter=seconds(1800))
    due = plan(timetable, CatchUp(), first=T0, now=T0).runs[0].due_time
    none = CatchUp(policy=CatchUpPolicy.NONE, grace=seconds(60))
    (run,) = plan(timetable, none, first=T0, now=due + seconds(60)).runs
    assert (run.fire_time, run.cause) == (T0, Cause.SCHEDULE)
    late = plan(timetable, none, first=T0, now=due + seconds(61))
    assert [(each.state, each.first) for each in late.passed_over] == [(RunState.MISSED, T0)]
