"""The locks that this process holds: taken in the database, and renewed by one thread for as long as it lives."""

import logging
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from punctual.domain.clock import Clock, monotonic
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.lock import Claim, Holder
from punctual.store import locks
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database, Transaction

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_RENEWALS = 3
"""So often in a lease; two may fail before the lock is lost."""


class HeldLock:
    """A lock that this process holds; `fence` is greater than that of whoever held the key before.

    Hand the fence to what you write to, where that can refuse a smaller one: a process may stand still for longer than
    its lease without knowing it.
    """

    def __init__(self, fence: int, claim: Claim, until: float) -> None:
        """Hold it until a moment of the steady clock."""
        self.fence = fence
        self.claim = claim
        self.until = until
        self.gone = False

    @property
    def key(self) -> str:
        """The key that is locked."""
        return self.claim.key

    @property
    def held(self) -> bool:
        """Whether nobody else can have taken it: false once the lease is over, or an operator has released it."""
        return not self.gone and monotonic() < self.until


class Leases:
    """Takes, renews and releases locks for this process; may be used by several threads."""

    def __init__(self, database: Database, lease: timedelta, clock: Clock | None = None) -> None:
        """Hold none yet; nothing is opened before the first."""
        self._database = database
        self.lease = lease
        self._clock = clock or DatabaseClock(database)
        self._held: dict[int, HeldLock] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, what: Callable[[Transaction, datetime], _T]) -> _T:
        """Do something in a transaction, by the database's time; raises DatabaseUnavailableError."""
        now = self._clock.now()
        with self._database.write() as tx:
            return what(tx, now)

    def acquire(self, claim: Claim, holder: Holder) -> HeldLock | None:
        """Take a lock; None while others hold as many as its limit. Raises DatabaseUnavailableError."""
        held = self.write(self.taking(claim, holder))
        if held is not None:
            self.keep(held)
        return held

    def taking(self, claim: Claim, holder: Holder) -> Callable[[Transaction, datetime], HeldLock | None]:
        """Return what takes a lock as part of a transaction; it must be `keep`-ed once that is committed."""

        def take(tx: Transaction, at: datetime) -> HeldLock | None:
            until = monotonic() + self.lease.total_seconds()
            fence = locks.acquire(tx, claim, holder, at=at, lease=self.lease)
            return None if fence is None else HeldLock(fence, claim, until)

        return take

    def keep(self, held: HeldLock) -> None:
        """Renew a lock from now on."""
        with self._changed:
            self._held[held.fence] = held
            if self._thread is None:
                self._thread = threading.Thread(target=self._renew_for_ever, name="punctual-locks", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def drop(self, held: HeldLock) -> None:
        """Renew a lock no more."""
        with self._changed:
            self._held.pop(held.fence, None)

    def release(self, held: HeldLock) -> None:
        """Give a lock up; while the database is away, it gets free when its lease ends."""
        self.drop(held)
        try:
            self.write(lambda tx, _: locks.release(tx, held.fence))
        except DatabaseUnavailableError as error:
            message = "The lock %s stays until its lease ends: %s"
            logger.warning(message, held.key, error.message, extra={"action": "lock_not_released", "key": held.key})

    def _renew_for_ever(self) -> None:
        while True:
            with self._changed:
                while not self._held:
                    self._changed.wait()
                self._changed.wait_for(lambda: not self._held, self.lease.total_seconds() / _RENEWALS)
                held = dict(self._held)
            if held:
                self._renew(held)

    def _renew(self, held: dict[int, HeldLock]) -> None:
        until = monotonic() + self.lease.total_seconds()
        try:
            renewed = self.write(lambda tx, at: locks.renew(tx, list(held), at=at, lease=self.lease))
        except DatabaseUnavailableError as error:
            message = "%d locks could not be renewed: %s"
            logger.warning(message, len(held), error.message, extra={"action": "locks_not_renewed"})
            return
        except Exception:
            logger.exception("Locks could not be renewed", extra={"action": "locks_not_renewed"})
            return
        for fence, lock in held.items():
            if fence in renewed:
                lock.until = until
            elif fence in self._held:
                self.drop(lock)
                lock.gone = True
                message = "The lock %s is lost while its task runs: its lease ended, or an operator released it"
                logger.error(message, lock.key, extra={"action": "lock_lost", "key": lock.key})


_of_process: dict[tuple[str, timedelta], Leases] = {}
_opening = threading.Lock()
_inherited: list[object] = []
"""What a forked child got from its parent; kept, because to drop it would close the parent's connections."""


def leases_of(database_url: str, lease: timedelta) -> Leases:
    """Return the locks that this process holds in a database."""
    with _opening:
        if (database_url, lease) not in _of_process:
            _of_process[database_url, lease] = Leases(Database(database_url), lease)
        return _of_process[database_url, lease]


def _after_fork() -> None:
    global _opening  # noqa: PLW0603 - another thread of the parent may hold it
    _opening = threading.Lock()
    _inherited.append(dict(_of_process))
    _of_process.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
