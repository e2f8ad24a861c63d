"""The parts of `punctual up` as processes of their own, as production runs them."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

START_SECONDS = 120
STOP_SECONDS = 10
TOKEN = "correct-horse-battery-staple"


def punctual(*words: str) -> list[str]:
    return [sys.executable, "-m", "punctual.cli.main", *words]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PUNCTUAL_", "CELERY_"))}
    return kept | {"PYTHONUNBUFFERED": "1"} | more


def eventually(condition: Callable[[], object], what: str) -> Any:
    deadline = time.monotonic() + START_SECONDS
    pause = threading.Event()
    while time.monotonic() < deadline:
        if value := condition():
            return value
        pause.wait(0.1)
    pytest.fail(f"not within {START_SECONDS} s: {what}")


class Parts:
    """Processes that share one environment; what each prints goes to a file."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder = folder
        self._variables = variables
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *words: str) -> None:
        with self.log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                punctual(*words), stdout=log, stderr=subprocess.STDOUT, cwd=self._folder, env=self._variables
            )

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def expect(self, name: str, pattern: str) -> re.Match[str]:
        def found() -> re.Match[str] | None:
            return re.search(pattern, self.log(name).read_text())

        match: re.Match[str] = eventually(found, f"{pattern} in the log of {name}")
        return match


@pytest.fixture
def parts(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Parts]:
    broker = request.getfixturevalue("redis_server").create()
    database = f"sqlite:///{tmp_path / 'shared.db'}"
    variables = environment(PUNCTUAL_DATABASE_URL=database, PUNCTUAL_BROKER_URL=broker, PUNCTUAL_BOOTSTRAP_TOKEN=TOKEN)
    all_parts = Parts(tmp_path, variables)
    yield all_parts
    for process in all_parts.processes.values():
        process.kill()
        process.wait()


def call(method: str, address: str, path: str, body: object = None) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/api/v1{path}", data, headers, method=method)  # noqa: S310 - it is ours
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - same
        return json.loads(answer.read() or b"null")


def test_a_server_two_schedulers_and_a_worker_share_the_work_and_each_ends_in_time_on_sigterm(parts: Parts) -> None:
    parts.start("server", "server", "--port", "0")
    address = parts.expect("server", r"listening on (http://127\.0\.0\.1:[1-9]\d*)")[1]
    parts.start("one", "scheduler")
    parts.start("two", "scheduler")
    parts.start("worker", "worker", "--pool", "solo")
    for name in ("one", "two"):
        parts.expect(name, "action=scheduler_started")
    eventually(lambda: call("GET", address, "/tasks")["items"], "the worker has announced its tasks")
    call("POST", address, "/schedules", {"name": "beat", "task": "punctual.heartbeat", "trigger": "every 1s"})
    runs = eventually(
        lambda: len(items := call("GET", address, "/runs?state=succeeded")["items"]) >= 3 and items, "three runs"
    )
    assert len({run["fire_time"] for run in runs}) == len(runs)
    assert sum(node["live"] for node in call("GET", address, "/system")["nodes"]) == 2
    for process in parts.processes.values():
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for name, process in parts.processes.items():
        assert process.wait(max(deadline - time.monotonic(), 0)) == 0, parts.log(name).read_text()


@pytest.mark.parametrize("part", [["scheduler"], ["worker"], ["server", "--with-scheduler", "--port", "0"]])
def test_a_missing_broker_is_named_by_its_setting(tmp_path: Path, part: list[str]) -> None:
    variables = environment(PUNCTUAL_DATA_DIR=str(tmp_path / "data"))
    done = subprocess.run(
        punctual(*part), capture_output=True, text=True, env=variables, timeout=START_SECONDS, check=False
    )
    assert done.returncode == 1
    error, fix = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert "PUNCTUAL_BROKER_URL" in error
    assert fix.startswith("fix: ")


def test_an_unknown_worker_option_is_a_usage_error(tmp_path: Path) -> None:
    variables = environment(PUNCTUAL_DATA_DIR=str(tmp_path / "data"), PUNCTUAL_BROKER_URL="memory://")
    done = subprocess.run(
        punctual("worker", "--bogus"),
        capture_output=True,
        text=True,
        env=variables,
        timeout=START_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert "--bogus" in done.stderr
    assert "Traceback" not in done.stderr
