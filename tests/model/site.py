"""The product under the model's eyes: control, nodes, a sender and a ledger that can be looked at whole."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, delete, select

from model.node import NOWHERE, SERVED_BY
from model.world import Crash, Message
from punctual.celery.records import Record
from punctual.control import schedules as control_schedules
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.processes import Task, Worker, WorkerLoad
from punctual.engine import build, loop, outcomes, reconcile
from punctual.engine.build import build_engine
from punctual.engine.loop import Engine
from punctual.engine.sender import TaskMessage, Unsendable
from punctual.store import outbox, workers
from punctual.store import schedules as stored_schedules
from punctual.store.database import Database
from punctual.store.tables import runs, schedule_versions, schedules
from punctual.testing import ManualClock, RecordingSender

_SEEDED = UUID("00000000-0000-0000-0000-0000000000aa")


class Trap:
    """Kills whoever passes the point that it is set at."""

    def __init__(self) -> None:
        self.at: str | None = None

    def point(self, name: str) -> None:
        if self.at == name:
            raise Crash(name)


class TrappedSender(RecordingSender):
    """A sender whose node may die before or after it publishes, and whose workers may be faster than that node."""

    def __init__(self, trap: Trap) -> None:
        super().__init__()
        self._trap = trap
        self.unsendable = {NOWHERE: "There is no such exchange."}
        self.heard: Callable[[list[TaskMessage]], None] = lambda _: None

    def send(self, messages: Any) -> Any:
        self._trap.point("publish")
        before = len(self.messages)
        refused: list[Unsendable] = list(super().send(messages))
        self.heard(self.messages[before:])
        self._trap.point("published")
        return refused

    def stop(self, requests: Any) -> None:
        self._trap.point("stop")
        super().stop(requests)
        self._trap.point("stopped")


class Site:
    """One database, two nodes, and the people and workers around them."""

    def __init__(self, database: Database, patch: pytest.MonkeyPatch) -> None:
        """Begin with an empty database, and with ids that are the same each time."""
        self.database = database
        self.clock = ManualClock()
        self.trap = Trap()
        self.sender = TrappedSender(self.trap)
        self._ids = 0
        for module in (control_schedules, build):
            patch.setattr(module, "new_id", self.new_id)
        self._set_traps(patch)
        with database.write() as tx:
            for table in reversed(runs.metadata.sorted_tables):
                tx.connection.execute(delete(table))
        self.schedules = Schedules(database, self.clock)
        self.runs = Runs(database, self.clock)
        self.nodes = [self.new_node(), self.new_node()]

    def _set_traps(self, patch: pytest.MonkeyPatch) -> None:
        trap = self.trap

        def before(name: str, do: Callable[..., Any], after: str | None = None) -> Callable[..., Any]:
            def trapped(*args: Any, **kwargs: Any) -> Any:
                trap.point(name)
                done = do(*args, **kwargs)
                trap.point(after or name)
                return done

            return trapped

        patch.setattr(stored_schedules, "advance_many", before("plan", stored_schedules.advance_many))
        patch.setattr(outbox, "claim_unsent", before("claim", outbox.claim_unsent))
        patch.setattr(loop, "end_overdue", before("overdue", reconcile.end_overdue, after="-"))
        patch.setattr(loop, "release_waiting", before("release", reconcile.release_waiting, after="released"))

    def new_id(self) -> UUID:
        self._ids += 1
        return uuid.uuid5(_SEEDED, str(self._ids))

    def new_node(self) -> Engine:
        return build_engine(self.database, self.sender, self.clock)

    @contextmanager
    def dying_at(self, point: str | None) -> Iterator[None]:
        """Let whatever acts within die at a point."""
        self.trap.at = point
        try:
            yield
        finally:
            self.trap.at = None

    def announce(self, name: str, life: UUID) -> None:
        """Let a worker begin to live."""
        now = self.clock.now()
        worker = Worker(
            name=name,
            id=life,
            host="h",
            pid=1,
            pool="solo",
            concurrency=1,
            queues=[],
            started_at=now,
            seen_at=now,
        )
        served = [
            Task(name=task, description="", signature=None, queues=[], seen_at=now)
            for task, names in SERVED_BY.items()
            if name in names
        ]
        with self.database.write() as tx:
            workers.announce(tx, worker, served)

    def heartbeat(self, name: str) -> None:
        with self.database.write() as tx:
            workers.heartbeat(tx, name, self.clock.now(), WorkerLoad())

    def tell(self, record: Record, at: Any) -> bool:
        """Let a worker's record of an instant reach the ledger; False: it was refused."""
        with self.database.write() as tx:
            taken = record.write(tx, at)
            outcomes.wake_waiting(tx)
        return taken

    def ledger(self) -> list[Row[Any]]:
        with self.database.read() as tx:
            return list(tx.connection.execute(select(runs)))

    def stored(self) -> list[Row[Any]]:
        current = (schedule_versions.c.schedule_id == schedules.c.id) & (
            schedule_versions.c.version == schedules.c.version
        )
        with self.database.read() as tx:
            query = select(schedules, schedule_versions.c.spec).join(schedule_versions, current)
            return list(tx.connection.execute(query))


def as_message(message: TaskMessage) -> Message:
    return Message(message.run_id, message.attempt, str(message.expires_at), message.timeout, message.repeated)
