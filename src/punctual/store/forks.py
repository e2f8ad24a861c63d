"""No fork in the middle of a transaction of SQLite.

SQLite keeps in the memory of the process which locks its connections hold. A process that is forked meanwhile takes
over what it finds there: locks that nobody in it holds, and that are never given back.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 5.0
"""Seconds that a fork waits for transactions at the most."""


class _Transactions:
    def __init__(self) -> None:
        self.under_way = 0
        self.changed = threading.Condition(threading.Lock())


_all = _Transactions()


@contextmanager
def unforked() -> Iterator[None]:
    """Let no fork of this process begin before this is over."""
    transactions = _all
    with transactions.changed:
        transactions.under_way += 1
    try:
        yield
    finally:
        with transactions.changed:
            transactions.under_way -= 1
            transactions.changed.notify_all()


def _before_fork() -> None:
    _all.changed.acquire()
    _all.changed.wait_for(lambda: _all.under_way == 0, _PATIENCE)


def _after_fork_in_parent() -> None:
    _all.changed.release()


def _after_fork_in_child() -> None:
    global _all  # noqa: PLW0603 - whoever waits for the parent's is not here
    _all = _Transactions()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
