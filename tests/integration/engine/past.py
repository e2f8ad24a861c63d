"""A schedule with a past, for the tests of backfills."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import worker_records
from punctual.control.backfills import Backfills, BackfillView
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.backfill import BackfillState, Request
from punctual.domain.run import Run, RunState
from punctual.store.database import Database
from punctual.testing import ManualClock

HOUR = timedelta(hours=1)


@dataclass
class Past:
    """A schedule `s` that fires each full hour, the backfills of it, and workers that end its runs."""

    database: Database
    clock: ManualClock
    schedules: Schedules

    def __post_init__(self) -> None:
        self.now = self.clock.now()
        self.backfills = Backfills(self.database, self.clock)
        self.runs = Runs(self.database, self.clock)

    def make(self, **fields: Any) -> None:
        self.schedules.create({"name": "s", "task": "tick", "trigger": "0 * * * *", **fields}, actor="test")

    def start(self, hours: int = 24, **asked: Any) -> BackfillView:
        return self.backfills.start("s", Request(self.clock.now() - hours * HOUR, **asked), actor="anna")

    def ago(self, *hours: int) -> list[datetime]:
        return [self.now - hour * HOUR for hour in hours]

    def of(self, view: BackfillView, *states: RunState) -> list[Run]:
        """Return the runs of a backfill, in the order in which they became due."""
        found = self.runs.list(backfill=view.backfill.id, state=states, limit=200).items
        return sorted(found, key=lambda run: (run.due_time, run.fire_time))

    def end(self, run: Run, state: RunState = RunState.SUCCEEDED) -> None:
        with self.database.write() as tx:
            assert worker_records.start(tx, run.id, at=self.clock.now())
            assert worker_records.end(tx, run.id, state, at=self.clock.now())

    def view(self, view: BackfillView) -> BackfillView:
        return self.backfills.get(view.backfill.id)

    def state(self, view: BackfillView) -> BackfillState:
        return self.view(view).backfill.state


def fire_times(found: list[Run]) -> list[datetime]:
    return [run.fire_time for run in found]
