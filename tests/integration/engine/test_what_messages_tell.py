"""A message tells of its run's schedule: labels, service, and the fire time of the run before it."""

from datetime import datetime, timedelta

import pytest

from punctual.control.backfills import Backfills
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.backfill import Request
from punctual.domain.run import Cause, RunState
from punctual.engine.build import build_engine
from punctual.engine.loop import Engine
from punctual.store import runs as run_store
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive
from worker_records import end

HOUR = timedelta(hours=1)


@pytest.fixture
def engine(database: Database, sender: RecordingSender, clock: ManualClock) -> Engine:
    return build_engine(database, sender, clock)


def told(sender: RecordingSender) -> list[tuple[str, datetime, datetime | None]]:
    return [(message.cause, message.fire_time, message.previous_fire_time) for message in sender.messages]


def test_each_run_knows_the_fire_time_before_its_own(
    database: Database, schedules: Schedules, engine: Engine, sender: RecordingSender, clock: ManualClock
) -> None:
    start = clock.now()
    schedule = schedules.create(
        {"name": "a", "task": "tick", "trigger": "every 1h", "service": "payments", "labels": {"team": "x"}},
        actor="test",
    )
    drive(engine, clock, start + 2 * HOUR)
    assert told(sender) == [
        ("schedule", start + HOUR, None),
        ("schedule", start + 2 * HOUR, start + HOUR),
    ]
    assert {(message.service, message.labels["team"]) for message in sender.messages} == {("payments", "x")}

    schedules.run_now("a", actor="test")
    drive(engine, clock, clock.now() + timedelta(minutes=1))
    assert told(sender)[2] == ("manual", start + 2 * HOUR, start + HOUR)
    assert (sender.messages[2].service, sender.messages[2].labels) == ("payments", {"team": "x"})

    # A fire time that is repeated is not the one before itself, however often it is.
    second = sender.messages[1].run_id
    with database.write() as tx:
        end(tx, second, RunState.FAILED, at=clock.now())
    runs = Runs(database, clock)
    for _ in range(2):
        runs.rerun(second, actor="test")
    drive(engine, clock, clock.now() + timedelta(minutes=1))
    assert [(cause, previous) for cause, _, previous in told(sender)[3:]] == [("rerun", start + HOUR)] * 2

    with database.read() as tx:
        assert run_store.last_success(tx, schedule.id, clock.now()) is None
    with database.write() as tx:
        end(tx, sender.messages[0].run_id, RunState.SUCCEEDED, at=clock.now())
    with database.read() as tx:
        assert run_store.last_success(tx, schedule.id, start + 2 * HOUR) == start + HOUR
        assert run_store.last_success(tx, schedule.id, start + HOUR) is None


def test_the_runs_of_a_catch_up_and_of_a_backfill_follow_each_other(
    database: Database, schedules: Schedules, engine: Engine, sender: RecordingSender, clock: ManualClock
) -> None:
    start = clock.now()
    schedules.create({"name": "a", "task": "tick", "trigger": "every 1h", "catchup": {"policy": "all"}}, actor="test")
    clock.advance(3 * HOUR)
    drive(engine, clock, clock.now() + timedelta(minutes=1))
    late = [(fire_time, previous) for _, fire_time, previous in told(sender)]
    assert late == [(start + HOUR, None), (start + 2 * HOUR, start + HOUR), (start + 3 * HOUR, start + 2 * HOUR)]

    Backfills(database, clock).start("a", Request(start - 3 * HOUR, start, parallelism=5), actor="test")
    drive(engine, clock, clock.now() + timedelta(minutes=1))
    back = [(fire_time, previous) for cause, fire_time, previous in told(sender) if cause == Cause.BACKFILL.value]
    assert [fire_time - previous for fire_time, previous in back if previous is not None] == [HOUR] * (len(back) - 1)
    assert len(back) == 3
