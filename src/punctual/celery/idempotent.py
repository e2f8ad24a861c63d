"""`@idempotent`: one success per key; later calls get its result."""

import functools
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from pydantic import JsonValue

from punctual.celery import busy
from punctual.celery.guarded import P, R, check_function, leases, length, like
from punctual.celery.leases import HeldLock, Leases
from punctual.celery.told import json_of
from punctual.domain.call_key import CallKey, Key, bounded
from punctual.domain.errors import DatabaseUnavailableError, LockBusyError, ResultNotKeptError
from punctual.domain.lock import Claim, Holder, Purpose
from punctual.store import kept_results, locks
from punctual.store.database import Transaction
from punctual.store.kept_results import Kept

logger = logging.getLogger(__name__)

_TTL = timedelta(days=1)
_WAIT = timedelta(seconds=10)


def idempotent(
    key: Key = None, *, ttl: timedelta | float | str = _TTL, wait: timedelta | float | str = _WAIT
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function succeed once per key: later calls get the result of the first success, until `ttl` has passed.

    `key` is a format string over the arguments (`"invoice:{invoice_id}"`), a function that is called with them, or None
    for all arguments; keys of different functions are different keys. The result is kept as JSON, and every call gets
    it as that, the first too. A failure keeps nothing.

    A call that meets another one waits up to `wait` for its result; then Celery tries the task again after as long.
    Outside of a task it raises LockBusyError. A process that dies after its function ran, and before the result was
    kept, leaves nothing behind: the function runs again. Goes below `@app.task`. Raises SetupError for what cannot be.
    """
    kept_for, patience = length(ttl, "ttl", "idempotent"), length(wait, "wait", "idempotent")

    def guard(function: Callable[P, R]) -> Callable[P, R]:
        check_function(function, "idempotent")
        keys = CallKey(function, key)

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            call = keys.of(args, kwargs)
            once = _Once(keys.name, call if key is None else bounded(f"{keys.name} {call}"), kept_for)
            return cast("R", once.result(lambda: function(*args, **kwargs), patience))

        return like(function, guarded)

    return guard


class _Once:
    """One call of a function that may succeed once per key."""

    def __init__(self, function: str, key: str, ttl: timedelta) -> None:
        self._function = function
        self._claim = Claim(Purpose.IDEMPOTENT, key)
        self._ttl = ttl
        self._leases: Leases = leases()

    def result(self, run: Callable[[], Any], wait: timedelta) -> JsonValue:
        """Return the result that is kept, or run the function and keep what it gives."""
        holder = busy.holder_of(self._function)
        text = f"Another call of {self._function} with the same key {self._claim.key!r} runs."
        try:
            kept, lock = busy.ask(lambda: self._find(holder), wait, text)
        except (LockBusyError, DatabaseUnavailableError) as error:
            busy.retry(error, wait)
        if lock is not None:
            return self._run(run, lock)
        logger.info("The result of %s is one that was kept", self._claim.key, extra={"action": "result_reused"})
        return kept

    def _find(self, holder: Holder) -> tuple[JsonValue, HeldLock | None] | None:
        """Return the result that is kept, or the lock under which to run; None while another call runs."""
        take = self._leases.taking(self._claim, holder)

        def look(tx: Transaction, at: datetime) -> tuple[Kept | None, HeldLock | None]:
            kept = kept_results.get(tx, self._claim.key, at=at)
            if kept is not None or (lock := take(tx, at)) is None:
                return kept, None
            # Who held the lock before may have kept a result since the look above.
            if (kept := kept_results.get(tx, self._claim.key, at=at)) is None:
                return None, lock
            locks.release(tx, lock.fence)
            return kept, None

        kept, lock = self._leases.write(look)
        if lock is not None:
            self._leases.keep(lock)
            return None, lock
        return None if kept is None else (kept.result, None)

    def _run(self, run: Callable[[], Any], lock: HeldLock) -> JsonValue:
        try:
            result = self._as_json(run())
            kept = self._keep(result, lock)
        except BaseException:
            self._leases.release(lock)
            raise
        self._leases.drop(lock)
        return kept

    def _as_json(self, result: object) -> JsonValue:
        try:
            return json_of(result)
        except ValueError as error:
            message = f"The result of {self._function} cannot be kept: {error}. The function has run."
            raise ResultNotKeptError(message, fix="Return a small JSON document, or nothing.") from error

    def _keep(self, result: JsonValue, lock: HeldLock) -> JsonValue:
        """Keep the result and give the lock up, in one; while the database is away, try for as long as a lease."""

        def keep(tx: Transaction, at: datetime) -> Kept:
            locks.release(tx, lock.fence)
            return kept_results.keep(tx, self._claim.key, result, at=at, until=at + self._ttl)

        fault = None
        for _ in busy.tries(self._leases.lease):
            try:
                return self._leases.write(keep).result
            except DatabaseUnavailableError as error:
                fault = error
        message = "The result of %s is not kept, so that the next call runs again: %s"
        logger.error(message, self._claim.key, fault, extra={"action": "result_not_kept"})
        return result
