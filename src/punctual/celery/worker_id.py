"""The identity of this life of a worker: its name comes back after a restart, its id never does."""

import os
from uuid import UUID

from punctual.domain.identity import new_id

_VARIABLE = "PUNCTUAL_WORKER_ID"
"""In the environment, so that the processes of the pool have it too, those that are spawned as well."""


_main_process: int | None = None


def begin_life() -> None:
    """Give this process, as the main one of a worker, an id of its own."""
    global _main_process  # noqa: PLW0603 - of the process, as its environment is
    _main_process = os.getpid()
    os.environ[_VARIABLE] = str(new_id())


def is_main_process() -> bool:
    """Tell whether this is the main process of a worker, and none of its pool."""
    return _main_process == os.getpid()


def this_worker() -> UUID | None:
    """Return the id of the worker that this process belongs to; None in a process that belongs to none."""
    text = os.environ.get(_VARIABLE)
    return None if text is None else UUID(text)
