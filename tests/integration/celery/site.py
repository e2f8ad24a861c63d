"""A database and a broker with real Celery workers, in processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from pydantic import JsonValue

from punctual.celery.app import broker_app
from punctual.celery.sender import CelerySender
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.control.system import System
from punctual.domain.identity import new_id
from punctual.domain.run import TERMINAL, Run
from punctual.engine.build import build_engine
from punctual.engine.follower import Follower
from punctual.engine.loop import Engine
from punctual.engine.sender import TaskMessage
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from servers.waiting import eventually


@dataclass
class Site:
    """A database and a broker, with what the tests do through them; the apps of its workers lie in `apps`.

    Where it is `silent`, its workers have no plug-in and send no events.
    """

    database: Database
    database_url: str
    broker_url: str
    folder: Path
    apps: Path = Path(__file__).parent
    python: Path = Path(sys.executable)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    silent: bool = False

    def __post_init__(self) -> None:
        self.clock = DatabaseClock(self.database)
        self.app = broker_app(self.broker_url)
        self.app.task(name="served_app.soon_stale", expires=-1, shared=False)(soon_stale)
        self.sender = CelerySender(self.app)
        self.schedules = Schedules(self.database, self.clock)
        self.runs = Runs(self.database, self.clock)

    def record(self, task: str, *args: JsonValue, **policies: JsonValue) -> Run:
        """Record a run without sending it."""
        document = {
            "name": f"{task} {new_id()}"[:200],
            "task": task,
            "args": list(args),
            "trigger": "every 30d",
            **policies,
        }
        schedule = self.schedules.create(document, actor="test", allow_unknown_task=True)
        return self.schedules.run_now(str(schedule.id), actor="test")

    def send(self, run: Run) -> UUID:
        self.sender.send([message_of(run)])
        return run.id

    def run(self, task: str, *args: JsonValue) -> Run:
        """Run a task and return its record once it has ended."""
        return self.ended(self.send(self.record(task, *args)))

    def get(self, run_id: UUID) -> Run:
        return self.runs.get(run_id)

    def ended(self, run_id: UUID) -> Run:
        return self.until(run_id, lambda run: run.state in TERMINAL)

    def until(self, run_id: UUID, holds: Callable[[Run], bool]) -> Run:
        def look() -> Run | None:
            run = self.get(run_id)
            return run if holds(run) else None

        return eventually(look, 60, message=lambda: f"the run is {self.get(run_id)}")

    @contextmanager
    def node(self, *followers: Follower) -> Iterator[Engine]:
        """Run a node."""
        engine = build_engine(self.database, self.sender, self.clock, followers=followers)
        engine.start()
        try:
            yield engine
        finally:
            engine.stop(10)

    @contextmanager
    def worker(self, *options: str, app: str = "served_app", **environment: str) -> Iterator[str]:
        """Run a worker, from when it is announced, or ready where it tells nobody; gives its name."""
        name = f"w{len(self.workers)}@test"
        log = (self.folder / f"{name}.log").open("wb")
        process = subprocess.Popen(
            [self.python, "-m", "celery", "-A", app, "worker", "-n", name, "-l", "INFO", *options],
            cwd=self.apps,
            env={
                **os.environ,
                "TEST_BROKER_URL": self.broker_url,
                "TEST_DATABASE_URL": self.database_url,
                **environment,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self.workers.append(process)
        try:
            if self.silent:
                self.logged(name, f"{name} ready.")
            else:
                self.announced(name)
            yield name
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            finally:
                process.kill()
                process.wait()
                log.close()

    def announced(self, name: str) -> None:
        system = System(self.database, self.clock)
        eventually(lambda: any(view.worker.name == name for view in system.workers()), 60, lambda: self.log(name))

    def log(self, worker: str) -> str:
        return (self.folder / f"{worker}.log").read_text()

    def logged(self, worker: str, text: str) -> None:
        eventually(lambda: text in self.log(worker), 60, message=lambda: self.log(worker))

    def waiting_messages(self, queue: str = "celery") -> int:
        """Return how many messages wait in the broker, those that a worker has taken and not acknowledged left out."""
        with self.app.connection() as connection:
            try:
                return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
            except connection.channel_errors:  # Redis has no empty queues
                return 0

    def close(self) -> None:
        self.sender.close()
        self.database.close()


def soon_stale() -> None:
    """Stand for the task where it is sent from."""


def message_of(run: Run, *, queue: str | None = None) -> TaskMessage:
    args: Sequence[JsonValue] = run.args
    return TaskMessage(
        run.id, run.schedule_id, run.schedule, run.fire_time, run.cause.value, run.task, args, run.kwargs, queue
    )
