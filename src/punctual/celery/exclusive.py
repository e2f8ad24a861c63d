"""`@exclusive`: so many calls with one key at once, in all processes together."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from punctual.celery import busy
from punctual.celery.busy import OnBusy
from punctual.celery.guarded import P, R, check_function, leases, length, like
from punctual.celery.leases import HeldLock, Leases
from punctual.domain.call_key import CallKey, Key
from punctual.domain.errors import DatabaseUnavailableError, LockBusyError, SetupError
from punctual.domain.lock import Claim, Purpose

_NO_TIME = timedelta(0)
_WAIT = timedelta(seconds=30)
_current: ContextVar[HeldLock | None] = ContextVar("punctual_current_lock", default=None)


def exclusive(
    key: Key = None,
    *,
    limit: int = 1,
    wait: timedelta | float | str | None = None,
    on_busy: OnBusy = "skip",
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let at most `limit` calls with the same key run at once, in all processes on the same database.

    `key` is a format string over the arguments (`"invoice:{invoice_id}"`), a function that is called with them, or None
    for the function's name with all its arguments. Functions that are given the same key share the lock.

    When others hold the lock, `on_busy` decides: `skip` ends the task as skipped; `retry` lets Celery try it again
    after `wait` (30 s) and up to half as much; `wait` waits for it, and raises LockBusyError after `wait` (30 s).
    Outside of a task, `skip` and `retry` raise LockBusyError at once. Goes below `@app.task`. Raises SetupError for
    what cannot be.
    """
    if limit < 1:
        message = f"limit of @punctual.exclusive(...) is {limit}: nothing could ever run."
        raise SetupError(message, fix="Give 1 or more.")
    if on_busy not in {"skip", "retry", "wait"}:
        message = f"on_busy of @punctual.exclusive(...) is {on_busy!r}."
        raise SetupError(message, fix='Choose "skip", "retry" or "wait".')
    if on_busy == "skip" and wait is not None:
        message = "wait of @punctual.exclusive(...) has no meaning, for busy calls are skipped."
        raise SetupError(message, fix='Add on_busy="wait" or on_busy="retry", or leave wait out.')
    span = _WAIT if wait is None else length(wait, "wait", "exclusive")

    def guard(function: Callable[P, R]) -> Callable[P, R]:
        check_function(function, "exclusive")
        keys = CallKey(function, key)

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            claim = Claim(Purpose.EXCLUSIVE, keys.of(args, kwargs), limit)
            here = leases()
            with _holding(here, _turn(here, claim, keys.name, span, on_busy)):
                return function(*args, **kwargs)

        return like(function, guarded)

    return guard


def current_lock() -> HeldLock | None:
    """Return the lock under which the caller runs, the innermost of several; None where there is none."""
    return _current.get()


def _turn(here: Leases, claim: Claim, function: str, wait: timedelta, on_busy: OnBusy) -> HeldLock:
    """Return the lock, or raise what ends or puts off the call."""
    holder = busy.holder_of(function)
    text = f"The lock {claim.key!r} is held by {claim.limit} already."
    try:
        return busy.ask(lambda: here.acquire(claim, holder), wait if on_busy == "wait" else _NO_TIME, text)
    except LockBusyError as error:
        match on_busy:
            case "skip":
                busy.skip(error)
            case "retry":
                busy.retry(error, wait)
            case "wait":
                raise
    except DatabaseUnavailableError as error:
        if on_busy != "retry":
            raise
        busy.retry(error, wait)


@contextmanager
def _holding(here: Leases, lock: HeldLock) -> Iterator[None]:
    before = _current.set(lock)
    try:
        yield
    finally:
        _current.reset(before)
        here.release(lock)
