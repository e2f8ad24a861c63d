"""A clock that is set back: what was decided on stays decided, and what a node is sending stays with it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.run import RunState
from punctual.engine.dispatcher import LEASE
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("taken_up", ["resumed", "restored", "changed"])
def test_a_schedule_that_is_taken_up_does_not_decide_again_on_what_it_has_decided(
    taken_up: str, new_engine: Callable[[], Engine], schedules: Schedules, database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    made = schedules.create({"name": "s", "task": "tick", "trigger": "every 10s"}, actor="test")
    drive(new_engine(), clock, start + 30 * SECOND)
    clock.move_to(start + 15 * SECOND)
    match taken_up:
        case "resumed":
            schedules.pause("s", note=None, actor="test")
            schedules.resume("s", actor="test")
        case "restored":
            schedules.delete("s", actor="test")
            schedules.restore(str(made.id), actor="test")
        case "changed":
            schedules.change("s", {"max_runs": 5}, actor="test")
    assert schedules.get("s").status.next_fire_time == start + 40 * SECOND
    drive(new_engine(), clock, start + 50 * SECOND)
    assert schedules.get("s").status.run_count == 5
    assert len(Runs(database, clock).list(limit=10).items) == 5


def test_a_pause_does_not_skip_a_run_that_a_node_is_sending(
    engine: Engine,
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    sender: RecordingSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "every 10s"}, actor="test")
    clock.advance(10 * SECOND)

    def pause_then_die(*_: object) -> None:
        clock.advance(-5 * SECOND)
        schedules.pause("s", note=None, actor="test")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sender, "send", pause_then_die)
        with pytest.raises(KeyboardInterrupt):
            engine.step()
    clock.advance(5 * SECOND + LEASE)
    engine.step()
    (run,) = Runs(database, clock).list(limit=10).items
    assert run.state is RunState.QUEUED
    assert [message.run_id for message in sender.messages] == [run.id]
