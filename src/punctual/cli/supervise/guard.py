"""The supervisor's end of the guard: it starts the guard, keeps it running and tells it every child."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from punctual.cli.supervise import guard_process
from punctual.domain.clock import monotonic

_IGNORED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_SHORT_LIFE = 1.0
"""Seconds; a guard that dies sooner is replaced only after as long a pause."""


@dataclass(frozen=True)
class Patience:
    """Seconds until a stopping child gets SIGQUIT (if it understands it), and until it is killed.

    `kill_last_after` is for the children that stop last; the whole takes at most `kill_after + kill_last_after`.
    """

    quit_after: float = 6.0
    kill_after: float = 8.0
    kill_last_after: float = 2.0


class Guard:
    """One guard process for the life of the supervisor; when it dies, another takes its place and is told everything.

    `lock` is the descriptor of the locked file of the data folder: the guard keeps it until the last child is gone.
    Safe to use from several threads.
    """

    def __init__(self, lock: int, patience: Patience) -> None:
        """Prepare; `start` starts the process."""
        self._lock = lock
        self._times = [str(patience.quit_after), str(patience.kill_after), str(patience.kill_last_after)]
        self._children: dict[int, str] = {}
        self._mutex = threading.Lock()
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._keeper = threading.Thread(target=self._keep, name="guard", daemon=True)

    @property
    def pid(self) -> int | None:
        """The guard's process id; None before the start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the guard; from here on no child outlives this process."""
        with self._mutex:
            self._launch()
        self._keeper.start()

    @contextlib.contextmanager
    def registration(self) -> Iterator[int]:
        """Give the descriptor on which a child announces itself before it becomes its program.

        A child that holds it keeps the guard waiting, so no death of this process falls between fork and announcement.
        """
        with self._mutex:
            yield self._pipe

    def remember(self, pid: int, *, last: bool, quits: bool) -> None:
        """Remember a child that has announced itself, for the guard that may come after this one."""
        with self._mutex:
            self._children[pid] = announcement(str(pid), last=last, quits=quits)
            self._tell(self._children[pid])

    def forget(self, pid: int) -> None:
        """Tell that a child and its group are gone, so that its pid is not signalled when it is somebody else's."""
        with self._mutex:
            self._children.pop(pid, None)
            self._tell(f"- {pid}\n")

    def close(self) -> None:
        """Let the guard end (at once when no child is left) and wait for it."""
        self._closed.set()
        with self._mutex:
            os.close(self._pipe)
            process = self._process
        if process is not None:
            process.wait()
        self._keeper.join()

    def _launch(self) -> None:
        reading, writing = os.pipe()
        former = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)  # inherited, until the guard itself ignores them
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own file, run by our own interpreter
                [sys.executable, "-I", "-S", guard_process.__file__, str(self._lock), *self._times],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                pass_fds=[self._lock],
                cwd=Path("/"),
                start_new_session=True,
            )
        except BaseException:
            os.close(writing)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
            os.close(reading)
        if self._pipe >= 0:
            os.close(self._pipe)
        self._pipe = writing
        self._tell("".join(self._children.values()))

    def _tell(self, events: str) -> None:
        """Write to the guard; one that has died meanwhile is replaced and told everything anyway."""
        with contextlib.suppress(OSError):
            os.write(self._pipe, events.encode())

    def _keep(self) -> None:
        """Replace the guard whenever it dies."""
        while not self._closed.is_set():
            process = self._process
            if process is None:
                return
            began = monotonic()
            process.wait()
            if self._closed.wait(0 if monotonic() - began > _SHORT_LIFE else _SHORT_LIFE):
                return
            with self._mutex, contextlib.suppress(OSError):
                if not self._closed.is_set():
                    self._launch()


def announcement(pid: str, *, last: bool, quits: bool) -> str:
    """Return the line that tells the guard of a child."""
    return f"+ {pid} {int(last)} {int(quits)}\n"
