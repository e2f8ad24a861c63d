"""What happened at, or instead of, an instant: for each one either records, or the reason why there are none."""

from datetime import datetime, timedelta
from typing import Any

import pytest

import worker_records
from punctual.control.preview import Previews
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.run import Cause, Run, RunState
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock, drive

HOUR = timedelta(hours=1)


@pytest.fixture
def previews(database: Database, clock: ManualClock) -> Previews:
    return Previews(database, clock)


def make(schedules: Schedules, **fields: Any) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "0 * * * *", **fields}, actor="test")


def records(previews: Previews, instant: datetime) -> list[Run]:
    found = previews.records_at("s", instant)
    assert (found.why_none is None) == bool(found.records)
    return found.records


def why_none(previews: Previews, instant: datetime) -> str:
    found = previews.records_at("s", instant)
    assert found.records == []
    assert found.why_none is not None
    return found.why_none


def test_a_run_is_told_with_its_reruns(
    engine: Engine,
    schedules: Schedules,
    previews: Previews,
    database: Database,
    clock: ManualClock,
) -> None:
    start = clock.now()
    make(schedules)
    drive(engine, clock, start + 2 * HOUR)
    (run,) = records(previews, start + HOUR)
    assert (run.fire_time, run.cause, run.state) == (start + HOUR, Cause.SCHEDULE, RunState.QUEUED)
    with database.write() as tx:
        worker_records.end(tx, run.id, RunState.FAILED, at=clock.now())
    clock.advance(timedelta(minutes=1))
    again = [Runs(database, clock).rerun(run.id, actor="test").id for _ in range(2)]
    assert [each.id for each in records(previews, start + HOUR)] == [run.id, *again]
    assert [each.fire_time for each in records(previews, start + 2 * HOUR)] == [start + 2 * HOUR]


def test_a_record_of_many_fire_times_is_told_for_each_of_them_and_for_no_other_instant(
    engine: Engine, schedules: Schedules, previews: Previews, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules)
    clock.move_to(start + 5.5 * HOUR)
    engine.step()
    for hour in (1, 2, 3, 4):
        (missed,) = records(previews, start + hour * HOUR)
        assert (missed.state, missed.covered_count) == (RunState.MISSED, 4)
    assert [run.cause for run in records(previews, start + 5 * HOUR)] == [Cause.CATCHUP]
    between = why_none(previews, start + 2.5 * HOUR)
    assert between.startswith("It was no fire time of version 1, which was in force then: minute is 30")


def test_an_instant_is_judged_by_the_version_that_was_in_force_then(
    engine: Engine, schedules: Schedules, previews: Previews, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules)
    drive(engine, clock, start + 1.75 * HOUR)
    schedules.change("s", {"trigger": "30 * * * *"}, actor="test")
    drive(engine, clock, start + 3 * HOUR)
    assert "version 1" in why_none(previews, start + HOUR / 2)
    assert len(records(previews, start + HOUR)) == 1
    assert "version 2" in why_none(previews, start + 2 * HOUR)
    assert len(records(previews, start + 2.5 * HOUR)) == 1


def test_what_has_no_record_yet_says_so(
    engine: Engine, schedules: Schedules, previews: Previews, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules)
    assert why_none(previews, start - HOUR) == "The schedule was made later, at 00:00 on 1 January 2026 UTC."
    assert why_none(previews, start + HOUR) == "It is still to come."
    clock.advance(HOUR)
    assert why_none(previews, start + HOUR) == "It is about to be decided on."
    engine.step()
    assert len(records(previews, start + HOUR)) == 1


def test_a_pause_is_told_while_it_lasts_and_guessed_afterwards(
    engine: Engine, schedules: Schedules, previews: Previews, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules)
    drive(engine, clock, start + 1.5 * HOUR)
    schedules.pause("s", note="Storage moves.", actor="test")
    clock.advance(HOUR)
    assert why_none(previews, start + 2 * HOUR) == "The schedule is paused, and was so then: Storage moves."
    schedules.resume("s", actor="test")
    drive(engine, clock, start + 4 * HOUR)
    assert why_none(previews, start + 2 * HOUR).startswith("The schedule was paused or deleted then, or")
    assert len(records(previews, start + 3 * HOUR)) == 1


def test_a_schedule_that_made_all_its_runs_says_so(
    engine: Engine, schedules: Schedules, previews: Previews, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules, max_runs=1)
    drive(engine, clock, start + 3 * HOUR)
    assert why_none(previews, start + 2 * HOUR) == "The schedule had made all of its 1 runs (max_runs)."


def test_a_schedule_that_cannot_be_planned_says_so(
    engine: Engine, schedules: Schedules, previews: Previews, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    make(schedules)

    def refuse(*_: object, **__: object) -> None:
        message = "the stars are not right"
        raise ValueError(message)

    monkeypatch.setattr("punctual.engine.tick.plan", refuse)
    clock.advance(HOUR)
    engine.step()
    assert why_none(previews, start + HOUR) == "It is not decided on: the stars are not right"
