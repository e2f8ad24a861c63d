"""Fire times that people chose to skip: each has one record, whatever else is done to the schedule meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from punctual.control.calendars import Calendars
from punctual.control.runs import Runs
from punctual.control.schedules import MOST_SKIPS, Schedules
from punctual.domain.errors import ConflictError
from punctual.domain.run import Run, RunState
from punctual.domain.schedule import Schedule, ScheduleState
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive

HOUR = timedelta(hours=1)
REASON = "Skipped on purpose by anna: storage moves."


def make(schedules: Schedules, **fields: Any) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "0 * * * *", **fields}, actor="test")


def skip_next(schedules: Schedules) -> Schedule:
    return schedules.skip_next("s", note="storage moves.", actor="anna")


def skipped(schedules: Schedules) -> list[datetime]:
    return [skip.fire_time for skip in schedules.get("s").status.skips]


@pytest.fixture
def ledger(database: Database, clock: ManualClock) -> Callable[[], list[tuple[datetime, RunState]]]:
    def read() -> list[tuple[datetime, RunState]]:
        return [(run.fire_time, run.state) for run in records(database, clock)]

    return read


def records(database: Database, clock: ManualClock) -> list[Run]:
    return Runs(database, clock).list(schedule="s", state=None, cause=None, limit=200, cursor=None).items[::-1]


Ledger = Callable[[], list[tuple[datetime, RunState]]]


def test_the_next_run_is_skipped_and_the_one_after_it_runs(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    start = clock.now()
    make(schedules)
    skip_next(schedules)
    assert skipped(schedules) == [start + HOUR]
    drive(engine, clock, start + 2 * HOUR)
    first, second = records(database, clock)
    assert (first.fire_time, first.state, first.reason) == (start + HOUR, RunState.SKIPPED, REASON)
    assert (second.fire_time, second.state) == (start + 2 * HOUR, RunState.QUEUED)
    assert [message.fire_time for message in sender.messages] == [start + 2 * HOUR]
    status = schedules.get("s").status
    assert (status.skips, status.run_count) == ((), 1)


def test_asked_again_the_one_after_is_skipped_and_unskip_takes_both_back(
    engine: Engine, schedules: Schedules, clock: ManualClock, ledger: Ledger
) -> None:
    start = clock.now()
    make(schedules)
    skip_next(schedules)
    skip_next(schedules)
    assert skipped(schedules) == [start + HOUR, start + 2 * HOUR]
    assert schedules.unskip("s", actor="anna").status.skips == ()
    drive(engine, clock, start + 2 * HOUR)
    assert ledger() == [(start + HOUR, RunState.QUEUED), (start + 2 * HOUR, RunState.QUEUED)]


def test_a_closed_fire_time_is_passed_over_to_find_the_one_that_would_run(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    rule = {"kind": "range", "from": "2026-01-01T00:30", "until": "2026-01-01T02:30"}
    Calendars(database, clock).create({"name": "freeze", "rules": [rule]}, actor="test")
    make(schedules, calendars={"blackout": ["freeze"]})
    skip_next(schedules)
    assert skipped(schedules) == [start + 3 * HOUR]
    drive(engine, clock, start + 4 * HOUR)
    found = records(database, clock)
    assert [run.fire_time for run in found] == [start + n * HOUR for n in (1, 2, 3, 4)]
    assert ["freeze" in (run.reason or "") for run in found] == [True, True, False, False]
    assert (found[2].reason, found[3].state) == (REASON, RunState.QUEUED)


def test_what_is_due_already_is_recorded_and_the_next_one_skipped(
    schedules: Schedules, clock: ManualClock, ledger: Ledger
) -> None:
    make(schedules)
    clock.advance(HOUR)
    skip_next(schedules)
    assert ledger() == [(clock.now(), RunState.PENDING)]
    assert skipped(schedules) == [clock.now() + HOUR]


@pytest.mark.parametrize("meddle", ["pause", "delete", "edit", "calendar"])
def test_a_skip_outlives_what_else_is_done_to_the_schedule(
    meddle: str, engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, ledger: Ledger
) -> None:
    start = clock.now()
    make(schedules, jitter=60)
    skip_next(schedules)
    clock.advance(HOUR / 2)
    match meddle:
        case "pause":
            schedules.pause("s", note=None, actor="test")
            schedules.resume("s", actor="test")
        case "delete":
            key = str(schedules.get("s").id)
            schedules.delete("s", actor="test")
            schedules.restore(key, actor="test")
        case "edit":
            schedules.change("s", {"trigger": "*/30 * * * *"}, actor="test")
            schedules.change("s", {"trigger": "0 * * * *"}, actor="test")
        case "calendar":
            Calendars(database, clock).create({"name": "c", "rules": [FAR]}, actor="test")
            schedules.change("s", {"calendars": {"blackout": ["c"]}}, actor="test")
    clock.move_to(start + 1.5 * HOUR)  # every node was away, and the skipped fire time is met late
    engine.step()
    drive(engine, clock, start + 2.5 * HOUR)
    assert ledger() == [(start + HOUR, RunState.SKIPPED), (start + 2 * HOUR, RunState.QUEUED)]


FAR = {"kind": "range", "from": "2027-01-01T00:00", "until": "2027-01-02T00:00"}


def test_a_skip_at_no_fire_time_of_a_new_trigger_is_dropped(schedules: Schedules) -> None:
    make(schedules)
    skip_next(schedules)
    assert schedules.change("s", {"trigger": "30 * * * *"}, actor="test").status.skips == ()


def test_what_was_skipped_on_purpose_among_what_was_missed_is_told(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    make(schedules, catchup={"policy": "none"})
    skip_next(schedules)
    clock.advance(3.5 * HOUR)
    engine.step()
    (missed,) = records(database, clock)
    assert (missed.state, missed.fire_time, missed.covered_until) == (
        RunState.MISSED,
        start + HOUR,
        start + 3 * HOUR,
    )
    assert missed.reason is not None
    assert missed.reason.endswith("Those skipped on purpose are counted too.")


def test_the_only_fire_time_can_be_skipped_and_finishes_the_schedule(
    engine: Engine, schedules: Schedules, clock: ManualClock, ledger: Ledger
) -> None:
    start = clock.now()
    make(schedules, trigger="2026-01-01T01:00", max_runs=1)
    skip_next(schedules)
    with pytest.raises(ConflictError, match="no further fire time that would run"):
        skip_next(schedules)
    drive(engine, clock, start + 2 * HOUR)
    assert ledger() == [(start + HOUR, RunState.SKIPPED)]
    status = schedules.get("s").status
    assert (status.state, status.run_count, status.skips) == (ScheduleState.FINISHED, 0, ())


def test_a_paused_schedule_has_no_next_run_to_skip(schedules: Schedules) -> None:
    make(schedules)
    schedules.pause("s", note=None, actor="test")
    with pytest.raises(ConflictError, match="is paused"):
        skip_next(schedules)


def test_skips_of_one_schedule_are_bounded(schedules: Schedules) -> None:
    make(schedules)
    for _ in range(MOST_SKIPS):
        skip_next(schedules)
    with pytest.raises(ConflictError, match="100 fire times"):
        skip_next(schedules)


def test_a_change_that_changes_nothing_leaves_no_fire_time_to_be_decided_on_twice(
    engine: Engine, schedules: Schedules, clock: ManualClock, ledger: Ledger
) -> None:
    start = clock.now()
    make(schedules)
    clock.advance(HOUR)
    schedules.change("s", {}, actor="test")
    clock.advance(2.5 * HOUR)
    engine.step()
    decided = [start + HOUR, start + 2 * HOUR, start + 3 * HOUR]
    assert ledger() == [
        (decided[0], RunState.QUEUED),
        (decided[1], RunState.MISSED),
        (decided[2], RunState.QUEUED),
    ]
