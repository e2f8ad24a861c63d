"""A scheduler as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.waiting import eventually


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "scheduler.log"


@pytest.fixture
def start(log: Path) -> Iterator[Callable[[str, str], subprocess.Popen[bytes]]]:
    """Start `punctual scheduler` on a database and a broker, and return once it fires."""
    processes: list[subprocess.Popen[bytes]] = []

    def scheduler(database_url: str, broker_url: str) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PUNCTUAL_", "CELERY_"))}
        variables = {"PUNCTUAL_DATABASE_URL": database_url, "PUNCTUAL_BROKER_URL": broker_url}
        with log.open("wb") as output:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "punctual.cli.main", "scheduler"],
                    env=kept | variables,
                    cwd=log.parent,
                    stdout=output,
                    stderr=output,
                )
            )
        eventually(lambda: "scheduler_started" in log.read_text(), within=60, message=lambda: log.read_text()[-3000:])
        return processes[-1]

    yield scheduler
    for process in processes:
        process.kill()
        process.wait()
