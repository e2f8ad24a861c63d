"""Runs of tasks that Punctual did not send: in the ledger like others, and in no list of schedules."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

import worker_records
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.errors import ConflictError, NotFoundError
from punctual.domain.identity import adhoc_run_id, adhoc_schedule_id, new_id
from punctual.domain.run import Cause, RunError, RunState
from punctual.engine import outcomes
from punctual.store import adhoc, retention
from punctual.store.adhoc import AdhocRun
from punctual.store.database import Database
from punctual.store.runs import RunFilter, list_page
from punctual.store.tables import runs, schedule_versions
from punctual.testing import ManualClock

ERROR = RunError(type="OSError", message="no")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def found(clock: ManualClock, task: str = "proj.tidy") -> AdhocRun:
    return AdhocRun(new_id(), task, [1, [2]], {"keep": None}, clock.now())


def record(database: Database, *all_found: AdhocRun) -> None:
    with database.write() as tx:
        adhoc.record(tx, all_found)


def test_a_run_is_recorded_with_its_task_and_what_it_was_called_with(database: Database, clock: ManualClock) -> None:
    one = found(clock)
    record(database, one)
    run = Runs(database, clock).get(one.run_id)
    assert (run.cause, run.state, run.task, run.args, run.kwargs) == (
        Cause.ADHOC,
        RunState.QUEUED,
        "proj.tidy",
        [1, [2]],
        {"keep": None},
    )
    assert (run.schedule, run.schedule_id, run.fire_time) == (
        "proj.tidy (ad hoc)",
        adhoc_schedule_id("proj.tidy"),
        clock.now(),
    )


def test_its_schedule_is_in_no_list_and_cannot_be_brought_back(database: Database, clock: ManualClock) -> None:
    one = found(clock)
    record(database, one)
    schedules = Schedules(database, clock)
    assert schedules.list(query=None, state=None, limit=10, cursor=None).items == []
    with pytest.raises(NotFoundError):
        schedules.restore(str(adhoc_schedule_id(one.task)), actor="test")


def test_runs_of_one_instant_are_all_recorded_and_known_ones_once(database: Database, clock: ManualClock) -> None:
    first = [found(clock) for _ in range(3)]
    record(database, *first)
    second = [*(found(clock) for _ in range(3)), found(clock, "proj.other")]
    record(database, first[0], *second)
    record(database, replace(first[1], at=clock.now() + timedelta(hours=1)))
    with database.read() as tx:
        page = list_page(tx, RunFilter(cause=Cause.ADHOC), limit=20, cursor=None)
    assert {run.id for run in page.items} == {run.run_id for run in [*first, *second]}
    assert max(run.fire_time for run in page.items) < clock.now() + timedelta(milliseconds=1)


def test_it_is_never_sent_again_nor_done_again(database: Database, clock: ManualClock) -> None:
    one = found(clock)
    record(database, one)
    at = clock.now()
    with database.write() as tx:
        assert worker_records.start(tx, one.run_id, at=at)
        assert outcomes.retrying(tx, one.run_id, attempt=1, at=at, error=ERROR, send_at=at)
        assert tx.connection.execute(select(runs.c.send_at).where(runs.c.id == one.run_id)).scalar_one() is None
        assert worker_records.start(tx, one.run_id, at=at, attempt=2)
        assert outcomes.given_back(tx, one.run_id, attempt=2, at=at, error=ERROR, send_at=at)
        assert tx.connection.execute(select(runs.c.send_at).where(runs.c.id == one.run_id)).scalar_one() is None
        assert worker_records.start(tx, one.run_id, at=at, attempt=2)
        assert outcomes.lost(tx, one.run_id, attempt=2, at=at, why="It died.")
    assert Runs(database, clock).get(one.run_id).state is RunState.LOST
    with pytest.raises(ConflictError, match="did not send"):
        Runs(database, clock).rerun(one.run_id, actor="test")


def test_what_the_ledger_need_not_keep_goes_with_what_stands_for_its_schedule(
    database: Database, clock: ManualClock
) -> None:
    one = found(clock)
    record(database, one)
    at = clock.now()
    later = at + timedelta(days=1)
    with database.write() as tx:
        assert worker_records.start(tx, one.run_id, at=at)
        assert retention.remove_versions(tx, before=later, limit=10) == 0
        assert worker_records.end(tx, one.run_id, RunState.FAILED, at=at, attempt=1, error=ERROR)
        assert retention.remove_ended(tx, before=later, limit=10) == 1
        assert retention.remove_versions(tx, before=later, limit=10) == 1
        assert tx.connection.execute(select(func.count()).select_from(schedule_versions)).scalar_one() == 0
    record(database, found(clock))
    with database.read() as tx:
        assert len(list_page(tx, RunFilter(), limit=9, cursor=None).items) == 1


def test_a_task_has_the_id_that_it_has_or_one_made_of_it() -> None:
    own = new_id()
    assert adhoc_run_id(str(own)) == own
    assert adhoc_run_id("nightly-17") == adhoc_run_id("nightly-17") != adhoc_run_id("nightly-18")
