"""Reading the ledger."""

from uuid import UUID

from punctual.domain.clock import Clock
from punctual.domain.errors import NotFoundError
from punctual.domain.run import Cause, Run, RunState
from punctual.store import runs, schedules
from punctual.store.database import Database
from punctual.store.paging import Page


class Runs:
    """Every run that was recorded, also of schedules that are deleted."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read this database."""
        del clock
        self._database = database

    def get(self, run_id: UUID) -> Run:
        """Return a run; raises NotFoundError."""
        with self._database.read() as tx:
            run = runs.get(tx, run_id)
        if run is None:
            message = f"There is no run {run_id}."
            raise NotFoundError(message, fix="List the runs of its schedule.")
        return run

    def list(
        self, *, schedule: str | None, state: RunState | None, cause: Cause | None, limit: int, cursor: str | None
    ) -> Page[Run]:
        """Return runs, the newest fire time first; a schedule that is given must exist, deleted ones by id."""
        with self._database.read() as tx:
            schedule_id = None
            if schedule is not None:
                schedule_id = schedules.find_id(tx, schedule)
                if schedule_id is None:
                    message = f"There is no schedule {schedule!r}."
                    raise NotFoundError(message, fix="List the schedules to see their names and ids.")
            return runs.list_page(tx, schedule_id=schedule_id, state=state, cause=cause, limit=limit, cursor=cursor)
