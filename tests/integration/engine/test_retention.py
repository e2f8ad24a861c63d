"""Retention: what is old goes in small batches, what is open or in use stays, and nobody waits for it."""

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

import worker_records
from punctual.control.preview import Previews
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.identity import new_id
from punctual.domain.lock import Claim, Holder, Purpose
from punctual.domain.policies import KeepRuns
from punctual.domain.report import Level, LogLine
from punctual.domain.run import RunState
from punctual.engine.build import build_engine
from punctual.engine.loop import Engine
from punctual.engine.retention import BATCH, Retention
from punctual.store import kept_results, locks, nodes, run_logs, runs, totals
from punctual.store import retention as stored_retention
from punctual.store.database import Database, Transaction
from punctual.store.process_tables import kept_results as kept_table
from punctual.store.process_tables import locks as lock_table
from punctual.store.tables import run_logs as log_table
from punctual.store.tables import runs as run_table
from punctual.store.tables import schedule_versions
from punctual.testing import ManualClock, RecordingSender, drive
from store.many_runs import COUNT, EVERY, START, fill

DAY = timedelta(days=1)
FOR_EVER = KeepRuns(age=None)


def make(schedules: Schedules, name: str = "s", **fields: Any) -> None:
    schedules.create({"name": name, "task": "tick", "trigger": "0 0 * * *", **fields}, actor="test")


def end_all(database: Database, clock: ManualClock) -> None:
    """Let every open run succeed now."""
    with database.write() as tx:
        for run in runs.list_page(tx, runs.RunFilter(states=(RunState.QUEUED,)), limit=1000, cursor=None).items:
            assert worker_records.end(tx, run.id, RunState.SUCCEEDED, at=clock.now())


def count(database: Database, table: Any = run_table) -> int:
    with database.read() as tx:
        found: int = tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
    return found


def until_done(retention: Retention) -> int:
    """Let a node remove all it finds, and return how many steps it took."""
    steps = 1
    while retention.step():
        steps += 1
    return steps


def test_counts_of_a_schedule_go_when_nothing_has_ended_for_a_week_and_those_of_its_task_stay(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    make(schedules)
    drive(engine, clock, clock.now() + DAY)
    end_all(database, clock)
    retention = Retention(database, clock, FOR_EVER)
    schedules.pause("s", note=None, actor="test")
    for days, told in ((6, ["s"]), (2, [])):
        clock.advance(days * DAY)
        retention.step()
        with database.read() as tx:
            assert [total.schedule for total in totals.of_schedules(tx, 9)[0]] == told
            assert [total.by_state["succeeded"].numbers["ended"] for total in totals.of_tasks(tx)] == [1]


def test_runs_go_when_they_ended_long_enough_ago(
    engine: Engine,
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    start = clock.now()
    make(schedules)
    for day in range(1, 6):
        drive(engine, clock, start + day * DAY)
        end_all(database, clock)
    retention = Retention(database, clock, KeepRuns(age=2 * DAY))
    with caplog.at_level(logging.INFO):
        assert retention.step() is False
    left = Runs(database, clock).list(limit=10).items
    assert [run.fire_time for run in left] == [start + day * DAY for day in (5, 4, 3)]
    assert retention.removed == 2
    assert [(record.action, record.count) for record in caplog.records] == [("runs_removed", 2)]  # type: ignore[attr-defined]
    assert Retention(database, clock, FOR_EVER).step() is False
    assert count(database) == 3


def test_a_run_that_has_not_ended_stays_however_old(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules)
    drive(engine, clock, start + 3 * DAY)
    (last, *others) = Runs(database, clock).list(limit=10).items
    with database.write() as tx:
        assert worker_records.start(tx, others[0].id, at=clock.now())
        assert worker_records.end(tx, last.id, RunState.FAILED, at=clock.now())
    clock.advance(1000 * DAY)
    until_done(Retention(database, clock, KeepRuns(age=DAY, per_schedule=1)))
    assert [run.id for run in Runs(database, clock).list(limit=10).items] == [run.id for run in others]


def test_each_schedule_keeps_its_newest_records(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules)
    make(schedules, "hourly", trigger="0 * * * *")
    drive(engine, clock, start + 3 * DAY)
    end_all(database, clock)
    schedules.delete("hourly", actor="test")
    until_done(Retention(database, clock, KeepRuns(age=None, per_schedule=2)))
    found = [(run.schedule, run.fire_time) for run in Runs(database, clock).list(limit=10).items]
    hour = timedelta(hours=1)
    assert sorted(found) == [
        ("hourly", start + 3 * DAY - hour),
        ("hourly", start + 3 * DAY),
        ("s", start + 2 * DAY),
        ("s", start + 3 * DAY),
    ]


def test_versions_go_that_no_run_and_no_schedule_refers_to(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules)
    drive(engine, clock, start + DAY)
    end_all(database, clock)
    schedules.change("s", {"description": "second, with no run"}, actor="test")
    schedules.change("s", {"description": "third"}, actor="test")
    drive(engine, clock, start + 2 * DAY)
    schedules.change("s", {"description": "fourth"}, actor="test")
    schedules.pause("s", note=None, actor="test")
    clock.move_to(start + 4 * DAY)
    retention = Retention(database, clock, KeepRuns(age=2.5 * DAY))
    until_done(retention)
    with database.read() as tx:
        left = tx.connection.execute(select(schedule_versions.c.version).order_by(schedule_versions.c.version))
        assert list(left.scalars()) == [3, 4]  # the run of the third has not ended
    gone = Previews(database, clock).records_at("s", start + DAY)
    assert gone.why_none == "What there was has been removed since, as old runs are."
    end_all(database, clock)
    clock.advance(365 * DAY)
    until_done(retention)
    assert (count(database), count(database, schedule_versions)) == (0, 1)
    assert schedules.resume("s", actor="test").spec.description == "fourth"


def test_no_more_than_a_batch_is_removed_at_once(database: Database) -> None:
    fill(database)
    clock = ManualClock(START + 60 * DAY)
    retention = Retention(database, clock, KeepRuns(age=60 * DAY - 100 * EVERY))
    assert retention.step() is True
    assert count(database) == COUNT - BATCH
    # 10,000 runs are of the first 100 minutes; 10 of them have not ended.
    assert until_done(retention) == 19
    assert (count(database), retention.removed) == (COUNT - 10_000 + 10, 10_000 - 10)


def test_nodes_share_the_work_and_remove_each_run_once(database: Database, database_url: str) -> None:
    fill(database)
    clock = ManualClock(START + 60 * DAY)
    keep = KeepRuns(age=60 * DAY - 50 * EVERY, per_schedule=940)
    others = [Database(database_url) for _ in range(3)]
    workers = [Retention(other, clock, keep) for other in others]
    faults: list[Exception] = []

    def work(retention: Retention) -> None:
        try:
            until_done(retention)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            faults.append(error)

    threads = [threading.Thread(target=work, args=(retention,)) for retention in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert faults == []
    # What one node holds the others pass by, so the last batch may be left to the next look.
    workers.append(Retention(database, clock, keep))
    until_done(workers[-1])
    # Of each schedule the oldest 60 of 1,000 go; of these 6,000 six have not ended: at the minutes 0, 10, ... 50.
    assert count(database) == COUNT - 6_000 + 6
    assert sum(retention.removed for retention in workers) == 6_000 - 6


def test_schedules_fire_while_old_runs_are_removed(
    database: Database, database_url: str, sender: RecordingSender
) -> None:
    fill(database)
    clock = ManualClock(START + 60 * DAY)
    Schedules(database, clock).create(
        {"name": "live", "task": "t", "trigger": "every 1s"}, actor="t", allow_unknown_task=True
    )
    engine = build_engine(database, sender, clock)
    other = Database(database_url)
    retention = Retention(other, ManualClock(clock.now()), KeepRuns(age=60 * DAY - 200 * EVERY))
    done = threading.Event()

    def work() -> None:
        until_done(retention)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    fired = 0
    while fired < 20 or not done.is_set():
        clock.advance(timedelta(seconds=1))
        engine.step()
        fired += 1
    thread.join()
    other.close()
    assert [message.schedule for message in sender.messages] == ["live"] * fired
    assert retention.removed == 20_000 - 20


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_on_postgresql_a_removal_that_is_not_committed_keeps_nobody_waiting(
    database: Database, sender: RecordingSender
) -> None:
    fill(database)
    clock = ManualClock(START + 2 * DAY)
    engine = build_engine(database, sender, clock)
    Schedules(database, clock).run_now("s000", actor="t")
    other = Retention(database, clock, KeepRuns(age=DAY))
    with database.write() as tx:
        assert stored_retention.remove_ended(tx, before=clock.now() - DAY, limit=BATCH) == BATCH
        assert other.step() is True
        engine.step()
    assert other.removed == BATCH
    assert len(sender.messages) == 1
    assert count(database) == COUNT + 1 - 2 * BATCH


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_on_postgresql_no_statement_of_it_takes_long(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dawdle(tx: Transaction, **_: object) -> int:
        tx.connection.execute(text("SELECT pg_sleep(30)"))
        return 0

    monkeypatch.setattr(stored_retention, "remove_ended", dawdle)
    monkeypatch.setattr("punctual.engine.retention._LONGEST_STATEMENT_SECONDS", 0.05)
    with pytest.raises(DatabaseUnavailableError, match="statement timeout"):
        Retention(database, clock, KeepRuns()).step()
    with database.read() as tx:
        assert tx.connection.execute(text("SHOW statement_timeout")).scalar_one() == "20s"


def test_a_node_tells_how_many_it_removed(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    make(schedules)
    drive(engine, clock, clock.now() + 3 * DAY)
    end_all(database, clock)
    clock.advance(100 * DAY)
    assert engine.retain() is False
    engine.heartbeat()
    with database.read() as tx:
        assert [node.runs_removed for node in nodes.list_all(tx)] == [3]


def test_the_log_of_a_run_goes_with_it(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules)
    drive(engine, clock, start + 2 * DAY)
    with database.write() as tx:
        for run in runs.list_page(tx, runs.RunFilter(), limit=10, cursor=None).items:
            line = LogLine(1, clock.now(), 1, Level.INFO, "a line")
            assert run_logs.add(tx, run.id, [line])
            assert run_logs.add(tx, run.id, [line]), "written again, because the answer was lost"
        assert not run_logs.add(tx, new_id(), [line])
    assert count(database, log_table) == 2
    end_all(database, clock)
    clock.advance(DAY)
    until_done(Retention(database, clock, KeepRuns(age=DAY / 2)))
    assert (count(database), count(database, log_table)) == (0, 0)


def test_locks_and_kept_results_go_when_their_time_is_over(database: Database, clock: ManualClock) -> None:
    holder, now = Holder(function="f", host="h", pid=1), clock.now()
    with database.write() as tx:
        for number in range(BATCH + 1):
            kept_results.keep(tx, f"short {number}", number, at=now, until=now + DAY)
        kept_results.keep(tx, "long", 1, at=now, until=now + 2 * DAY)
        for key in ("a", "b"):
            locks.acquire(tx, Claim(Purpose.EXCLUSIVE, key), holder, at=now, lease=DAY)
    retention = Retention(database, clock, FOR_EVER)
    assert until_done(retention) == 1
    clock.advance(DAY + timedelta(minutes=30))
    assert until_done(retention) == 2
    # A process that was cut off for half an hour may still come back to its lock.
    assert (count(database, kept_table), count(database, lock_table)) == (1, 2)
    clock.advance(timedelta(hours=1))
    until_done(retention)
    assert (count(database, kept_table), count(database, lock_table)) == (1, 0)
