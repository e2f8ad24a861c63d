"""A node in a process of its own: `DATABASE_URL FILE step NUMBER NOW` dies of SIGKILL at a step of `crash_steps`.

`DATABASE_URL FILE race OTHER_FILE` lives until its standard input ends, by the database's time, in small batches; it
does not go on from its first batch before the node of the other file has sent one too.
"""

import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from integration.engine.crash_steps import OF_A_STEP, FileSender, set_trap
from punctual.engine import dispatcher, loop, tick
from punctual.engine.build import build_engine
from punctual.engine.sender import TaskMessage, Unsendable
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from punctual.testing import ManualClock
from servers.waiting import eventually

SMALL = 10


class SharingSender(FileSender):
    """Waits after its first batch until the other node has sent one."""

    def __init__(self, path: Path, other: Path) -> None:
        super().__init__(path)
        self._other = other

    def send(self, messages: Sequence[TaskMessage]) -> Sequence[Unsendable]:
        super().send(messages)
        eventually(self._other.exists, within=60)
        return []


def step_and_die(url: str, file: str, number: str, now: str) -> None:
    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    set_trap(OF_A_STEP[int(number)], kill, setattr)
    build_engine(Database(url), FileSender(Path(file)), ManualClock(datetime.fromisoformat(now))).step()


def race(url: str, file: str, other: str) -> None:
    tick.BATCH = loop.BATCH = SMALL  # type: ignore[attr-defined] # so that there is something to share
    dispatcher.LEASE = timedelta(minutes=5)  # none runs out while one waits for the other
    database = Database(url)
    engine = build_engine(database, SharingSender(Path(file), Path(other)), DatabaseClock(database))
    engine.start()
    sys.stdin.read()
    engine.stop(10)


if __name__ == "__main__":
    url, file, mode, *rest = sys.argv[1:]
    if mode == "step":
        step_and_die(url, file, *rest)
    else:
        race(url, file, *rest)
