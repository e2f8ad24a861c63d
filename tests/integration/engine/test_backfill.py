"""Backfills carried out by nodes: what runs, in which order, how many at once, and what a crash or a cancel leaves."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

import worker_records
from punctual.control.backfills import Backfills, BackfillView
from punctual.control.calendars import Calendars
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.backfill import BackfillState, Order, Reprocess, Request
from punctual.domain.errors import NotFoundError
from punctual.domain.policies import KeepRuns
from punctual.domain.run import Cause, Run, RunState, Stop, StopRequest
from punctual.engine import backfill as backfill_step
from punctual.engine.loop import Engine
from punctual.engine.retention import Retention
from punctual.store import backfills as stored_backfills
from punctual.store import ledger, runs
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
CRASH = RuntimeError("the process dies here")


@dataclass
class Past:
    """A schedule `s` that fires each full hour, the backfills of it, and workers that end its runs."""

    database: Database
    clock: ManualClock
    schedules: Schedules

    def __post_init__(self) -> None:
        self.now = self.clock.now()
        self.backfills = Backfills(self.database, self.clock)
        self.runs = Runs(self.database, self.clock)

    def make(self, **fields: Any) -> None:
        self.schedules.create({"name": "s", "task": "tick", "trigger": "0 * * * *", **fields}, actor="test")

    def start(self, hours: int = 24, **asked: Any) -> BackfillView:
        return self.backfills.start("s", Request(self.clock.now() - hours * HOUR, **asked), actor="anna")

    def ago(self, *hours: int) -> list[datetime]:
        return [self.now - hour * HOUR for hour in hours]

    def of(self, view: BackfillView, *states: RunState) -> list[Run]:
        """Return the runs of a backfill, in the order in which they became due."""
        found = self.runs.list(backfill=view.backfill.id, state=states, limit=200).items
        return sorted(found, key=lambda run: (run.due_time, run.fire_time))

    def end(self, run: Run, state: RunState = RunState.SUCCEEDED) -> None:
        with self.database.write() as tx:
            assert worker_records.start(tx, run.id, at=self.clock.now())
            assert worker_records.end(tx, run.id, state, at=self.clock.now())

    def view(self, view: BackfillView) -> BackfillView:
        return self.backfills.get(view.backfill.id)

    def state(self, view: BackfillView) -> BackfillState:
        return self.view(view).backfill.state


@pytest.fixture
def past(database: Database, clock: ManualClock, schedules: Schedules) -> Past:
    return Past(database, clock, schedules)


def fire_times(found: list[Run]) -> list[datetime]:
    return [run.fire_time for run in found]


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


@pytest.mark.parametrize("place", ["insert_backfilled", "advance"])
def test_a_crash_in_a_step_leaves_nothing_of_it(
    place: str, past: Past, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    past.make()
    view = past.start(4, parallelism=4)
    home = {"insert_backfilled": ledger, "advance": stored_backfills}[place]
    whole = getattr(home, place)

    def dies(*args: Any, **named: Any) -> None:
        whole(*args, **named)
        raise CRASH

    with monkeypatch.context() as patch:
        patch.setattr(home, place, dies)
        with pytest.raises(RuntimeError, match="dies"):
            engine.step()
    assert past.of(view) == []
    engine.step()
    assert fire_times(past.of(view, RunState.QUEUED)) == past.ago(4, 3, 2, 1)


def test_runs_of_a_node_that_died_before_sending_are_sent_by_another(
    past: Past, new_engine: Callable[[], Engine], sender: RecordingSender
) -> None:
    past.make()
    past.start(2, parallelism=2)
    backfill_step.step(past.database, past.clock.now())
    assert sender.messages == []
    new_engine().step()
    new_engine().step()
    assert [message.fire_time for message in sender.messages] == past.ago(2, 1)


def test_nodes_share_a_backfill_and_make_each_fire_time_once(
    past: Past, new_engine: Callable[[], Engine], sender: RecordingSender
) -> None:
    past.make(trigger="* * * * *")
    view = past.start(10, parallelism=1000)
    faults: list[Exception] = []

    def live(engine: Engine) -> None:
        try:
            while past.view(view).backfill.next_fire_time is not None:
                engine.step()
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            faults.append(error)

    threads = [threading.Thread(target=live, args=(new_engine(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    new_engine().step()
    assert faults == []
    expected = [past.now - minute * timedelta(minutes=1) for minute in range(600, 0, -1)]
    assert sorted(message.fire_time for message in sender.messages) == expected
    assert past.view(view).backfill.tally.made == 600


def test_nodes_that_step_at_once_keep_to_the_parallelism(past: Past, new_engine: Callable[[], Engine]) -> None:
    past.make()
    views = [past.start(9, parallelism=2, reprocess=Reprocess.ALL) for _ in range(3)]
    start = threading.Barrier(4)

    def live(engine: Engine) -> None:
        start.wait(10)
        engine.step()

    threads = [threading.Thread(target=live, args=(new_engine(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    new_engine().step()
    assert [len(past.of(view)) for view in views] == [2, 2, 2]


def test_a_step_is_bounded_however_long_the_span(past: Past) -> None:
    past.make(trigger={"kind": "interval", "every": "1s", "anchor": "2025-01-01T00:00:00Z"})
    view = past.start(24 * 300, parallelism=1000)
    assert (view.backfill.fire_times, view.backfill.fire_times_exact) == (24 * 300 * 3600, True)
    assert backfill_step.step(past.database, past.clock.now())
    assert past.view(view).backfill.tally.made == backfill_step.MOST_RUNS


def test_looking_over_what_has_run_goes_on_from_step_to_step(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_step, "MOST_RUNS", 4)
    monkeypatch.setattr(backfill_step, "MOST_LOOKS", 10)
    past.make()
    first = past.start(24, parallelism=1000)
    made = []
    while past.view(first).backfill.next_fire_time is not None:
        backfill_step.step(past.database, past.now)
        made.append(past.view(first).backfill.tally.made)
    assert made == [4, 8, 12, 16, 20, 24]
    second = past.start(24)
    looked_at = []
    for _ in range(3):
        assert backfill_step.step(past.database, past.now)
        looked_at.append(past.view(second).backfill.tally.has_run)
    assert looked_at == [10, 20, 24]
    backfill_step.step(past.database, past.now)
    assert past.state(second) is BackfillState.DONE


def test_one_that_cannot_go_on_says_so_and_does_not_stop_the_others(
    past: Past, engine: Engine, break_spec: Callable[[str], None], mend_spec: Callable[[str], None]
) -> None:
    past.make()
    view = past.start(2, parallelism=2)
    past.schedules.create({"name": "other", "task": "tick", "trigger": "0 * * * *"}, actor="test")
    other = past.backfills.start("other", Request(past.now - 2 * HOUR, parallelism=2), actor="t")
    break_spec("s")
    engine.step()
    assert "cannot be read" in (past.view(view).backfill.error or "")
    assert len(past.of(other)) == 2
    mend_spec("s")
    engine.step()
    assert len(past.of(view)) == 0
    past.clock.advance(timedelta(seconds=11))
    engine.step()
    assert past.view(view).backfill.error is None
    assert len(past.of(view)) == 2


def test_the_end_of_a_run_wakes_a_node_while_a_backfill_runs(past: Past, engine: Engine) -> None:
    past.make()
    view = past.start(3)
    engine.step()
    past.database.wait_for_change(0)
    past.end(past.of(view)[0])
    assert past.database.wait_for_change(0)


def test_old_backfills_go_after_their_runs_and_keep_their_version_till_then(past: Past, engine: Engine) -> None:
    past.make()
    view = past.start(1)
    engine.step()
    past.end(past.of(view)[0])
    engine.step()
    past.schedules.change("s", {"args": [2]}, actor="test")
    retention = Retention(past.database, past.clock, KeepRuns(age=timedelta(days=30)))
    past.clock.advance(timedelta(days=29))
    retention.step()
    assert past.view(view).states == {RunState.SUCCEEDED: 1}
    past.clock.advance(timedelta(days=2))
    retention.step()
    retention.step()
    with pytest.raises(NotFoundError):
        past.view(view)
