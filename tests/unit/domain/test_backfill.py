"""Which fire times of a span a backfill runs, by what has become of them."""

from datetime import UTC, datetime, timedelta

import pytest

from punctual.domain.backfill import History, Order, Record, Reprocess, Span, choose
from punctual.domain.run import RunState
from punctual.domain.timetable import Timetable
from punctual.domain.triggers import every

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
TIMETABLE = Timetable(every("1h").anchored(T0))


def of(state: RunState, *, after: timedelta = timedelta(0), due: int = 0, started: bool = False) -> Record:
    return Record(T0 + after, T0 + due * HOUR, state, started=started)


def runs_again(*records: Record) -> tuple[bool, bool, bool]:
    """Tell whether a fire time with these records runs by each of the modes: none, failed, all."""
    history = History([T0], records)
    return tuple(history.is_to_run(T0, mode) for mode in Reprocess)  # type: ignore[return-value] # there are three


OPEN = (RunState.BUFFERED, RunState.PENDING, RunState.QUEUED, RunState.RUNNING, RunState.RETRYING)


@pytest.mark.parametrize("state", [RunState.MISSED, RunState.SKIPPED, RunState.EXPIRED, RunState.CANCELLED])
def test_what_never_started_has_not_run(state: RunState) -> None:
    assert runs_again(of(state)) == (True, True, True)


def test_a_fire_time_without_a_record_has_not_run() -> None:
    assert runs_again() == (True, True, True)


@pytest.mark.parametrize("state", OPEN)
def test_what_is_open_has_run_whatever_else_became_of_it(state: RunState) -> None:
    assert runs_again(of(state)) == (False, False, True)
    assert runs_again(of(RunState.FAILED), of(state, after=MICROSECOND, due=1)) == (False, False, True)


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.LOST, RunState.CANCELLED])
def test_what_went_wrong_has_run_and_runs_again_where_failed_ones_do(state: RunState) -> None:
    assert runs_again(of(state, started=True)) == (False, True, True)


def test_what_succeeded_runs_again_only_where_all_do() -> None:
    assert runs_again(of(RunState.SUCCEEDED)) == (False, False, True)


def test_the_last_run_decides_among_those_that_repeat_a_fire_time() -> None:
    failed, succeeded = of(RunState.FAILED), of(RunState.SUCCEEDED, after=MICROSECOND, due=1)
    assert runs_again(failed, succeeded) == (False, False, True)
    assert runs_again(succeeded, of(RunState.FAILED, due=2)) == (False, True, True)


def test_a_run_that_never_started_has_no_say_over_one_that_did() -> None:
    assert runs_again(of(RunState.SUCCEEDED), of(RunState.CANCELLED, due=1)) == (False, False, True)
    assert runs_again(of(RunState.FAILED), of(RunState.EXPIRED, due=1)) == (False, True, True)


def test_a_record_of_another_instant_says_nothing() -> None:
    between = of(RunState.SUCCEEDED, after=timedelta(minutes=10))
    assert runs_again(between) == (True, True, True)


def test_a_span_has_its_start_and_not_its_end() -> None:
    oldest = Span(TIMETABLE, T0, T0 + 3 * HOUR, Order.OLDEST)
    assert oldest.stretch(oldest.first(), 10) == [T0, T0 + HOUR, T0 + 2 * HOUR]
    newest = Span(TIMETABLE, T0, T0 + 3 * HOUR, Order.NEWEST)
    assert newest.stretch(newest.first(), 2) == [T0 + 2 * HOUR, T0 + HOUR]
    assert oldest.ends() == newest.ends() == (T0, T0 + 2 * HOUR, 3, True)


def test_a_span_may_have_no_fire_time() -> None:
    span = Span(TIMETABLE, T0 + MICROSECOND, T0 + HOUR, Order.OLDEST)
    assert span.first() is None
    assert span.ends() is None


def test_without_room_the_first_fire_time_to_run_is_left_for_the_next_step() -> None:
    span = Span(TIMETABLE, T0, T0 + 9 * HOUR, Order.OLDEST)
    stretch = span.stretch(T0, 9)
    history = History(stretch, [of(RunState.SUCCEEDED, after=HOUR)])
    choice = choose(span, stretch, history, Reprocess.NONE, room=2)
    assert choice.to_run == (T0, T0 + 2 * HOUR)
    assert (choice.tally.made, choice.tally.has_run) == (2, 1)
    assert choice.next_fire_time == T0 + 3 * HOUR


def test_what_people_skipped_stays_skipped_even_where_every_one_runs_again() -> None:
    span = Span(TIMETABLE, T0, T0 + 4 * HOUR, Order.OLDEST)
    stretch = span.stretch(T0, 9)
    since_before = Record(T0 - HOUR, T0, RunState.SKIPPED, covered_until=T0 + HOUR, on_purpose=True)
    choice = choose(span, stretch, History(stretch, [since_before]), Reprocess.ALL, room=None)
    assert choice.to_run == (T0 + 2 * HOUR, T0 + 3 * HOUR)
    assert (choice.tally.skipped, choice.next_fire_time) == (2, None)
