"""The queues of the broker: how long they are, who consumes them, and what people should look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from punctual.domain.clock import Clock
from punctual.domain.processes import ALIVE_FOR
from punctual.domain.queues import Queue
from punctual.store import queues, workers
from punctual.store.database import Database
from punctual.store.paging import Page

FRESH_FOR = timedelta(minutes=1)
"""A measurement that is older tells nothing of now; a node measures about every ten seconds."""


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue, the living workers that consume it, by name, and what people should look at, as sentences."""

    queue: Queue
    workers: list[str]
    warnings: list[str]


class Queues:
    """Every queue that a living worker consumes or a schedule sends to, and the app's default one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read this database, by this time."""
        self._database = database
        self._clock = clock

    def list(self, *, limit: int, cursor: str | None) -> Page[QueueView]:
        """Return queues by name, as a node measured them last; raises InvalidInputError for a cursor that is none."""
        now = self._clock.now()
        with self._database.read() as tx:
            page = queues.list_page(tx, limit=limit, cursor=cursor)
            living = [worker for worker in workers.list_all(tx) if worker.seen_at >= now - ALIVE_FOR]
        shown = []
        for queue in page.items:
            consuming = [worker.name for worker in living if queue.name in worker.queues]
            shown.append(QueueView(queue, consuming, _warnings(queue, consuming, now)))
        return Page(shown, page.next_cursor)


def _warnings(queue: Queue, consuming: Sequence[str], now: datetime) -> list[str]:
    found = []
    if queue.measured_at < now - FRESH_FOR:
        found.append("No node has measured it for a while. Start one with: punctual scheduler")
    elif queue.messages and not consuming and not queue.consumers:
        grows = " and it grows" if queue.growing_since is not None else ""
        told = "" if queue.consumers == 0 else " that is known"
        found.append(
            f"{_messages(queue.messages)} in it{grows}, and no worker{told} consumes it. "
            f"Start a worker with -Q {queue.name}."
        )
    return found


def _messages(count: int) -> str:
    return "1 message waits" if count == 1 else f"{count} messages wait"
