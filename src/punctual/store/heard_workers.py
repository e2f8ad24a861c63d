"""Workers without the plug-in, as their events show them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from punctual.domain.processes import Worker
from punctual.store.database import Transaction
from punctual.store.process_tables import workers

_STALE = timedelta(seconds=60)
"""A worker of this name with the plug-in that was not seen for so long is another one's predecessor."""

_REST = timedelta(seconds=4)
_FORGET_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has of a worker: its life, its process, and whether it records by itself."""

    id: UUID | None
    pid: int
    processed: int
    seen_at: datetime
    plugin: bool

    def records(self, now: datetime) -> bool:
        """Return whether it has the plug-in, so that its events tell nothing new."""
        return self.plugin and self.seen_at >= now - _STALE

    def is_outdated(self, worker: Worker, now: datetime) -> bool:
        """Return whether what is heard of it is worth a write."""
        return not self.records(now) and (self.plugin or self.seen_at < worker.seen_at - _REST)


def known(tx: Transaction, names: Collection[str]) -> dict[str, Known]:
    """Return what is known of workers, by name."""
    columns = (workers.c.id, workers.c.pid, workers.c.processed, workers.c.seen_at, workers.c.plugin)
    query = select(workers.c.name, *columns).where(workers.c.name.in_(names))
    return {name: Known(*facts) for name, *facts in tx.connection.execute(query)}


def note(tx: Transaction, worker: Worker, before: Known | None) -> None:
    """Store what was heard of a worker; of any number that note the same, one alone begins a new life of it.

    It is a new one where its process is another, or counts its tasks from the beginning.
    """
    if before is None:
        tx.dialect.insert_once(tx.connection, workers, [worker.model_dump()])
        return
    anew = before.plugin or worker.pid != before.pid or worker.processed < before.processed
    heard = worker.model_dump(exclude={"name"} if anew else {"name", "id", "started_at"})
    same = workers.c.id.is_not_distinct_from(before.id)
    tx.connection.execute(
        update(workers).where(workers.c.name == worker.name, same, workers.c.seen_at < worker.seen_at).values(heard)
    )


def forget(tx: Transaction, now: datetime) -> None:
    """Remove the workers that have not been heard of for long."""
    tx.connection.execute(delete(workers).where(~workers.c.plugin, workers.c.seen_at < now - _FORGET_AFTER))
