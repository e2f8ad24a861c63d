"""The tasks that schedules can call."""

from dataclasses import dataclass

from punctual.domain.clock import Clock
from punctual.domain.errors import NotFoundError
from punctual.domain.processes import ALIVE_FOR, Task
from punctual.store import workers
from punctual.store.database import Database
from punctual.store.paging import Page


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task, and whether a living worker serves it."""

    task: Task
    live: bool


class Tasks:
    """Every task that a worker with the plug-in ever announced."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read this database, by this time."""
        self._database = database
        self._clock = clock

    def list(self, *, limit: int, cursor: str | None) -> Page[TaskView]:
        """Return tasks by name."""
        since = self._clock.now() - ALIVE_FOR
        with self._database.read() as tx:
            page = workers.list_tasks(tx, limit=limit, cursor=cursor)
            live = workers.served_since(tx, [task.name for task in page.items], since=since)
        return Page([TaskView(task, task.name in live) for task in page.items], page.next_cursor)

    def get(self, name: str) -> TaskView:
        """Return a task; raises NotFoundError."""
        since = self._clock.now() - ALIVE_FOR
        with self._database.read() as tx:
            task = workers.get_task(tx, name)
            live = workers.served_since(tx, [name], since=since)
        if task is None:
            message = f"No worker has announced a task named {name!r}."
            raise NotFoundError(message, fix="List the tasks; start a worker that serves it.")
        return TaskView(task, bool(live))
