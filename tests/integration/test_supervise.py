"""The supervisor with real processes: what it starts is restarted, is stopped in order, and never outlives it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from punctual.domain.clock import monotonic

SUPERVISING = """
import json, sys
from pathlib import Path
from punctual.cli.supervise.child import Backoff, ChildSpec
from punctual.cli.supervise.guard import Patience
from punctual.cli.supervise.lock import FolderLock, make_folder
from punctual.cli.supervise.output import Output
from punctual.cli.supervise.supervisor import StopAsked, Supervisor

folder, children, patience = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
make_folder(folder)
output = Output()
lock = FolderLock.take(folder, say=output.notice)
backoff = Backoff(first=0.05, longest=0.2)
supervisor = Supervisor(lock=lock.descriptor, output=output, backoff=backoff, patience=Patience(**patience))
supervisor.open()
output.line("guard", f"pid {supervisor.guard.pid}")
for child in children:
    supervisor.start(ChildSpec(**child))
while not isinstance(supervisor.events.get(), StopAsked):
    pass
lock.mark_stopping()
supervisor.stop()
output.notice("all stopped")
"""

WAITING = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("pid", os.getpid(), flush=True)
signal.sigwait({signal.SIGTERM})
print("got TERM", flush=True)
"""
STUBBORN = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pid", os.getpid(), flush=True)
while True:
    signal.pause()
"""
BUSY = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGQUIT})
print("pid", os.getpid(), flush=True)
signal.sigwait({signal.SIGQUIT})
print("got QUIT", flush=True)
"""
CHATTY = """
import signal
for number in range(200):
    print("x" * 500, number, flush=number % 7 == 0)
print("end", flush=True)
signal.pause()
"""
WITH_POOL = """
import os, subprocess, signal, sys
member = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("pool", member.pid, flush=True)
print("pid", os.getpid(), flush=True)
signal.pause()
"""


def child(name: str, code: str, **options: object) -> dict[str, object]:
    return {"name": name, "command": [sys.executable, "-I", "-S", "-c", code], **options}


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie, which only waits for its parent's attention, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def gone(*pids: int) -> bool:
    """Wait until none of the processes runs: those killed at the very end may take a moment to go."""
    deadline = monotonic() + 5
    pause = threading.Event()
    while any(alive(pid) for pid in pids) and monotonic() < deadline:
        pause.wait(0.02)
    return not any(alive(pid) for pid in pids)


class Supervising:
    """A process that runs a supervisor with the given children, and all it has printed so far."""

    def __init__(self, folder: Path, *children: dict[str, object], **patience: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISING, str(folder), json.dumps(children), json.dumps(patience)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def expect(self, pattern: str, *, times: int = 1, within: float = 30) -> list[re.Match[str]]:
        """Wait until so many lines match; return the matches."""

        def found() -> list[re.Match[str]]:
            return [match for line in self.lines if (match := re.search(pattern, line))]

        with self._changed:
            self._changed.wait_for(lambda: len(found()) >= times or self._ended, within)
            assert len(found()) >= times, f"{pattern!r} not found {times} times in:\n" + "\n".join(self.lines)
            return found()

    def pid(self, name: str, *, nth: int = 1) -> int:
        """Wait for the nth process of a child; return its pid."""
        return int(self.expect(rf"^{name} +\| pid (\d+)", times=nth)[nth - 1][1])

    def wait_until_silent(self, within: float) -> None:
        """Wait until nobody holds the output any more: the supervisor, its guard and its children."""
        self._reader.join(within)
        assert not self._reader.is_alive(), "\n".join(self.lines)


Supervise = Callable[..., Supervising]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervising]]:
    started: list[Supervising] = []

    def start(*children: dict[str, object], **patience: float) -> Supervising:
        started.append(Supervising(tmp_path / "data", *children, **patience))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        one.wait_until_silent(within=15)


def test_each_line_of_a_child_is_printed_once_and_whole_under_its_name(supervise: Supervise) -> None:
    one = supervise(child("left", CHATTY), child("right", CHATTY))
    one.expect(r"^left      \| end$")
    one.expect(r"^right     \| end$")
    for name in ("left", "right"):
        printed = [line for line in one.lines if line.startswith(name)]
        assert [line.split()[-1] for line in printed] == [*map(str, range(200)), "end"]
        assert all(re.fullmatch(rf"{name} +\| x{{500}} \d+", line) for line in printed[:-1])


def test_a_child_that_ends_is_started_again_with_growing_pauses(supervise: Supervise) -> None:
    one = supervise(child("worker", "print('started', flush=True); raise SystemExit(3)"))
    one.expect(r"^worker    \| started$", times=5)
    pauses = [
        match[1] for match in one.expect(r"worker ended with exit code 3; starting it again in ([\d.]+) s", times=4)
    ]
    assert pauses[:4] == ["0.05", "0.1", "0.2", "0.2"]


def test_a_killed_child_is_started_again_and_leaves_no_pool_process(supervise: Supervise) -> None:
    one = supervise(child("worker", WITH_POOL))
    first, member = one.pid("worker"), int(one.expect(r"pool (\d+)")[0][1])
    os.kill(first, signal.SIGKILL)
    one.expect("worker was ended by SIGKILL")
    assert one.pid("worker", nth=2) != first
    assert gone(member)


def test_a_command_that_does_not_exist_is_reported_and_tried_again(supervise: Supervise) -> None:
    one = supervise({"name": "broken", "command": ["/no/such/program"]})
    one.expect("broken ended with exit code 127", times=2)


def test_a_signal_stops_ordinary_children_first_and_the_last_ones_afterwards(supervise: Supervise) -> None:
    one = supervise(child("broker", WAITING, last=True), child("worker", WAITING), child("server", WAITING))
    for name in ("broker", "worker", "server"):
        one.pid(name)
    one.process.send_signal(signal.SIGINT)
    assert one.process.wait(20) == 0
    one.wait_until_silent(within=1)
    ends = [line.split()[0] for line in one.lines if line.endswith("got TERM")]
    assert sorted(ends[:2]) == ["server", "worker"]
    assert ends[2] == "broker"
    assert one.lines[-1] == "punctual  | all stopped"


@pytest.fixture
def heeded_hangup() -> Iterator[None]:
    """Let children heed SIGHUP, even where the tests themselves run under nohup."""
    former = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, former)


@pytest.mark.usefixtures("heeded_hangup")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_every_polite_signal_stops_all(supervise: Supervise, name: str) -> None:
    one = supervise(child("worker", WAITING))
    pids = [one.pid("worker"), one.pid("guard")]
    one.process.send_signal(signal.Signals[name])
    assert one.process.wait(20) == 0
    assert gone(*pids)


def test_a_busy_child_is_asked_to_give_its_work_back_before_it_is_killed(supervise: Supervise) -> None:
    one = supervise(child("worker", BUSY, quits=True), quit_after=0.2, kill_after=20)
    one.pid("worker")
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(20) == 0
    one.expect("^worker    \\| got QUIT")


def test_a_stubborn_child_is_killed_in_time(supervise: Supervise) -> None:
    one = supervise(
        child("worker", STUBBORN), child("broker", STUBBORN, last=True), kill_after=0.3, kill_last_after=0.2
    )
    pids = [one.pid("worker"), one.pid("broker")]
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(20) == 0
    assert gone(*pids)


def test_a_second_signal_kills_at_once(supervise: Supervise) -> None:
    one = supervise(child("worker", STUBBORN), kill_after=60)
    pid = one.pid("worker")
    one.process.send_signal(signal.SIGINT)
    one.process.send_signal(signal.SIGTERM)  # a different one, so that the two are not merged
    assert one.process.wait(20) == 0
    assert gone(pid)


def test_nothing_outlives_a_killed_supervisor(supervise: Supervise) -> None:
    one = supervise(
        child("worker", WITH_POOL), child("stubborn", STUBBORN), child("broker", WAITING, last=True), kill_after=0.5
    )
    pids = [one.pid(name) for name in ("worker", "stubborn", "broker", "guard")]
    pids.append(int(one.expect(r"pool (\d+)")[0][1]))
    one.process.kill()
    one.wait_until_silent(within=20)
    assert gone(*pids)


def test_nothing_outlives_a_supervisor_that_is_killed_while_it_starts_children(supervise: Supervise) -> None:
    for _ in range(5):
        one = supervise(*(child(f"child{n}", WAITING) for n in range(6)))
        one.pid("guard")
        one.process.kill()
        one.wait_until_silent(within=20)
        started = [int(match[1]) for match in one.expect(r"^child\d +\| pid (\d+)", times=0)]
        assert gone(*started)


def test_a_killed_guard_is_replaced_by_one_that_knows_every_child(supervise: Supervise) -> None:
    one = supervise(child("worker", WAITING))
    worker, guard = one.pid("worker"), one.pid("guard")
    os.kill(guard, signal.SIGKILL)
    second = next_guard(one.process.pid, but=guard)
    one.process.kill()
    one.wait_until_silent(within=20)
    assert gone(worker)
    assert gone(second)


def next_guard(parent: int, *, but: int) -> int:
    """Wait for a guard process of this supervisor other than `but`; return its pid."""
    deadline = monotonic() + 10
    pause = threading.Event()
    while monotonic() < deadline:
        command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        for line in listed.stdout.splitlines():
            pid, ppid, arguments = line.split(None, 2)
            if int(ppid) == parent and "guard_process" in arguments and int(pid) != but:
                return int(pid)
        pause.wait(0.05)
    pytest.fail("the guard was not replaced")


def test_the_guard_ignores_the_signals_that_stop_the_supervisor(supervise: Supervise) -> None:
    one = supervise(child("worker", WAITING))
    worker, guard = one.pid("worker"), one.pid("guard")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(guard, number)
    one.process.kill()
    one.wait_until_silent(within=20)
    assert gone(worker)


def test_a_second_supervisor_on_the_same_folder_is_refused_and_told_of_the_first(supervise: Supervise) -> None:
    first = supervise(child("worker", WAITING))
    first.pid("worker")
    second = supervise(child("worker", WAITING))
    assert second.process.wait(20) == 1
    second.expect(rf"already runs on .*data \(process {first.process.pid}\)")
    assert alive(first.pid("worker"))


def test_after_a_kill_the_next_one_waits_until_all_is_gone(supervise: Supervise) -> None:
    first = supervise(child("stubborn", STUBBORN), kill_after=1.5)
    left = first.pid("stubborn")
    first.process.kill()
    second = supervise(child("worker", WAITING))
    second.expect("waiting for the former `punctual up` on .* to stop")
    second.pid("worker")
    assert gone(left)
