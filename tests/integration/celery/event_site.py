"""Workers that send events, and nodes that hear them, without a broker."""

import itertools
from collections.abc import Callable
from typing import Any

from punctual.celery.following.event_records import EventRecords
from punctual.celery.following.heard import Heard, Hearing
from punctual.control.runs import Runs
from punctual.control.system import System
from punctual.domain.clock import monotonic
from punctual.domain.run import Run, RunState
from punctual.store.database import Database
from punctual.testing import ManualClock

ONE, TWO = "celery@one", "celery@two"

NewRun = Callable[..., Run]


class EventSite:
    """Workers that send events, and any number of nodes that hear all of them."""

    def __init__(self, database: Database, clock: ManualClock, nodes: int) -> None:
        self._database = database
        self._nodes = [(Hearing(), EventRecords(database, clock)) for _ in range(nodes)]
        self._numbers = itertools.count()
        self.runs = Runs(database, clock)
        self.system = System(database, clock)

    def event(self, kind: str, run: Run | None = None, worker: str = ONE, **fields: Any) -> dict[str, Any]:
        number = next(self._numbers)
        about = {} if run is None else {"uuid": str(run.id)}
        stamp = {"timestamp": 1e9 + number / 1e3, "clock": number}
        return {"type": kind, "hostname": worker, "pid": 7, **stamp, **about, **fields}

    def tell(self, kind: str, run: Run | None = None, worker: str = ONE, **fields: Any) -> None:
        self.deliver(self.event(kind, run, worker, **fields))

    def deliver(self, *events: dict[str, Any]) -> None:
        """Let all nodes hear these at once."""
        for hearing, records in self._nodes:
            heard = [hearing.read(event, monotonic()) for event in events]
            records.write([each for each in heard if isinstance(each, Heard)])

    def begin(self, run: Run, worker: str = ONE, retries: int = 0) -> None:
        self.tell("task-received", run, worker, retries=retries, name="tick")
        self.tell("task-started", run, worker)

    def get(self, run: Run) -> Run:
        return self.runs.get(run.id)

    def said(self, run: Run) -> tuple[RunState, int, str | None]:
        found = self.get(run)
        return found.state, found.attempt, found.worker
