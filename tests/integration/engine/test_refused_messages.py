"""Messages that the broker never takes."""

from datetime import timedelta

from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.run import RunError, RunState
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender

SECOND = timedelta(seconds=1)


def test_a_message_that_the_broker_refuses_for_good_does_not_hold_back_the_others(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> None:
    sender.unsendable["bad"] = "no such exchange"
    for name in ("bad", "good"):
        schedules.create({"name": name, "task": name, "trigger": "every 10s"}, actor="test", allow_unknown_task=True)
    clock.advance(10 * SECOND)
    engine.step()
    found = {run.schedule: run for run in Runs(database, clock).list(limit=10).items}
    assert found["good"].state is RunState.QUEUED
    assert (found["bad"].state, found["bad"].reason) == (RunState.FAILED, "The broker refuses its message.")
    assert found["bad"].error == RunError(type="Unsendable", message="no such exchange")
