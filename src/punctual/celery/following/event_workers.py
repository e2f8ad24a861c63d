"""The workers that events come from: which have the plug-in, and the others as the database is to know them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from punctual.celery.following.heard import Heard
from punctual.domain.identity import new_id
from punctual.domain.processes import Worker
from punctual.store import heard_workers
from punctual.store.database import Database
from punctual.store.heard_workers import Known

_FORGET_EVERY = timedelta(minutes=1)


class EventWorkers:
    """Keeps the database's list of workers without the plug-in, and knows the workers of the last events noted."""

    def __init__(self, database: Database) -> None:
        """Know none."""
        self._database = database
        self._known: dict[str, Known] = {}
        self._now: datetime | None = None
        self._forgot_at: datetime | None = None

    def note(self, batch: Sequence[Heard], instant: Callable[[Heard], datetime], now: datetime) -> None:
        """Learn who the workers of these events are, and store what is new of them; raises DatabaseUnavailableError."""
        self._now = now
        names = {heard.worker for heard in batch}
        with self._database.read() as tx:
            self._known = heard_workers.known(tx, names)
        news = sorted(self._news(batch, instant, now), key=lambda worker: (worker.name, worker.seen_at))
        forgetful = self._forgot_at is None or now - self._forgot_at >= _FORGET_EVERY
        if not news and not forgetful:
            return
        with self._database.write() as tx:
            for worker in news:
                heard_workers.note(tx, worker, heard_workers.known(tx, [worker.name]).get(worker.name))
            if forgetful:
                heard_workers.forget(tx, now)
            self._known = heard_workers.known(tx, names)
        self._forgot_at = now if forgetful else self._forgot_at

    def records(self, name: str) -> bool:
        """Return whether the worker has the plug-in, so that its events tell nothing new."""
        known = self._known.get(name)
        return known is not None and self._now is not None and known.records(self._now)

    def life(self, name: str) -> UUID | None:
        """Return the id of this life of the worker."""
        known = self._known.get(name)
        return None if known is None else known.id

    def _news(self, batch: Iterable[Heard], instant: Callable[[Heard], datetime], now: datetime) -> Iterable[Worker]:
        """Yield what is worth a write: each beginning, the last heartbeat, and a worker that is met by its tasks."""
        last: dict[str, Worker] = {}
        for heard in batch:
            known = self._known.get(heard.worker)
            of_itself = heard.run_id is None
            if not of_itself and (heard.worker in last or (known is not None and known.pid == heard.pid)):
                continue
            if heard.kind == "worker-offline":
                continue
            worker = _worker(heard, instant(heard))
            if known is None or known.is_outdated(worker, now) or known.pid != heard.pid:
                last[heard.worker] = worker
            if heard.kind == "worker-online" and (known is None or not known.records(now)):
                yield worker
        for worker in last.values():
            before = self._known.get(worker.name)
            if before is None or not before.records(now):
                yield worker


def _worker(heard: Heard, at: datetime) -> Worker:
    version = heard.text("sw_ver") if heard.text("sw_ident") == "py-celery" else None
    return Worker(
        name=heard.worker,
        id=new_id(),
        host=heard.worker.partition("@")[2] or heard.worker,
        pid=heard.pid,
        pool="unknown",
        concurrency=0,
        queues=[],
        started_at=at,
        seen_at=at,
        celery_version=version,
        active=int(heard.number("active") or 0),
        processed=int(heard.number("processed") or 0),
        plugin=False,
    )
