"""A gate under test."""

from uuid import UUID

import pytest

from punctual.celery.gate import Gate
from punctual.celery.records import GivenBack, Started
from punctual.celery.tally import Tally
from punctual.control.schedules import Schedules
from punctual.domain.clock import SystemClock, monotonic
from punctual.domain.run import Run
from punctual.store import runs
from punctual.store.database import Database


class Asked:
    """A gate, the runs that it is asked for, and the starts that it could not ask for."""

    def __init__(self, database: Database, url: str, patience: float = 10.0, silence: float = 10.0) -> None:
        self.database = database
        self.url = url
        self.opened: list[Started | GivenBack] = []
        self.tally = Tally()
        self.gate = Gate(lambda: url, self.opened.append, tally=self.tally, patience=patience, silence=silence)

    def new_run(self) -> UUID:
        schedules = Schedules(self.database, SystemClock())
        document = {"name": str(monotonic()), "task": "t", "trigger": "every 1d"}
        schedules.create(document, actor="test", allow_unknown_task=True)
        return schedules.run_now(str(document["name"]), actor="test").id

    def ask(self, run_id: UUID, attempt: int = 1, retries: int = 0, **facts: object) -> bool:
        headers = {"punctual_run": str(run_id), "punctual_attempt": str(attempt), "hostname": "w@test"}
        return self.gate.admits(str(run_id), {**headers, "retries": retries, **facts})

    def get(self, run_id: UUID) -> Run:
        with self.database.read() as tx:
            run = runs.get(tx, run_id)
        assert run is not None
        return run


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [getattr(record, "action", "") for record in caplog.records]
