"""Whether everything is there that a schedule needs to fire and its task to run."""

from dataclasses import dataclass
from datetime import timedelta

from punctual.domain.clock import Clock
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.processes import Node, Worker
from punctual.store import nodes, workers
from punctual.store.database import Database

ALIVE_FOR = timedelta(seconds=15)
"""A node or worker that was seen this recently counts as alive; each says so every five seconds."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be there, and what to do where it is not."""

    name: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node, and whether it is alive."""

    node: Node
    live: bool


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker, and whether it is alive."""

    worker: Worker
    live: bool


class System:
    """The running processes, as they told the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read this database, by this time."""
        self._database = database
        self._clock = clock

    def readiness(self) -> list[Check]:
        """Return the checks that must all be ok before a schedule would fire and a worker would run it."""
        try:
            living_nodes = [view.node for view in self.nodes() if view.live]
            living_workers = [view.worker for view in self.workers() if view.live]
        except DatabaseUnavailableError as error:
            away = "Not known while the database is away."
            return [
                Check("database", ok=False, message=error.message),
                *(Check(name, ok=False, message=away) for name in ("scheduler", "broker", "worker")),
            ]
        return [
            Check("database", ok=True, message="The database answers."),
            _scheduler(living_nodes),
            _broker(living_nodes),
            _worker(living_workers),
        ]

    def nodes(self) -> list[NodeView]:
        """Return all known nodes, the newest first."""
        since = self._clock.now() - ALIVE_FOR
        with self._database.read() as tx:
            return [NodeView(node, node.seen_at >= since) for node in nodes.list_all(tx)]

    def workers(self) -> list[WorkerView]:
        """Return all known workers by name."""
        since = self._clock.now() - ALIVE_FOR
        with self._database.read() as tx:
            return [WorkerView(worker, worker.seen_at >= since) for worker in workers.list_all(tx)]


def _scheduler(living: list[Node]) -> Check:
    if living:
        return Check("scheduler", ok=True, message=f"{_number(len(living), 'scheduler')} alive.")
    return Check("scheduler", ok=False, message="No scheduler is alive. Start one with: punctual scheduler")


def _broker(living: list[Node]) -> Check:
    if any(node.broker_error is None for node in living):
        return Check("broker", ok=True, message="The broker takes messages.")
    if living:
        return Check("broker", ok=False, message=f"No scheduler can send: {living[0].broker_error}")
    return Check("broker", ok=False, message="Not known while no scheduler is alive.")


def _worker(living: list[Worker]) -> Check:
    if living:
        return Check("worker", ok=True, message=f"{_number(len(living), 'worker')} alive.")
    return Check(
        "worker",
        ok=False,
        message="No worker with the plug-in is alive. Start one with: celery -A your.app worker (or punctual worker)",
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun} is" if count == 1 else f"{count} {noun}s are"
