"""Reading a long ledger uses the index that was made for it: asked of the database, with 100,000 runs."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from punctual.domain.identity import new_id
from punctual.domain.run import Run, RunState
from punctual.store import backfills, followed, retention, runs, schedules
from punctual.store.database import Database, Transaction
from punctual.store.paging import Page
from punctual.store.runs import RunFilter
from store.many_runs import EVERY, START, fill
from store.query_plans import plans

MIDDLE = START + 500 * EVERY
ON_SQLITE = {"uq_runs_fire_time": "sqlite_autoindex_runs_2"}
"""SQLite names the index of a constraint by itself."""


@pytest.fixture
def key(database: Database) -> UUID:
    """Fill the ledger, and return the id of one of its schedules."""
    fill(database)
    with database.read() as tx:
        found = schedules.find_id(tx, "s050")
    assert found is not None
    return found


def page(tx: Transaction, wanted: RunFilter, cursor: str | None = None) -> Page[Run]:
    return runs.list_page(tx, wanted, limit=50, cursor=cursor)


def test_the_ledger_is_read_by_its_indexes(database: Database, key: UUID) -> None:
    wrong = (RunState.FAILED, RunState.MISSED)
    questions: dict[str, tuple[str, Callable[[Transaction], object]]] = {
        "all": ("ix_runs_recent", lambda tx: page(tx, RunFilter())),
        "a window": (
            "ix_runs_recent",
            lambda tx: page(tx, RunFilter(since=MIDDLE, until=MIDDLE + timedelta(hours=1))),
        ),
        "what went wrong": ("ix_runs_not_succeeded", lambda tx: page(tx, RunFilter(states=wrong))),
        "what is open": ("ix_runs_", lambda tx: page(tx, RunFilter(states=(RunState.QUEUED,)))),
        "a schedule": ("uq_runs_fire_time", lambda tx: page(tx, RunFilter(schedule_id=key))),
        "a fire time": ("uq_runs_fire_time", lambda tx: runs.of_fire_time(tx, key, MIDDLE)),
        "a record of many": ("ix_runs_covering", lambda tx: runs.covering(tx, key, MIDDLE)),
        "what ended long ago": (
            "ix_runs_ended",
            lambda tx: retention.remove_ended(tx, before=START, limit=500),
        ),
        "what is too much": (
            "uq_runs_fire_time",
            lambda tx: retention.find_excess(tx, keep=100, after=None, schedules_at_once=20),
        ),
        "old versions": (
            "ix_schedule_versions_superseded",
            lambda tx: retention.remove_versions(tx, before=START, limit=500),
        ),
        "runs of a version": (
            "ix_runs_version",
            lambda tx: retention.remove_versions(tx, before=START, limit=500),
        ),
        "a backfill": ("ix_runs_backfill", lambda tx: page(tx, RunFilter(backfill_id=key))),
        "the states of backfills": ("ix_runs_backfill_state", lambda tx: backfills.states(tx, [key, new_id()])),
        "the active runs of a backfill": ("ix_runs_backfill_state", lambda tx: backfills.active(tx, key)),
        "backfills to go on with": ("ix_runs_backfill_state", lambda tx: backfills.ready(tx, MIDDLE, limit=4)),
        "backfills without runs": (
            "ix_runs_backfill",
            lambda tx: retention.remove_backfills(tx, before=START, limit=500),
        ),
        "results to look up": ("ix_runs_open", lambda tx: followed.due_looks(tx, MIDDLE, limit=500)),
        "schedules without the plug-in": (
            "ix_runs_without_plugin",
            lambda tx: followed.told_without_plugin(tx, [key], since=MIDDLE),
        ),
        "anything later": ("uq_runs_fire_time", lambda tx: runs.any_after(tx, key, MIDDLE)),
    }
    for question, (index, ask) in questions.items():
        (plan,) = plans(database, ask)
        assert index in plan or ON_SQLITE.get(index, index) in plan, f"{question}:\n{plan}"
        assert not any(word in plan for word in ("Seq Scan on runs", "SCAN runs\n")), f"{question}:\n{plan}"


def test_the_past_of_a_span_is_read_by_its_schedule_and_fire_times(database: Database, key: UUID) -> None:
    fire_times = [MIDDLE + number * EVERY for number in range(50)]
    reaching_in, within = plans(database, lambda tx: backfills.records(tx, key, fire_times))
    assert "ix_runs_covering" in reaching_in
    assert ON_SQLITE["uq_runs_fire_time"] in within or "uq_runs_fire_time" in within


def test_a_page_far_back_begins_where_the_one_before_ended(database: Database, key: UUID) -> None:
    del key
    with database.read() as tx:
        near = page(tx, RunFilter(until=MIDDLE))
        far = page(tx, RunFilter(), near.next_cursor)
        farther = page(tx, RunFilter(), far.next_cursor)
    assert {run.fire_time for run in near.items + far.items} == {MIDDLE - EVERY}
    assert len({run.schedule for run in near.items + far.items}) == 100
    assert {run.fire_time for run in farther.items} == {MIDDLE - 2 * EVERY}
    (plan,) = plans(database, lambda tx: page(tx, RunFilter(), near.next_cursor))
    assert "ix_runs_recent ((fire_time,id)<(?,?))" in plan or "Index Cond: (ROW(fire_time, id) < " in plan, plan


def test_runs_in_some_states_of_a_task_are_found_among_many(database: Database, key: UUID) -> None:
    del key
    with database.read() as tx:
        failed = page(tx, RunFilter(states=(RunState.FAILED,), task="t7")).items
        none = page(tx, RunFilter(states=(RunState.FAILED,), task="t6")).items
    assert [run.fire_time for run in failed] == [START + 10 * n * EVERY for n in range(99, 49, -1)]
    assert {(run.schedule, run.task) for run in failed} == {("s007", "t7")}
    assert none == []
