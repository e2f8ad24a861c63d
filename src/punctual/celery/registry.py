"""Announces a worker and the tasks it serves, for as long as it lives."""

import logging
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from celery import Celery
from celery import __version__ as celery_version
from celery.worker import state as worker_state

from punctual.celery.lost_processes import LostProcesses
from punctual.celery.receipts import LOOK_SECONDS, Receipts
from punctual.celery.signatures import served_tasks
from punctual.celery.tally import Counts, TallyFolder
from punctual.celery.worker_id import this_worker
from punctual.control.declared import synchronise
from punctual.domain.clock import monotonic
from punctual.domain.errors import DatabaseUnavailableError, PunctualError
from punctual.domain.processes import Task, Worker, WorkerLoad
from punctual.domain.schedule import ScheduleSpec
from punctual.store import workers
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database

logger = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 5.0

_POOLS = {
    "celery.concurrency.prefork": "prefork",
    "celery.concurrency.thread": "threads",
    "celery.concurrency.solo": "solo",
    "celery.concurrency.gevent": "gevent",
    "celery.concurrency.eventlet": "eventlet",
}


@dataclass(frozen=True, slots=True)
class Presence:
    """What a worker says about itself, and the schedules that its code declares."""

    app: str
    name: str
    host: str
    pid: int
    pool: str
    concurrency: int
    queues: Sequence[str]
    tasks: Sequence[tuple[str, str, Any]]
    schedules: Sequence[ScheduleSpec]
    started: float
    """When, on this process's steady clock."""


def presence_of(app: Celery, worker: Any, schedules: Sequence[ScheduleSpec]) -> Presence:  # noqa: ANN401 - Celery has no types
    """Read the facts off a worker that is ready; the pool as people name it on the command line."""
    kind = worker.pool_cls
    module = kind if isinstance(kind, str) else kind.__module__
    pool = _POOLS.get(module, module)
    return Presence(
        app=app.main or "celery",
        name=worker.hostname,
        host=socket.gethostname(),
        pid=os.getpid(),
        pool=pool,
        concurrency=1 if pool == "solo" else int(getattr(worker, "max_concurrency", None) or worker.concurrency),
        queues=sorted(app.amqp.queues.consume_from),
        tasks=served_tasks(app),
        schedules=schedules,
        started=monotonic(),
    )


class Registry:
    """A thread that announces the worker, brings in its declared schedules, and tells every few seconds that it lives.

    It is a thread of its own because a solo pool keeps the main loop busy for as long as a task runs. While the
    database is away it goes on trying.
    """

    def __init__(
        self,
        database_url: str,
        presence: Presence,
        lost: LostProcesses | None = None,
        tallies: TallyFolder | None = None,
        *,
        interval: float = _HEARTBEAT_SECONDS,
    ) -> None:
        """Start nothing yet.

        With each sign of life, `lost` looks for processes of the worker that have died, and the counts of `tallies` are
        told.
        """
        self._url = database_url
        self._presence = presence
        self._lost = lost
        self._tallies = tallies
        self._receipts = Receipts(presence.name)
        self._interval = interval
        self._due = 0.0
        self._stopping = threading.Event()
        self._announced = False
        self._synchronised = False
        self._waiting = False
        self._thread = threading.Thread(target=self._run, name="punctual-registry", daemon=True)

    def start(self) -> None:
        """Begin to announce."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Take the worker off the list; give up after `timeout` seconds."""
        self._stopping.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        opened: tuple[Database, DatabaseClock] | None = None
        while not self._stopping.is_set():
            try:
                if opened is None:
                    database = Database(self._url)
                    opened = (database, DatabaseClock(database))
                self._tell(*opened)
            except PunctualError as error:
                self._log_waiting(error)
            except Exception:
                logger.exception("The worker could not be announced", extra={"action": "worker_not_announced"})
            self._stopping.wait(min(self._interval, LOOK_SECONDS))
        if opened is not None:
            self._leave(opened[0])

    def _tell(self, database: Database, clock: DatabaseClock) -> None:
        if monotonic() >= self._due:
            self._due = monotonic() + self._interval
            self._tell_of_worker(database, clock)
        self._receipts.tell(database, clock.now())

    def _tell_of_worker(self, database: Database, clock: DatabaseClock) -> None:
        now = clock.now()
        if self._announced:
            with database.write() as tx:
                self._announced = workers.heartbeat(tx, self._presence.name, now, self._load())
        if not self._announced:
            self._announce(database, clock)
        self._waiting = False
        if not self._synchronised:
            self._synchronise(database, clock)
        if self._lost is not None:
            self._lost.look(database)

    def _announce(self, database: Database, clock: DatabaseClock) -> None:
        now, facts = clock.now(), self._presence
        worker = Worker(
            name=facts.name,
            id=this_worker(),
            host=facts.host,
            pid=facts.pid,
            pool=facts.pool,
            concurrency=facts.concurrency,
            queues=list(facts.queues),
            started_at=now - timedelta(seconds=monotonic() - facts.started),
            seen_at=now,
            celery_version=celery_version,
            version=version("punctual"),
            **self._load().model_dump(),
        )
        served = [
            Task(name=name, description=description, signature=signature, queues=list(facts.queues), seen_at=now)
            for name, description, signature in facts.tasks
        ]
        with database.write() as tx:
            workers.announce(tx, worker, served)
        self._announced = True
        logger.info(
            "Worker %s is announced with %d tasks",
            facts.name,
            len(served),
            extra={"action": "worker_announced", "worker": facts.name},
        )

    def _load(self) -> WorkerLoad:
        counts = Counts() if self._tallies is None else self._tallies.total()
        active, waiting = len(worker_state.active_requests), len(worker_state.reserved_requests)
        return WorkerLoad(
            active=active,
            reserved=max(waiting - active, 0),  # to Celery, what runs is reserved as well
            processed=worker_state.all_total_count[0],
            refused=counts.refused,
            records_waiting=counts.waiting,
            records_dropped=counts.dropped,
            recording_error=counts.error,
        )

    def _synchronise(self, database: Database, clock: DatabaseClock) -> None:
        try:
            changes = synchronise(database, clock, app=self._presence.app, specs=self._presence.schedules)
        except DatabaseUnavailableError:
            raise
        except PunctualError as error:
            # Trying again would not help: the code must change, and then the worker starts anew.
            logger.error(  # noqa: TRY400 - the sentence says all there is
                "The declared schedules were not brought in: %s %s",
                error.message,
                error.fix,
                extra={"action": "declared_schedules_refused", "app": self._presence.app},
            )
        else:
            if changes.created or changes.changed or changes.retired:
                logger.info(
                    "Declared schedules: %d created, %d changed, %d retired",
                    len(changes.created),
                    len(changes.changed),
                    len(changes.retired),
                    extra={"action": "declared_schedules_synchronised", "app": self._presence.app},
                )
        self._synchronised = True

    def _leave(self, database: Database) -> None:
        try:
            with database.write() as tx:
                workers.leave(tx, self._presence.name)
        except Exception:
            logger.debug("The worker could not be taken off the list", exc_info=True, extra={"action": "leave_failed"})
        database.close()

    def _log_waiting(self, error: PunctualError) -> None:
        if not self._waiting:
            logger.warning(
                "The worker is not announced yet: %s %s",
                error.message,
                error.fix,
                extra={"action": "worker_not_announced"},
            )
        self._waiting = True
