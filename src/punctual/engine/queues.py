"""Measuring the queues: one node at a time looks how long they are, and where messages go."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from punctual.domain.clock import Clock
from punctual.domain.errors import BrokerUnavailableError, DatabaseOverloadedError
from punctual.domain.processes import ALIVE_FOR
from punctual.domain.queues import Queue
from punctual.engine.sender import QueueDepth, Sender
from punctual.store import leases, queues, routes, workers
from punctual.store.database import Database

LOOK_SECONDS = 5.0
"""How often a node looks whether it is its turn."""

_EVERY = timedelta(seconds=9)
_LEASE = "queues"
_ROUTES_LAST = timedelta(days=1)
_LONGEST_STATEMENT_SECONDS = 2.0


class QueueWatch:
    """One node's part in measuring the queues; nothing is made in the broker, and nothing taken from it."""

    def __init__(self, database: Database, sender: Sender, clock: Clock) -> None:
        """Look at nothing yet."""
        self._database = database
        self._sender = sender
        self._clock = clock

    def step(self) -> bool:
        """Measure, unless a node has done so within the last seconds; tell whether this one did.

        While the broker is away, that is what is kept of each queue.
        """
        now = self._clock.now()
        with self._database.write() as tx:
            if not leases.take(tx, _LEASE, now=now, until=now + _EVERY):
                return False
            routes.forget_unused(tx, before=now - _ROUTES_LAST, now=now)
        self._settle_routes()
        names = self._names(now)
        depths = self._depths(names)
        oldest = self._oldest()
        with self._database.write() as tx:
            before = {queue.name: queue for queue in queues.list_all(tx)}
            measured = [_queue(depth, oldest, now).following(before.get(depth.name)) for depth in depths]
            queues.replace(tx, measured)
        return True

    def _settle_routes(self) -> None:
        with self._database.read() as tx:
            tasks = routes.unnamed(tx)
        goes_to = self._sender.destinations(tasks)
        with self._database.write() as tx:
            routes.settle(tx, goes_to, among=tasks)

    def _names(self, now: datetime) -> set[str]:
        with self._database.read() as tx:
            names = set(routes.destinations(tx).values())
            return names.union(*workers.consumed(tx, since=now - ALIVE_FOR))

    def _depths(self, names: Collection[str]) -> list[QueueDepth]:
        try:
            return list(self._sender.queues(names))
        except BrokerUnavailableError as error:
            return [QueueDepth(name, None, error=error.message) for name in sorted(names)]

    def _oldest(self) -> Mapping[str, datetime]:
        try:
            with self._database.read() as tx:
                tx.dialect.limit_statements(tx.connection, _LONGEST_STATEMENT_SECONDS)
                return queues.oldest_sent(tx)
        except DatabaseOverloadedError:  # too many runs wait to be looked through; the depths tell as much
            return {}


def _queue(depth: QueueDepth, oldest: Mapping[str, datetime], now: datetime) -> Queue:
    return Queue(
        name=depth.name,
        messages=depth.messages,
        consumers=depth.consumers,
        oldest_at=oldest.get(depth.name),
        measured_at=now,
        error=depth.error,
    )
