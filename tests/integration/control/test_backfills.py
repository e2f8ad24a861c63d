"""What people ask of backfills: start, dry run, list, cancel, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

import worker_records
from punctual.control.backfills import Backfills
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain import backfill as domain
from punctual.domain.backfill import BackfillState, Reprocess, Request, Tally
from punctual.domain.errors import ConflictError, InvalidInputError, NotFoundError
from punctual.domain.identity import new_id
from punctual.domain.run import Cause, RunState
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock

HOUR = timedelta(hours=1)


@pytest.fixture
def backfills(database: Database, clock: ManualClock) -> Backfills:
    return Backfills(database, clock)


@pytest.fixture
def runs(database: Database, clock: ManualClock) -> Runs:
    return Runs(database, clock)


def make(schedules: Schedules, **fields: Any) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "0 * * * *", **fields}, actor="test")


def refused(backfills: Backfills, asked: Request) -> list[tuple[str, str]]:
    """Return the faults that both a start and a dry run are refused with."""
    with pytest.raises(InvalidInputError) as raised:
        backfills.start("s", asked, actor="t")
    with pytest.raises(InvalidInputError) as dry:
        backfills.preview("s", asked)
    assert dry.value.faults == raised.value.faults
    assert all(fault.fix for fault in raised.value.faults)
    return [(fault.path, fault.code) for fault in raised.value.faults]


def test_a_span_must_lie_in_the_past_and_have_a_fire_time(
    backfills: Backfills, schedules: Schedules, clock: ManualClock
) -> None:
    make(schedules)
    now = clock.now()
    assert refused(backfills, Request(now - HOUR, now + HOUR)) == [("until", "in_future")]
    assert refused(backfills, Request(now)) == [("from", "in_future")]
    assert refused(backfills, Request(now - HOUR, now - HOUR)) == [("until", "not_after_from")]
    assert refused(backfills, Request(now.replace(year=1))) == [("from", "too_early")]
    minute = timedelta(minutes=1)
    assert refused(backfills, Request(now - HOUR + minute, now - minute)) == [("from", "no_fire_time")]


def test_what_is_not_there_or_deleted_is_not_backfilled(
    backfills: Backfills, schedules: Schedules, clock: ManualClock
) -> None:
    asked = Request(clock.now() - HOUR)
    with pytest.raises(NotFoundError):
        backfills.start("s", asked, actor="t")
    make(schedules)
    key = schedules.get("s").id
    schedules.delete("s", actor="t")
    for call in (lambda: backfills.start(str(key), asked, actor="t"), lambda: backfills.preview(str(key), asked)):
        with pytest.raises(NotFoundError):
            call()
    for missing in (backfills.get, lambda key: backfills.cancel(key, actor="t")):
        with pytest.raises(NotFoundError):
            missing(new_id())


def test_what_the_schedule_owes_is_recorded_first_and_not_run_twice(
    backfills: Backfills, schedules: Schedules, runs: Runs, engine: Engine, clock: ManualClock
) -> None:
    make(schedules)
    clock.advance(2 * HOUR + timedelta(seconds=1))
    assert backfills.preview("s", Request(clock.now() - 3 * HOUR)).tally == Tally(made=2, has_run=1)
    view = backfills.start("s", Request(clock.now() - 3 * HOUR, parallelism=9), actor="t")
    engine.step()
    assert backfills.get(view.backfill.id).backfill.tally == Tally(made=2, has_run=1)
    (owed,) = runs.list(state=[RunState.QUEUED], cause=Cause.SCHEDULE, limit=9).items
    assert owed.fire_time == clock.now() - timedelta(seconds=1)


def test_a_dry_run_tells_what_a_backfill_would_do_and_writes_nothing(
    backfills: Backfills, schedules: Schedules, runs: Runs, database: Database, engine: Engine, clock: ManualClock
) -> None:
    make(schedules)
    clock.advance(HOUR)
    engine.step()
    (run,) = runs.list(limit=5).items
    with database.write() as tx:
        worker_records.end(tx, run.id, RunState.SUCCEEDED, at=clock.now())
    schedules.skip_next("s", note=None, actor="anna")
    clock.advance(HOUR)
    before = schedules.get("s")
    preview = backfills.preview("s", Request(clock.now() - 4 * HOUR, clock.now()))
    assert (preview.fire_times, preview.fire_times_exact) == (4, True)
    assert (preview.first, preview.last) == (clock.now() - 4 * HOUR, clock.now() - HOUR)
    assert preview.tally == Tally(made=3, has_run=1)
    clock.advance(timedelta(seconds=1))
    preview = backfills.preview("s", Request(clock.now() - 4 * HOUR, reprocess=Reprocess.ALL))
    assert preview.tally == Tally(made=3, skipped=1)
    assert schedules.get("s") == before
    assert len(runs.list(limit=5).items) == 1
    assert backfills.list(limit=5).items == []


def test_counting_is_given_up_at_a_bound_and_says_so(
    backfills: Backfills, schedules: Schedules, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "MOST_COUNTED", 10)
    monkeypatch.setattr("punctual.control.backfills.MOST_COUNTED", 10)
    monkeypatch.setattr("punctual.control.backfills._AT_ONCE", 5)
    make(schedules)
    preview = backfills.preview("s", Request(clock.now() - 24 * HOUR))
    assert (preview.fire_times, preview.fire_times_exact, preview.tally) == (10, False, Tally(made=10))
    started = backfills.start("s", Request(clock.now() - 24 * HOUR), actor="t").backfill
    assert (started.fire_times, started.fire_times_exact) == (10, False)


def test_backfills_are_listed_newest_first_page_by_page(
    backfills: Backfills, schedules: Schedules, engine: Engine, clock: ManualClock
) -> None:
    make(schedules)
    schedules.create({"name": "other", "task": "tick", "trigger": "0 * * * *"}, actor="test")
    started = []
    for name in ("s", "other", "s"):
        started.append(backfills.start(name, Request(clock.now() - HOUR), actor="t").backfill.id)
        clock.advance(timedelta(seconds=1))
    engine.step()
    first = backfills.list(limit=2)
    rest = backfills.list(limit=2, cursor=first.next_cursor)
    assert [view.backfill.id for view in first.items + rest.items] == started[::-1]
    assert rest.next_cursor is None
    assert [view.states for view in rest.items] == [{RunState.QUEUED: 1}]
    assert [view.backfill.id for view in backfills.list(schedule="other", limit=9).items] == [started[1]]
    backfills.cancel(started[0], actor="t")
    cancelled = backfills.list(state=BackfillState.CANCELLED, limit=9).items
    assert [view.backfill.id for view in cancelled] == [started[0]]
    with pytest.raises(NotFoundError):
        backfills.list(schedule="unknown", limit=9)


def test_cancelling_twice_is_the_same_and_what_is_done_is_not_cancelled(
    backfills: Backfills, schedules: Schedules, runs: Runs, database: Database, engine: Engine, clock: ManualClock
) -> None:
    make(schedules)
    first = backfills.start("s", Request(clock.now() - HOUR), actor="t").backfill.id
    cancelled = backfills.cancel(first, actor="anna")
    clock.advance(timedelta(seconds=1))
    assert backfills.cancel(first, actor="bert") == cancelled
    second = backfills.start("s", Request(clock.now() - HOUR), actor="t").backfill.id
    engine.step()
    (run,) = runs.list(backfill=second, limit=5).items
    with database.write() as tx:
        worker_records.end(tx, run.id, RunState.SUCCEEDED, at=clock.now())
    engine.step()
    with pytest.raises(ConflictError, match="is done"):
        backfills.cancel(second, actor="t")


def test_the_runs_of_a_backfill_that_is_not_there_are_not_listed(runs: Runs) -> None:
    with pytest.raises(NotFoundError):
        runs.list(backfill=new_id(), limit=5)
