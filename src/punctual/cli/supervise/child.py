"""A child of the supervisor: one process group that is started again whenever it ends."""

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from punctual.cli.supervise.guard import Guard, announcement
from punctual.cli.supervise.guard_process import send
from punctual.cli.supervise.output import Output
from punctual.domain.clock import monotonic

_LONGEST_LINE = 65_536
_LAST_LINES = 20
_DRAIN_AFTER = 2.0

_LAUNCHER = 'echo "$0" >&0 && exec "$@" </dev/null'
"""The shell announces itself to the guard on its standard input and becomes the program: no moment without a guard."""


@dataclass(frozen=True)
class ChildSpec:
    """What to run and how it stops.

    `last`: it stops after all children that are not. `quits`: it understands SIGQUIT as "drop your work and end".
    Lines in which the pattern `hidden` is found are not printed.
    `before_restart` is called with the last lines of a process that ended, before it is started again.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    last: bool = False
    quits: bool = False
    hidden: str | None = None
    before_restart: Callable[[Sequence[str]], None] | None = None


@dataclass(frozen=True)
class Backoff:
    """How long to wait before starting a child again: doubling from `first` to `longest` seconds.

    A child that ran for `healthy_after` seconds starts at `first` again.
    """

    first: float = 0.5
    longest: float = 30.0
    healthy_after: float = 60.0

    def after(self, previous: float | None, ran_for: float) -> float:
        """Return the next pause, given the one before (None at first) and how long the child ran since."""
        if previous is None or ran_for >= self.healthy_after:
            return self.first
        return min(previous * 2, self.longest)


class Child:
    """Runs a ChildSpec in its own session until it is stopped.

    `on_end` is called (in another thread) after each end that nobody asked for, `on_gone` after the final one.
    """

    def __init__(
        self,
        spec: ChildSpec,
        *,
        guard: Guard,
        output: Output,
        backoff: Backoff,
        on_end: Callable[["Child"], None],
        on_gone: Callable[["Child"], None],
    ) -> None:
        """Prepare; `start` starts it."""
        self.spec = spec
        self.ends = 0
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._guard = guard
        self._output = output
        self._backoff = backoff
        self._on_end = on_end
        self._on_gone = on_gone
        self._process: subprocess.Popen[bytes] | None = None
        self._mutex = threading.Lock()
        self._stopping = threading.Event()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._run, name=spec.name, daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id of the present process, and the id of its group; None while there is none."""
        with self._mutex:
            return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the child; it is started again until `stop`."""
        self._thread.start()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Do not start it again, and send it a signal."""
        self._stopping.set()
        with self._mutex:
            if self._process is not None:
                self._process.send_signal(number)

    def kill(self) -> None:
        """Do not start it again, and kill its whole group."""
        self._stopping.set()
        with self._mutex:
            if self._process is not None:
                send(self._process.pid, signal.SIGKILL, group=True)

    @property
    def gone(self) -> bool:
        """Whether the child has been stopped, and nothing of it is left."""
        return self._finished.is_set()

    def _run(self) -> None:
        try:
            self._run_until_stopped()
        finally:
            self._finished.set()
            self._on_gone(self)

    def _run_until_stopped(self) -> None:
        pause: float | None = None
        while not self._stopping.is_set():
            began = monotonic()
            how = self._run_once()
            if self._stopping.is_set():
                return
            pause = self._backoff.after(pause, monotonic() - began)
            self.ends += 1
            self._output.notice(f"{self.spec.name} {how}; starting it again in {pause:g} s")
            self._on_end(self)
            self._stopping.wait(pause)
            if self.spec.before_restart is not None and not self._stopping.is_set():
                self.spec.before_restart(tuple(self.last_lines))

    def _run_once(self) -> str:
        """Run the process to its end; return how it ended, in words."""
        try:
            process = self._launch()
        except OSError as error:
            return f"could not be started: {error.strerror}"
        if process is None:
            return "was stopped"
        reader = threading.Thread(target=self._copy, args=(process,), name=f"{self.spec.name}-output", daemon=True)
        reader.start()
        status = process.wait()
        with self._mutex:
            self._process = None
        send(process.pid, signal.SIGKILL, group=True)  # what a killed leader leaves behind: pool processes
        reader.join(_DRAIN_AFTER)
        self._guard.forget(process.pid)
        return describe(status)

    def _launch(self) -> subprocess.Popen[bytes] | None:
        spec = self.spec
        hello = announcement("$$", last=spec.last, quits=spec.quits).rstrip()
        with self._mutex:
            if self._stopping.is_set():
                return None
            self.last_lines.clear()
            with self._guard.registration() as registration:
                self._process = subprocess.Popen(  # noqa: S603 - the command is made by `punctual up`
                    ["/bin/sh", "-c", _LAUNCHER.replace("$0", hello), spec.name, *spec.command],
                    stdin=registration,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=dict(spec.environment),
                    start_new_session=True,
                )
            self._guard.remember(self._process.pid, last=spec.last, quits=spec.quits)
            return self._process

    def _copy(self, process: subprocess.Popen[bytes]) -> None:
        """Print what the process writes, line by line, and keep the last lines."""
        stream = process.stdout
        if stream is None:
            return
        with stream, contextlib.suppress(ValueError):
            while line := stream.readline(_LONGEST_LINE):
                text = line.decode(errors="replace").rstrip("\r\n")
                if self.spec.hidden is not None and re.search(self.spec.hidden, text):
                    continue
                self.last_lines.append(text)
                self._output.line(self.spec.name, text)


def describe(status: int) -> str:
    """Say in words how a process ended, from its return code as `subprocess` gives it."""
    if status >= 0:
        return f"ended with exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was ended by {name}"
