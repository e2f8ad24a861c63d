"""How many schedules and open runs there are, by state."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from punctual.domain.identity import new_id
from punctual.domain.planner import Plan, PlannedRun
from punctual.domain.policies import Concurrency, RunRules
from punctual.domain.run import Arguments, Cause
from punctual.domain.schedule import Schedule, ScheduleSpec, ScheduleStatus
from punctual.store import census, ledger, schedules
from punctual.store.database import Database
from punctual.store.ledger import Entry
from punctual.testing import ManualClock

NOW = ManualClock().now()


def insert(database: Database, name: str, **status: Any) -> UUID:
    key = new_id()
    spec = ScheduleSpec.model_validate({"name": name, "task": "tidy", "trigger": "every 1m"})
    new = Schedule(id=key, version=1, spec=spec, status=ScheduleStatus(), created_at=NOW, updated_at=NOW)
    with database.write() as tx:
        schedules.insert(tx, new, actor="test")
        schedules.save(tx, new.model_copy(update={"status": ScheduleStatus(**status)}), actor="test")
    return key


def test_each_state_of_a_schedule_and_of_an_open_run_is_counted(database: Database) -> None:
    active = insert(database, "a", next_fire_time=NOW, next_due_time=NOW)
    insert(database, "b", next_fire_time=NOW, next_due_time=NOW)
    insert(database, "c", paused=True, error="It cannot be planned.")
    insert(database, "d", error="It cannot be planned.", next_fire_time=NOW, next_due_time=NOW)
    insert(database, "e")
    with database.write() as tx:
        for number, rules in enumerate((RunRules(), RunRules(concurrency=Concurrency(key="db", limit=1)))):
            at = NOW + timedelta(seconds=number)
            entry = Entry(active, 1, Plan.of(PlannedRun(at, at, Cause.MANUAL)), rules)
            ledger.insert_asked_for(tx, entry, now=at, arguments=Arguments())
    with database.read() as tx:
        assert census.schedules_by_state(tx) == {"active": 2, "paused": 1, "error": 1, "finished": 1}
        assert census.open_runs_by_state(tx) == {"pending": 1, "buffered": 1}
