"""The lock on a data folder: one `punctual up` at a time, counting what a killed one has left behind."""

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path

from punctual.domain.clock import monotonic
from punctual.domain.errors import SetupError

_NAME = "punctual.lock"
_STOPPING = "stopping"
_LOOK_AGAIN_AFTER = 0.1
_CERTAIN_AFTER = 0.4
"""Seconds until a holder counts as alive: the guard of a killed one says within milliseconds that it is stopping."""


def make_folder(folder: Path) -> None:
    """Make the data folder, private to its owner; raise SetupError when nothing can be written there."""
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
        probe = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"cannot write to the data folder {folder}: {error.strerror}"
        raise SetupError(message, fix="Name a folder that you may write to: --data-dir FOLDER.") from error
    os.close(probe)


class FolderLock:
    """Holds `punctual.lock` of a data folder, by flock, as long as any process has the descriptor open."""

    def __init__(self, descriptor: int) -> None:
        """Wrap a locked descriptor; use `take`."""
        self.descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, *, wait: float = 12.0, say: Callable[[str], None]) -> "FolderLock":
        """Lock the folder.

        When a former `punctual up` is still stopping, wait for it, at most `wait` seconds, after one call of `say`.
        Raises SetupError when another one is running.
        """
        descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _wait_until_locked(descriptor, folder, wait, say)
        except BaseException:
            os.close(descriptor)
            raise
        _write(descriptor, str(os.getpid()))
        return cls(descriptor)

    def mark_stopping(self) -> None:
        """Tell the next one that the folder will be free soon."""
        _write(self.descriptor, _STOPPING)

    def release(self) -> None:
        """Give the folder free, as far as this process is concerned."""
        os.close(self.descriptor)


def _wait_until_locked(descriptor: int, folder: Path, wait: float, say: Callable[[str], None]) -> None:
    began = monotonic()
    said = False
    pause = threading.Event()
    while not _locked(descriptor, folder):
        waited = monotonic() - began
        stopping = _is_stopping(_holder(descriptor))
        if waited >= wait or (waited >= _CERTAIN_AFTER and not stopping):
            raise _taken(folder, _holder(descriptor))
        if stopping and not said:
            said = True
            say(f"waiting for the former `punctual up` on {folder} to stop")
        pause.wait(_LOOK_AGAIN_AFTER)


def _locked(descriptor: int, folder: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        message = f"cannot lock the data folder {folder}: {error.strerror}"
        raise SetupError(message, fix="Name a folder on a local disk: --data-dir FOLDER.") from error
    return True


def _holder(descriptor: int) -> str:
    """Return what the holder wrote: its process id, or that it is stopping."""
    return os.pread(descriptor, 64, 0).decode(errors="replace").strip()


def _is_stopping(holder: str) -> bool:
    if not holder.isdecimal():
        return bool(holder)
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _taken(folder: Path, holder: str) -> SetupError:
    if holder.isdecimal():
        return SetupError(
            f"Punctual already runs on {folder} (process {holder})",
            fix=f"Use that one, stop it with `kill {holder}`, or give this one its own folder: --data-dir FOLDER.",
        )
    return SetupError(
        f"processes of a former `punctual up` on {folder} do not stop",
        fix="Wait a moment and try again, or give this one its own folder: --data-dir FOLDER.",
    )


def _write(descriptor: int, text: str) -> None:
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
