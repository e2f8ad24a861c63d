"""Backfills carried out by a node: what runs, in which order, how many at once, and what a cancel leaves."""

from datetime import timedelta

import pytest

import worker_records
from integration.engine.past import HOUR, Past, fire_times
from punctual.control.calendars import Calendars
from punctual.domain.backfill import BackfillState, Order, Reprocess, Request
from punctual.domain.run import Cause, RunState, Stop, StopRequest
from punctual.engine.loop import Engine
from punctual.store import runs
from punctual.testing import RecordingSender, drive

MICROSECOND = timedelta(microseconds=1)


def test_each_fire_time_of_the_span_runs_once_and_no_more_at_a_time_than_allowed(
    past: Past, engine: Engine, sender: RecordingSender
) -> None:
    past.make(args=[1])
    view = past.start(10, parallelism=3)
    done = 0
    while past.state(view) is BackfillState.RUNNING:
        engine.step()
        active = past.of(view, RunState.QUEUED)
        assert len(active) == min(3, 10 - done)
        if active:
            past.end(active[0])
            done += 1
    assert [message.fire_time for message in sender.messages] == past.ago(10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
    assert {message.cause for message in sender.messages} == {"backfill"}
    view = past.view(view)
    assert view.states == {RunState.SUCCEEDED: 10}
    assert (view.backfill.tally.made, view.backfill.fire_times, view.backfill.finished_at) == (10, 10, past.now)
    assert {run.backfill_id for run in past.of(view)} == {view.backfill.id}


def test_the_newest_can_come_first(past: Past, engine: Engine, sender: RecordingSender) -> None:
    past.make()
    past.start(4, parallelism=3, order=Order.NEWEST)
    engine.step()
    assert [message.fire_time for message in sender.messages] == past.ago(1, 2, 3)


@pytest.mark.parametrize(
    ("reprocess", "expected"),
    [(Reprocess.NONE, (4, 3, 2)), (Reprocess.FAILED, (5, 4, 3, 2)), (Reprocess.ALL, (6, 5, 4, 3, 2, 1))],
)
def test_what_has_run_is_left_out_unless_it_is_to_run_again(
    reprocess: Reprocess, expected: tuple[int, ...], past: Past, engine: Engine
) -> None:
    past.make(catchup={"policy": "none"})
    for state in (RunState.SUCCEEDED, RunState.FAILED):
        past.clock.advance(HOUR)
        engine.step()
        (run,) = past.runs.list(state=[RunState.QUEUED], limit=5).items
        past.end(run, state)
    past.clock.advance(4 * HOUR - MICROSECOND)
    engine.step()  # the next three are missed
    past.clock.advance(MICROSECOND)
    engine.step()  # and the last one runs now
    past.clock.advance(timedelta(seconds=1))
    past.now = past.clock.now() + HOUR - timedelta(seconds=1)
    view = past.backfills.start(
        "s", Request(past.clock.now() - 6 * HOUR, reprocess=reprocess, parallelism=9), actor="t"
    )
    engine.step()
    assert fire_times(past.of(view)) == past.ago(*expected)
    assert past.view(view).backfill.tally.has_run == 6 - len(expected)


def test_closed_and_skipped_fire_times_are_left_out_and_counted(past: Past, engine: Engine) -> None:
    start = past.clock.now()
    rule = {"kind": "range", "from": "2026-01-01T01:30", "until": "2026-01-01T03:30"}
    Calendars(past.database, past.clock).create({"name": "freeze", "rules": [rule]}, actor="test")
    past.make(calendars={"blackout": ["freeze"]})
    past.schedules.skip_next("s", note=None, actor="anna")
    drive(engine, past.clock, start + 5 * HOUR)
    past.clock.advance(timedelta(minutes=1))
    view = past.backfills.start("s", Request(start, reprocess=Reprocess.ALL, parallelism=9), actor="t")
    engine.step()
    tally = past.view(view).backfill.tally
    assert (tally.made, tally.skipped, tally.closed) == (3, 1, 2)
    assert fire_times(past.of(view)) == [start, start + 4 * HOUR, start + 5 * HOUR]


def test_several_skips_in_one_record_are_all_left_out(past: Past, engine: Engine) -> None:
    start = past.clock.now()
    past.make()
    for _ in range(3):
        past.schedules.skip_next("s", note=None, actor="anna")
    past.clock.advance(4 * HOUR + timedelta(minutes=30))
    engine.step()
    view = past.backfills.start("s", Request(start + 2 * HOUR, reprocess=Reprocess.ALL, parallelism=9), actor="t")
    engine.step()
    assert past.view(view).backfill.tally.skipped == 2
    assert fire_times(past.of(view)) == [start + 4 * HOUR]


def test_a_fire_time_taken_by_an_earlier_backfill_comes_a_microsecond_later_and_is_told_with_it(
    past: Past, engine: Engine
) -> None:
    past.make()
    for _ in range(3):
        view = past.start(2, reprocess=Reprocess.ALL, parallelism=9)
        engine.step()
    assert fire_times(past.of(view)) == [instant + 2 * MICROSECOND for instant in past.ago(2, 1)]
    schedule = past.schedules.get("s")
    with past.database.read() as tx:
        told = runs.of_fire_time(tx, schedule.id, past.now - HOUR)
    assert [(run.cause, run.fire_time) for run in told] == [
        (Cause.BACKFILL, past.now - HOUR + number * MICROSECOND) for number in range(3)
    ]
    view = past.start(2, parallelism=9)
    assert past.view(view).backfill.tally.made == 0
    engine.step()
    assert past.view(view).backfill.tally.has_run == 2


def test_a_paused_schedule_is_backfilled_and_stays_paused(past: Past, engine: Engine, sender: RecordingSender) -> None:
    past.make()
    past.schedules.pause("s", note=None, actor="test")
    past.start(2, parallelism=2)
    engine.step()
    assert len(sender.messages) == 2
    assert past.schedules.get("s").status.paused


def test_the_version_at_the_start_gives_the_fire_times_and_the_task_call(
    past: Past, engine: Engine, sender: RecordingSender
) -> None:
    past.make(args=["old"])
    view = past.start(3)
    engine.step()
    past.schedules.change("s", {"args": ["new"], "trigger": "30 * * * *"}, actor="test")
    for _ in range(3):
        engine.step()
        for run in past.of(view, RunState.QUEUED):
            past.end(run)
    assert [(message.fire_time, message.args) for message in sender.messages] == [
        (instant, ["old"]) for instant in past.ago(3, 2, 1)
    ]
    assert {run.schedule_version for run in past.of(view)} == {1}


def test_overlap_neither_holds_a_backfill_nor_counts_it(past: Past, engine: Engine, sender: RecordingSender) -> None:
    past.make(overlap="skip")
    view = past.start(2, parallelism=2)
    engine.step()
    assert len(past.of(view, RunState.QUEUED)) == 2
    past.clock.advance(HOUR)
    engine.step()
    assert sender.messages[-1].cause == "schedule"
    again = past.start(3, reprocess=Reprocess.ALL, parallelism=3)
    engine.step()
    assert len(past.of(again, RunState.QUEUED)) == 3


def test_a_concurrency_limit_holds_and_waiting_runs_take_up_the_room_of_the_backfill(
    past: Past, engine: Engine
) -> None:
    past.make(concurrency={"key": "disk", "limit": 1})
    view = past.start(9, parallelism=3)
    engine.step()
    assert fire_times(past.of(view, RunState.QUEUED)) == past.ago(9)
    assert fire_times(past.of(view, RunState.BUFFERED)) == past.ago(8, 7)
    past.end(past.of(view, RunState.QUEUED)[0])
    engine.step()
    assert fire_times(past.of(view, RunState.QUEUED)) == past.ago(8)
    assert fire_times(past.of(view, RunState.BUFFERED)) == past.ago(7, 6)


def test_expiry_counts_from_when_the_run_was_made(past: Past, engine: Engine, sender: RecordingSender) -> None:
    past.make(expires="10m")
    view = past.start(2)
    engine.step()
    assert sender.messages[0].expires_at == past.now + timedelta(minutes=10)
    past.clock.advance(timedelta(minutes=11))
    engine.step()
    assert [run.state for run in past.of(view)] == [RunState.EXPIRED, RunState.QUEUED]


def test_a_cancelled_backfill_makes_no_more_and_leaves_what_runs_alone(
    past: Past, engine: Engine, sender: RecordingSender
) -> None:
    past.make()
    view = past.start(5, parallelism=3)
    engine.step()
    running, *queued = past.of(view)
    with past.database.write() as tx:
        assert worker_records.start(tx, running.id, at=past.now)
    cancelled = past.backfills.cancel(view.backfill.id, actor="bert")
    assert (cancelled.backfill.state, cancelled.backfill.reason) == (BackfillState.CANCELLED, "Cancelled by bert.")
    assert cancelled.states == {RunState.RUNNING: 1, RunState.CANCELLED: 2}
    engine.step()
    assert past.view(view).backfill.tally.made == 3
    assert {run.reason for run in past.of(view, RunState.CANCELLED)} == {"Its backfill was cancelled by bert."}
    assert sorted((each.run_id, each.stop) for each in sender.stopped) == sorted(
        (run.id, Stop.CANCEL) for run in queued
    )
    assert past.backfills.cancel(view.backfill.id, terminate=True, actor="bert").states == {RunState.CANCELLED: 3}
    engine.step()
    assert sender.stopped[-1] == StopRequest(running.id, Stop.TERMINATE, over=True)
    assert past.runs.get(running.id).reason == "Terminated by bert with its backfill."


def test_a_backfill_of_a_deleted_schedule_is_cancelled(past: Past, engine: Engine) -> None:
    past.make()
    view = past.start(5, parallelism=2)
    engine.step()
    past.schedules.delete("s", actor="test")
    engine.step()
    view = past.view(view)
    assert (view.backfill.state, view.backfill.reason) == (BackfillState.CANCELLED, "Its schedule was deleted.")
    assert view.states == {RunState.CANCELLED: 2}
