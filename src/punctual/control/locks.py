"""The locks that tasks hold: looking at them, and breaking one that is stuck."""

import logging

from punctual.domain.clock import Clock
from punctual.domain.errors import NotFoundError
from punctual.domain.lock import Lock
from punctual.store import locks
from punctual.store.database import Database
from punctual.store.paging import Page

_log = logging.getLogger(__name__)


class Locks:
    """The locks of all processes on this database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database, by this time."""
        self._database = database
        self._clock = clock

    def list(self, *, limit: int, cursor: str | None) -> Page[Lock]:
        """Return the locks that are held, the one held for longest first; raises InvalidInputError for the cursor."""
        with self._database.read() as tx:
            return locks.list_page(tx, at=self._clock.now(), limit=limit, cursor=cursor)

    def release(self, lock_id: int, *, actor: str) -> None:
        """Let others take a lock, while its task may still run; raises NotFoundError where nobody holds it."""
        with self._database.write() as tx:
            lock = locks.get(tx, lock_id, at=self._clock.now())
            if lock is None:
                message = f"There is no lock {lock_id} that is held."
                raise NotFoundError(message, fix="List the locks: it may have been released, or its lease has ended.")
            locks.release(tx, lock_id)
        facts = {"action": "lock_released", "actor": actor, "key": lock.key, "function": lock.function}
        _log.warning("%s released the lock %s of %s", actor, lock.key, lock.function, extra=facts)
