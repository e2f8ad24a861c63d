"""`punctual up` as a person meets it: real processes, started, stopped, killed, and refused."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from punctual.engine.reconcile import LOST_AFTER

START_SECONDS = 120
STOP_SECONDS = 10
CLEAN_UP_SECONDS = 12

PROJECT = """
import time
from celery import Celery

app = Celery("proj")
app.conf.task_default_queue = "of-the-project"

@app.task
def note(file, text):
    with open(file, "a") as stream:
        stream.write(text + "\\n")
    return len(text)

@app.task(acks_late=True)
def dawdle(file):
    note(file, "started")
    time.sleep(300)
"""


def eventually(condition: Callable[[], object], within: float, what: str) -> Any:
    """Wait until the condition is true, at most so many seconds; return its value."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while time.monotonic() < deadline:
        if value := condition():
            return value
        pause.wait(0.05)
    pytest.fail(f"not within {within} s: {what}")


class Up:
    """A running `punctual up`, all that it has printed, and its REST API."""

    def __init__(self, *options: str, cwd: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "punctual.cli.main", "up", "--port", "0", "--concurrency", "1", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            env=environment,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            self.lines.extend(line.rstrip("\n") for line in stream)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def expect(self, pattern: str, within: float = START_SECONDS) -> re.Match[str]:
        """Wait until what was printed matches."""

        def found() -> re.Match[str] | None:
            return re.search(pattern, self.text, re.MULTILINE)

        if self.process.poll() is not None:
            self._reader.join(5)
        return eventually(lambda: found() or self.process.poll() is not None, within, pattern) and (
            found() or pytest.fail(f"{pattern!r} not in:\n{self.text}")
        )

    def ready(self) -> "Up":
        self.expect("^  Punctual is ready$")
        self.expect("Ctrl-C stops everything")
        return self

    @property
    def address(self) -> str:
        return self.expect(r"^  Address +(http://127\.0\.0\.1:\d+)$")[1]

    @property
    def token(self) -> str:
        return self.expect(r"^  Token +(\S+)")[1]

    def call(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/api/v1{path}", data, headers, method=method)  # noqa: S310 - it is ours
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - same
            return json.loads(answer.read() or b"null")

    def processes(self) -> set[int]:
        """The pids of this process and of all its descendants."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
        rows = [
            (int(pid), int(ppid)) for pid, ppid, state in map(str.split, listed.stdout.splitlines()) if state[0] != "Z"
        ]
        found = {self.process.pid}
        while more := {pid for pid, ppid in rows if ppid in found} - found:
            found |= more
        return found

    def child(self, words: str) -> int:
        """The pid of the child whose command line has these words."""
        listed = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        )
        rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
        return next(int(pid) for pid, ppid, args in rows if int(ppid) == self.process.pid and words in args)


def running(pids: set[int]) -> set[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True)
    alive = {int(pid) for pid, state in map(str.split, listed.stdout.splitlines()) if state[0] != "Z"}
    return pids & alive


def quiet_environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PUNCTUAL_", "CELERY_"))}
    return kept | more


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a Celery project in it that knows nothing of Punctual."""
    folder = tmp_path / "project"
    (folder / "proj").mkdir(parents=True)
    (folder / "proj" / "__init__.py").touch()
    (folder / "proj" / "celery.py").write_text(PROJECT)
    return folder


Start = Callable[..., Up]


@pytest.fixture
def up(tmp_path: Path, project: Path) -> Iterator[Start]:
    started: list[Up] = []

    def start(*options: str, **environment: str) -> Up:
        data = [] if "--data-dir" in options else ["--data-dir", str(tmp_path / "data")]
        started.append(Up(*data, *options, cwd=project, environment=quiet_environment(**environment)))
        return started[-1]

    yield start
    left: set[int] = set()
    for one in started:
        left |= one.processes() if one.process.poll() is None else set()
        one.process.kill()
        one.process.wait()
    eventually(lambda: not running(left), CLEAN_UP_SECONDS, "all processes are gone")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_becomes_ready_shows_the_ways_in_and_leaves_nothing_when_it_is_stopped(
    up: Start, tmp_path: Path, stop: signal.Signals
) -> None:
    one = up().ready()
    code = one.expect(r"^  Sign in +http://127\.0\.0\.1:\d+/sign-in#code=(\S+)")[1]
    assert one.call("GET", "/health/ready")["ready"] is True
    assert one.call("GET", "/whoami")["actor"]
    one.call("POST", "/session", {"code": code})
    with pytest.raises(urllib.error.HTTPError, match="401"):
        one.call("POST", "/session", {"code": code})
    assert (tmp_path / "data" / "admin.token").read_text().strip() == one.token
    assert stat.S_IMODE((tmp_path / "data" / "admin.token").stat().st_mode) == 0o600
    pids = one.processes()
    assert len(pids) >= 5
    began = time.monotonic()
    one.process.send_signal(stop)
    assert one.process.wait(STOP_SECONDS) == 0
    assert time.monotonic() - began < STOP_SECONDS
    assert not running(pids)
    assert not (tmp_path / "data" / "valkey" / "valkey.sock").exists()


def test_the_printed_commands_work_when_they_are_copied(up: Start) -> None:
    one = up().ready()
    commands = re.search(r"1\. Make a schedule\n(.*?)\n\n.*?2\. See what it did\n(.*?)\n\n", one.text, re.DOTALL)
    assert commands is not None
    made = subprocess.run(commands[1], shell=True, capture_output=True, text=True, check=True, timeout=30)  # noqa: S602
    assert json.loads(made.stdout)["name"] == "first"
    eventually(lambda: one.call("GET", "/runs?schedule=first&state=succeeded")["items"], 30, "a run has succeeded")
    listed = subprocess.run(commands[2], shell=True, capture_output=True, text=True, check=True, timeout=30)  # noqa: S602
    assert "first" in listed.stdout


def test_after_a_kill_nothing_is_left_and_a_new_one_goes_on_with_the_same_data(up: Start) -> None:
    first = up().ready()
    first.call("POST", "/schedules", {"name": "kept", "task": "punctual.heartbeat", "trigger": "@yearly"})
    pids = first.processes()
    token = first.token
    first.process.kill()
    second = up()
    eventually(lambda: not running(pids - {first.process.pid}), CLEAN_UP_SECONDS, "all processes are gone")
    second.ready()
    assert second.token == token
    assert second.call("GET", "/schedules/kept")["task"] == "punctual.heartbeat"


def test_a_second_one_on_the_same_data_is_refused_and_the_first_goes_on(up: Start) -> None:
    first = up().ready()
    second = up()
    assert second.process.wait(30) == 1
    assert re.fullmatch(
        rf"error: Punctual already runs on .*/data \(process {first.process.pid}\)\nfix: .*--data-dir.*",
        second.expect(r"\A(.*\n.*)\Z")[1],
    )
    assert first.call("GET", "/health/ready")["ready"] is True


def test_killed_parts_come_back(up: Start) -> None:
    one = up().ready()
    for words in (" server", " worker", "valkey-server"):
        os.kill(one.child(words), signal.SIGKILL)
    one.expect("^punctual  | scheduler was ended by SIGKILL")
    schedule = {"name": "again", "task": "punctual.heartbeat", "trigger": "every 1s"}
    eventually(lambda: "again" in str(attempt(one, "POST", "/schedules", schedule)), START_SECONDS, "the API is back")
    eventually(
        lambda: attempt(one, "GET", "/runs?schedule=again&state=succeeded").get("items"),
        START_SECONDS,
        "a run succeeds",
    )


def attempt(one: Up, method: str, path: str, body: object = None) -> Any:
    """Call the API; an empty answer while it is away, the refusal when it refuses."""
    try:
        return one.call(method, path, body)
    except urllib.error.HTTPError as error:
        return json.loads(error.read())
    except OSError:
        return {}


def test_the_tasks_of_a_project_that_knows_nothing_of_punctual_are_run_and_recorded(up: Start, tmp_path: Path) -> None:
    one = up("-A", "proj.celery").ready()
    file = tmp_path / "notes"
    call = {"task": "proj.celery.note", "args": [str(file)], "kwargs": {"text": "hello"}}
    one.call("POST", "/schedules", {"name": "noted", "trigger": "every 1s", **call})
    runs = eventually(
        lambda: one.call("GET", "/runs?schedule=noted&state=succeeded")["items"], 30, "a run has succeeded"
    )
    assert runs[0]["result"] == 5
    assert set(file.read_text().split()) == {"hello"}


def test_a_busy_worker_does_not_hold_up_the_end_and_its_run_is_attempted_again_where_it_may(
    up: Start, tmp_path: Path
) -> None:
    one = up("-A", "proj.celery").ready()
    file = tmp_path / "notes"
    call = {"task": "proj.celery.dawdle", "args": [str(file)], "trigger": "@yearly"}
    one.call("POST", "/schedules", {"name": "slow", "on_lost": "rerun", **call})
    one.call("POST", "/schedules/slow/run-now")
    eventually(file.exists, 30, "the task has started")
    pids = one.processes()
    one.process.send_signal(signal.SIGINT)
    assert one.process.wait(STOP_SECONDS) == 0
    assert not running(pids)
    up("-A", "proj.celery")
    again = START_SECONDS + 2 * LOST_AFTER.total_seconds()
    eventually(lambda: len(file.read_text().split()) == 2, again, "the task has started again")


def test_a_part_that_never_starts_is_reported_with_its_last_lines_and_all_others_are_stopped(
    up: Start, project: Path
) -> None:
    with (project / "proj" / "celery.py").open("a") as code:
        code.write("import sys\nif 'server' in sys.argv: raise RuntimeError('the stars are wrong')\n")
    one = up("-A", "proj.celery")
    assert one.process.wait(START_SECONDS) == 1
    one.expect("^error: scheduler does not start; its last lines:\n(  .*\n)*  .*the stars are wrong")
    one.expect("^fix: ")


def test_a_token_from_the_environment_is_used_and_never_shown(up: Start, tmp_path: Path) -> None:
    token = "correct-horse-battery-staple"
    one = up(PUNCTUAL_BOOTSTRAP_TOKEN=token).ready()
    one.expect("^  Token +the token in PUNCTUAL_BOOTSTRAP_TOKEN$")
    assert one.call("GET", "/whoami", token=token)["actor"]
    assert token not in one.text
    assert not (tmp_path / "data" / "admin.token").exists()


def refused(options: list[str], cwd: Path, **environment: str) -> tuple[str, str]:
    """Run `punctual up`, which must refuse with one line and one fix; return both."""
    done = subprocess.run(
        [sys.executable, "-m", "punctual.cli.main", "up", *options],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=quiet_environment(**environment),
        timeout=START_SECONDS,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert not done.stdout
    error, fix = done.stderr.splitlines()
    return error.removeprefix("error: "), fix.removeprefix("fix: ")


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error, fix = refused(["--data-dir", str(tmp_path / "data"), "--port", str(port)], tmp_path)
    assert error == f"port {port} on 127.0.0.1 is in use"
    assert "--port" in fix


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    error, fix = refused(["--data-dir", str(folder), "--port", "0"], tmp_path)
    assert error == f"cannot write to the data folder {folder}: Not a directory"
    assert "--data-dir" in fix


def test_an_app_that_is_not_there_is_named(tmp_path: Path) -> None:
    error, fix = refused(["-A", "nope.celery", "--data-dir", str(tmp_path / "data"), "--port", "0"], tmp_path)
    assert "'nope.celery'" in error
    assert fix


def test_an_app_that_cannot_be_imported_is_named_with_the_reason(project: Path, tmp_path: Path) -> None:
    (project / "broken.py").write_text("print('noise'); 1 / 0")
    error, _ = refused_with_noise(["-A", "broken", "--data-dir", str(tmp_path / "data"), "--port", "0"], project)
    assert "ZeroDivisionError" in error


def refused_with_noise(options: list[str], cwd: Path) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "punctual.cli.main", "up", *options],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=quiet_environment(),
        timeout=START_SECONDS,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    error, fix = done.stderr.splitlines()[-2:]
    return error, fix


def test_a_setting_out_of_range_is_named(tmp_path: Path) -> None:
    error, _ = refused(["--data-dir", str(tmp_path / "data")], tmp_path, PUNCTUAL_LOG_LEVEL="LOUD")
    assert "PUNCTUAL_LOG_LEVEL" in error


def test_a_database_that_does_not_answer_is_reported(tmp_path: Path) -> None:
    address = "postgresql://nobody:secret@127.0.0.1:1/none"
    error, fix = refused(["--data-dir", str(tmp_path / "data"), "--port", "0"], tmp_path, PUNCTUAL_DATABASE_URL=address)
    assert "database" in error
    assert "secret" not in error + fix
