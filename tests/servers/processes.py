"""Private server processes for the tests: started on free ports, dead when the test session is."""

import atexit
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: loading a library between fork and exec can deadlock.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServerProcess:
    """A child process that ends with this one, whatever ends this one (on Linux the kernel sees to it).

    What the server prints is kept in `log`; it runs in the log's folder.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        user: pwd.struct_passwd | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start it."""
        self._name = Path(command[0]).name
        self._log = log
        self._stop_signal = stop_signal
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment) if environment is not None else None,
                cwd=log.parent,
                start_new_session=True,
                preexec_fn=lambda: _end_with_parent(stop_signal),  # noqa: PLW1509 - it makes one system call
                **user_arguments(user),
            )
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The code it ended with; None while it lives."""
        return self._process.poll()

    def wait_until(self, ready: Callable[[], bool], *, within: float) -> None:
        """Wait until the server is ready; fails with the end of its log when it ends, or `within` seconds pass."""
        deadline = time.monotonic() + within
        while not ready():
            if self._process.poll() is not None:
                self._fail(f"ended with code {self._process.returncode} instead of starting")
            if time.monotonic() > deadline:
                self._fail(f"was not ready within {within} s")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, the hard way when it takes more than ten seconds."""
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def kill(self) -> None:
        """End it as a crash would, and all processes of its group with it."""
        atexit.unregister(self.stop)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _fail(self, what: str) -> NoReturn:
        tail = self._log.read_text(errors="replace")[-3000:]
        self.stop()
        message = f"{self._name} {what}:\n{tail}"
        raise RuntimeError(message)


def _end_with_parent(stop_signal: signal.Signals) -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop_signal))


def unprivileged(name: str) -> pwd.struct_passwd | None:
    """Return whom to run a server as that refuses root: the named user or `nobody`; None where we are not root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    return pwd.getpwnam("nobody")


def user_arguments(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return the arguments of Popen that make the child this user's."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_port() -> int:
    """Return a port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts_connections(port: int) -> bool:
    """Tell whether something listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find_program(name: str, *folders: Path) -> Path | None:
    """Return the program from PATH, else from the first of the folders that has it."""
    found = shutil.which(name) or next((shutil.which(name, path=str(folder)) for folder in folders), None)
    return Path(found) if found else None


def unavailable(what: str) -> NoReturn:
    """Skip the test for want of a server, or fail it where PUNCTUAL_REQUIRE_SERVICES says that all must run."""
    if os.environ.get("PUNCTUAL_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} (and PUNCTUAL_REQUIRE_SERVICES=1 makes that an error)", pytrace=False)
    pytest.skip(what)
