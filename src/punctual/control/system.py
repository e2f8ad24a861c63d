"""Whether everything is there that a schedule needs to fire and its task to run."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from punctual.control.workers import WorkerView, views
from punctual.domain.clock import Clock, monotonic
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.processes import ALIVE_FOR, Node, Worker
from punctual.store import nodes, workers
from punctual.store.database import Database

LONGEST_LAG = 5.0
"""Seconds that a node may be late before people are warned."""

LARGEST_OFFSET = 2.0
"""Seconds that the clock of a machine may differ from the database's before people are warned."""

_WRITE_CHECK_SECONDS = 2.0

_SETTLED = timedelta(seconds=10)
"""So long after its first event a worker has announced its tasks, if it has the plug-in."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be there, and what to do where it is not."""

    name: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node, whether it is alive, and what people should look at, as sentences."""

    node: Node
    live: bool
    warnings: list[str]


class System:
    """The running processes, as they told the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read this database, by this time."""
        self._database = database
        self._clock = clock
        self._written_at: float | None = None

    def readiness(self) -> list[Check]:
        """Return the checks that must all be ok before a schedule would fire and a worker would run it."""
        try:
            self._check_writing()
            living_nodes = [view.node for view in self.nodes() if view.live]
            living_workers = [view.worker for view in self.workers() if view.live and self._is_known(view.worker)]
        except DatabaseUnavailableError as error:
            _log.warning("%s", error.message, extra={"action": "database_unavailable", "code": error.code})
            unknown = "Not known while the database has a fault."
            return [
                Check("database", ok=False, message=f"{error.sentence} {error.fix}"),
                *(Check(name, ok=False, message=unknown) for name in ("scheduler", "broker", "worker")),
            ]
        return [
            Check("database", ok=True, message="The database answers, and takes changes."),
            _scheduler(living_nodes),
            _broker(living_nodes),
            _worker(living_workers),
        ]

    def nodes(self) -> list[NodeView]:
        """Return all known nodes, the newest first."""
        since = self._clock.now() - ALIVE_FOR
        with self._database.read() as tx:
            known = nodes.list_all(tx)
        living = [node for node in known if node.seen_at >= since]
        newest = max((node.tzdata_version or "" for node in living), default="")
        return [NodeView(node, node in living, _warnings(node, newest) if node in living else []) for node in known]

    def workers(self) -> list[WorkerView]:
        """Return all known workers by name."""
        with self._database.read() as tx:
            return views(tx, workers.list_all(tx), self._clock.now())

    def _is_known(self, worker: Worker) -> bool:
        """Tell whether a worker is ready: one that was just heard of may have the plug-in, and not be announced yet."""
        return worker.plugin or self._clock.now() - worker.started_at >= _SETTLED

    def _check_writing(self) -> None:
        """Find out whether the database takes changes, at most every few seconds; raises DatabaseUnavailableError."""
        if self._written_at is not None and monotonic() - self._written_at < _WRITE_CHECK_SECONDS:
            return
        with self._database.write() as tx:
            nodes.check_writing(tx, self._clock.now())
        self._written_at = monotonic()


def _warnings(node: Node, newest: str) -> list[str]:
    """Say what people should look at; `newest` is the latest release of the time zones that a node has."""
    found = []
    if node.database_error is not None:
        found.append(f"Cannot fire: {node.database_error}")
    if node.broker_error is not None:
        found.append(f"Cannot send: {node.broker_error}")
    if node.following_error is not None:
        found.append(f"Cannot follow runs on workers without the plug-in: {node.following_error}")
    if node.lag > LONGEST_LAG:
        found.append(f"Is behind: what it sent last was due {node.lag:.0f} s before.")
    if abs(node.clock_offset) > LARGEST_OFFSET:
        way = "ahead of" if node.clock_offset > 0 else "behind"
        found.append(
            f"The clock of {node.host} is {abs(node.clock_offset):.1f} s {way} the database's. "
            "Schedules fire by the database's; correct it all the same, for logs and tasks go by it."
        )
    if node.tzdata_version is not None and node.tzdata_version != newest:
        found.append(
            f"Has time zones of {node.tzdata_version} and another node those of {newest}: fire times may differ. "
            "Install the same release of tzdata everywhere."
        )
    for name, reason in (node.left_out or {}).items():
        found.append(f"Left out of what its app declares: {name}: {reason}")
    return found


def _scheduler(living: list[Node]) -> Check:
    failing = [node.database_error for node in living if node.database_error is not None]
    if failing and len(failing) == len(living):
        return Check("scheduler", ok=False, message=f"No scheduler can fire: {failing[0]}")
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
