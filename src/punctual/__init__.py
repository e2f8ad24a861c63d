"""Schedules for Celery, kept in a database, edited live, with a record of every decision."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str

    from punctual.celery.current_run import CurrentRun, RunLogHandler, current_run
    from punctual.celery.exclusive import current_lock, exclusive
    from punctual.celery.hooks import RunEvent
    from punctual.celery.idempotent import idempotent
    from punctual.celery.plugin import Punctual
    from punctual.domain.errors import LockBusyError
    from punctual.domain.explain.why import explain
    from punctual.domain.triggers import any_of, cron, every, once, rrule, solar

__all__ = [
    "CurrentRun",
    "LockBusyError",
    "Punctual",
    "RunEvent",
    "RunLogHandler",
    "__version__",
    "any_of",
    "cron",
    "current_lock",
    "current_run",
    "every",
    "exclusive",
    "explain",
    "idempotent",
    "once",
    "rrule",
    "solar",
]

# Looked up when first used, so that a process which needs no Celery does not import it.
_HOMES = {
    "CurrentRun": "punctual.celery.current_run",
    "LockBusyError": "punctual.domain.errors",
    "Punctual": "punctual.celery.plugin",
    "RunEvent": "punctual.celery.hooks",
    "RunLogHandler": "punctual.celery.current_run",
    "any_of": "punctual.domain.triggers",
    "cron": "punctual.domain.triggers",
    "current_lock": "punctual.celery.exclusive",
    "current_run": "punctual.celery.current_run",
    "every": "punctual.domain.triggers",
    "exclusive": "punctual.celery.exclusive",
    "explain": "punctual.domain.explain.why",
    "idempotent": "punctual.celery.idempotent",
    "once": "punctual.domain.triggers",
    "rrule": "punctual.domain.triggers",
    "solar": "punctual.domain.triggers",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("punctual")
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
