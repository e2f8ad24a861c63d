"""Everything that runs in a trial: PostgreSQL, a broker, nodes and workers, as real processes."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos.scenario import Scenario
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.postgres import PostgresServer, private_postgres
from servers.processes import ServerProcess
from servers.rabbitmq import RabbitmqProcess
from servers.redis import RedisProcess

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Death:
    """Processes of a node or worker that were killed on purpose; with `whole`, all of them."""

    name: str
    pids: frozenset[int]
    at: float
    whole: bool = True


class Member:
    """A node or a worker, which can be killed, frozen and started again under its name."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
        """Start it; its log is a file of its name."""
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = command
        self._environment = environment
        self._up = False
        self.start()

    def start(self) -> None:
        """Start it, unless it is there."""
        if not self._up:
            self._process = ServerProcess(
                self._command, log=self.log, environment=self._environment, stop_signal=signal.SIGKILL
            )
            self._up = True

    @property
    def pid(self) -> int:
        """The process id of the main process."""
        return self._process.pid

    @property
    def pool(self) -> list[int]:
        """The process ids of its children; Linux tells."""
        return _children(self.pid) if self._up else []

    def kill(self) -> Death | None:
        """Kill it with its children; None when it is down already."""
        if not self._up:
            return None
        death = Death(self.name, frozenset([self.pid, *self.pool]), _now())
        self._process.kill()
        self._up = False
        return death

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and its children, where it is there."""
        if self._up:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def died_by_itself(self) -> int | None:
        """Return the exit code of a process that nobody ended; None in the good case."""
        return self._process.exit_code if self._up else None


class Site:
    """The running parts. What each of them prints is in the folder."""

    def __init__(
        self, scenario: Scenario, folder: Path, database_url: str, broker: RedisProcess | RabbitmqProcess
    ) -> None:
        """Start nodes and workers."""
        self.folder = folder
        self.database_url = database_url
        self.broker = broker
        self.diary = folder / "diary"
        url = broker.url if isinstance(broker, RedisProcess) else broker.server.create()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PUNCTUAL_", "CELERY_"))}
        environment = {
            **kept,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join([str(_ROOT / "src"), str(_ROOT / "tests")]),
            "HOME": str(folder),
            "PUNCTUAL_DATABASE_URL": database_url,
            "PUNCTUAL_BROKER_URL": url,
            "PUNCTUAL_RESEND_AFTER": f"{scenario.resend_after}s",
            "CELERY_BROKER_URL": url,
            "CHAOS_DIARY": str(self.diary),
        }
        python = [sys.executable, "-m"]
        worker = [*python, "celery", "-A", "chaos.tasks", "worker", "--loglevel", "INFO"]
        commands = {
            "prefork": [*worker, "-n", "prefork@chaos", "--pool", "prefork", "--concurrency", "2"],
            "threads": [*worker, "-n", "threads@chaos", "--pool", "threads", "--concurrency", str(scenario.threads)],
        }
        node = [*python, "punctual.cli.main", "scheduler"]
        self.workers = [Member(name, command, environment, folder) for name, command in commands.items()]
        self.nodes = [Member(f"node{number}", node, environment, folder) for number in range(scenario.nodes)]

    @property
    def members(self) -> list[Member]:
        """Nodes and workers."""
        return [*self.nodes, *self.workers]

    def close(self) -> None:
        """End nodes and workers."""
        for member in self.members:
            member.signal(signal.SIGCONT)
            member.kill()


@contextmanager
def running(scenario: Scenario, folder: Path) -> Iterator[Site]:
    """Run everything; skips where a server is not installed."""
    place = folder / "broker"
    place.mkdir()
    with private_postgres() as postgres:
        server = PostgresServer(postgres.url)
        url = server.create()
        database = Database(url)
        upgrade(database)
        database.close()
        broker = RedisProcess(place, durable=True) if scenario.broker == "redis" else RabbitmqProcess(place)
        try:
            site = Site(scenario, folder, url, broker)
            try:
                yield site
            finally:
                site.close()
        finally:
            broker.stop()
            server.close()


def _children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def _now() -> float:
    return datetime.now(UTC).timestamp()
