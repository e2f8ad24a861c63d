"""Nodes as they run in production: processes of `punctual scheduler`."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from punctual.store import nodes
from punctual.store.database import Database

_LONGEST_START = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Node:
    """One process."""

    def __init__(self, database_url: str, broker_url: str) -> None:
        """Start it."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process runs
        self.started_at = time.time()
        self._process = subprocess.Popen(
            [Path(sys.executable).with_name("punctual"), "scheduler"],
            env={**os.environ, "PUNCTUAL_DATABASE_URL": database_url, "PUNCTUAL_BROKER_URL": broker_url},
            stdout=self._log,
            stderr=self._log,
        )
        self.pid = self._process.pid

    def wait_until_ready(self, database: Database) -> None:
        """Wait for its first heartbeat, by which it has met the database and the broker."""
        give_up_at = time.time() + _LONGEST_START
        while not self._has_signed_on(database):
            if self._process.poll() is not None or time.time() > give_up_at:
                self.stop()
                sys.exit(f"the node did not start:\n{self.log()}")
            time.sleep(0.01)

    def cpu_seconds(self) -> float:
        """Return how much of the processor it has had so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Return the megabytes (10^6 bytes) of memory that it holds."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6

    def kill(self) -> None:
        """End it at once, with no chance to tidy up."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it in good order; one that has ended already is left alone."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(timeout=30)

    def log(self) -> str:
        """Return what it has said."""
        self._log.seek(0)
        return self._log.read().decode()

    def _has_signed_on(self, database: Database) -> bool:
        with database.read() as tx:
            return any(node.pid == self.pid for node in nodes.list_all(tx))


@contextmanager
def running(database_url: str, database: Database, broker_url: str, *, count: int = 1) -> Iterator[list[Node]]:
    """Give so many nodes that are ready; what is left of them at the end is stopped."""
    started = [Node(database_url, broker_url) for _ in range(count)]
    try:
        for node in started:
            node.wait_until_ready(database)
        yield started
    finally:
        for node in started:
            node.stop()
