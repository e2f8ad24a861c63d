"""From nothing to finished runs with real processes: on one machine, and on PostgreSQL with Redis or RabbitMQ."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from servers.processes import free_port
from servers.waiting import eventually

TOKEN = "acceptance-token-of-the-main-path"
FILES = 2000
START_SECONDS = 90


class Punctual:
    """Processes of Punctual with one environment, and the REST API that they serve."""

    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.folder = folder
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("PUNCTUAL_", "CELERY_"))},
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "share"),
            "PUNCTUAL_PORT": str(self.port),
            "PUNCTUAL_URL": f"http://127.0.0.1:{self.port}",
            "PUNCTUAL_BOOTSTRAP_TOKEN": TOKEN,
            **settings,
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `python -m …`, its output in a file of the folder."""
        log = self.folder / f"{len(self.processes)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """Ask all processes to stop, the last started first, and expect each to end in good order."""
        for process in reversed(self.processes):
            process.send_signal(self.stop_signal)
        for process in self.processes:
            assert process.wait(timeout=30) == 0, self.output()
        self.processes.clear()

    def kill(self) -> None:
        """End whatever is left."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def output(self) -> str:
        """Return what the processes printed last."""
        return "\n".join(f"{log.name}:\n{log.read_text()[-3000:]}" for log in sorted(self.folder.glob("*.log")))

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the API as the administrator; returns the JSON."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            return json.loads(answer.read() or "null")

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert all(process.poll() is None for process in self.processes), "a process ended"
            try:
                return bool(self.call("GET", "/health/ready")["ready"])
            except OSError:
                return False

        eventually(ready, within=START_SECONDS, message=lambda: f"not ready\n{self.output()}")

    def runs(self) -> list[dict[str, Any]]:
        """Return the whole ledger, the oldest fire time first."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.call("GET", f"/runs?limit=200{cursor}")
            found += page["items"]
            if page["next_cursor"] is None:
                return found[::-1]
            cursor = f"&cursor={page['next_cursor']}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for number in range(FILES):
        place = folder / f"part {number % 20}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"file {number}.txt").write_text(f"content {number}\n" * 20)
    return folder


def _up(folder: Path, **settings: str) -> Punctual:
    """Everything on this machine; a person stops it with Ctrl-C."""
    punctual = Punctual(folder, **settings)
    punctual.stop_signal = signal.SIGINT
    punctual.start("punctual.cli.main", "up")
    return punctual


def _apart(folder: Path, **settings: str) -> Punctual:
    """As in production: a server, two schedulers and an ordinary Celery worker."""
    punctual = Punctual(folder, **settings)
    punctual.start("punctual.cli.main", "server")
    punctual.start("punctual.cli.main", "scheduler")
    punctual.start("punctual.cli.main", "scheduler")
    punctual.start("celery", "-A", "punctual.celery.app", "worker", "--concurrency", "2")
    return punctual


@pytest.fixture(params=["one machine", "postgres and redis", "postgres and rabbitmq"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Punctual]]:
    """Start Punctual with everything it needs, on the same data each time."""
    settings: dict[str, str] = {}
    if request.param != "one machine":
        broker = "redis_url" if request.param.endswith("redis") else "rabbitmq_url"
        settings["PUNCTUAL_DATABASE_URL"] = request.getfixturevalue("postgres_url")
        settings["PUNCTUAL_BROKER_URL"] = request.getfixturevalue(broker)
    launch = _apart if settings else _up
    started: list[Punctual] = []

    def begin() -> Punctual:
        folder = tmp_path / "home"
        folder.mkdir(exist_ok=True)
        punctual = launch(folder, **settings)
        started.append(punctual)
        punctual.wait_until_ready()
        return punctual

    yield begin
    for punctual in started:
        punctual.kill()


def test_a_schedule_archives_a_folder_every_two_seconds_and_goes_on_after_a_restart(
    start: Callable[[], Punctual], source: Path, tmp_path: Path
) -> None:
    destination = tmp_path / "archives"
    punctual = start()
    schedule = {
        "name": "archive",
        "task": "punctual.archive_folder",
        "kwargs": {"source": str(source), "destination": str(destination), "keep": 1000},
        "trigger": "every 2s",
    }
    punctual.call("POST", "/schedules", schedule)
    eventually(
        lambda: len(_succeeded(punctual)) >= 2, within=30, message=lambda: f"no two runs finished\n{punctual.output()}"
    )
    for run in _succeeded(punctual):
        assert run["worker"]
        assert run["started_at"] <= run["finished_at"]
        _assert_complete(Path(run["result"]["archive"]), source)

    punctual.stop()
    before = len(list(destination.glob("*.tar.gz")))
    again = start()
    eventually(lambda: len(_succeeded(again)) > before, within=30, message=lambda: f"it stopped\n{again.output()}")
    again.call("POST", "/schedules/archive/pause", {})
    eventually(lambda: _all_ended(again), within=30, message=lambda: f"runs hang\n{again.output()}")
    _assert_ledger_is_whole(again.runs())
    archives = [run["result"]["archive"] for run in _succeeded(again)]
    assert len(archives) == len(set(archives))
    assert sorted(archives) == sorted(str(path) for path in destination.glob("*.tar.gz"))
    again.stop()


def _succeeded(punctual: Punctual) -> list[dict[str, Any]]:
    return [run for run in punctual.runs() if run["state"] == "succeeded"]


def _all_ended(punctual: Punctual) -> bool:
    return all(run["state"] in {"succeeded", "missed"} for run in punctual.runs())


def _assert_complete(archive: Path, source: Path) -> None:
    with tarfile.open(archive) as content:
        found = {
            member.name.split("/", 1)[1]: content.extractfile(member).read()  # type: ignore[union-attr]
            for member in content.getmembers()
            if member.isfile()
        }
    assert found == {str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*") if path.is_file()}


def _assert_ledger_is_whole(runs: list[dict[str, Any]]) -> None:
    """Every fire time from the first to the last is in exactly one record."""
    fire_times: list[datetime] = []
    for run in runs:
        first = datetime.fromisoformat(run["fire_time"])
        count = run["covered_count"] or 1
        fire_times += [first + timedelta(seconds=2 * number) for number in range(count)]
        if run["state"] == "missed":
            assert fire_times[-1] == datetime.fromisoformat(run["covered_until"])
    expected = [fire_times[0] + timedelta(seconds=2 * number) for number in range(len(fire_times))]
    assert fire_times == expected
