"""What each process of a worker counts, added up in its main process.

A process of the pool has its numbers in a small file that is mapped into its memory, so that they outlive it: the main
process reads them with each sign of life, without a word to any process, and keeps those of the processes that died.
"""

import contextlib
import logging
import mmap
import os
import shutil
import struct
import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

logger = logging.getLogger(__name__)

_NUMBERS = struct.Struct("=qqq")
_TEXT = struct.Struct("=H400s")
_PREFIX = "punctual-worker-"
_LEFT_OVER_SECONDS = 24 * 3600.0
_SIZE = _NUMBERS.size + _TEXT.size


@dataclass(frozen=True, slots=True)
class Counts:
    """How many second starts were refused, how many records wait, why, and how many were dropped."""

    refused: int = 0
    waiting: int = 0
    dropped: int = 0
    error: str | None = None

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sums; of two reasons the first."""
        return Counts(
            self.refused + other.refused,
            self.waiting + other.waiting,
            self.dropped + other.dropped,
            self.error or other.error,
        )


class Tally:
    """The counts of one process; may be used by several threads.

    They are seen by the worker's main process where there is a folder for them, else by this process alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Open nothing yet."""
        self._folder = folder
        self._lock = threading.Lock()
        self._memory: mmap.mmap | bytearray | None = None
        self._counts = Counts()

    @property
    def counts(self) -> Counts:
        """What was counted."""
        return self._counts

    def refused(self) -> None:
        """Count a second start that was refused."""
        with self._lock:
            self._keep(self._counts + Counts(refused=1))

    def waits(self, waiting: int, error: str | None) -> None:
        """Note how many records wait now, and why; None when that is not out of the ordinary."""
        with self._lock:
            self._keep(Counts(self._counts.refused, waiting, self._counts.dropped, error))

    def dropped(self, number: int) -> None:
        """Count records that were dropped."""
        with self._lock:
            self._keep(self._counts + Counts(dropped=number))

    def _keep(self, counts: Counts) -> None:
        if self._memory is None:
            self._memory, before = _open(self._folder)
            counts += before
        _write(self._memory, counts)
        self._counts = counts


class TallyFolder:
    """The counts of all processes that a life of a worker has had."""

    def __init__(self, worker_id: UUID) -> None:
        """Make nothing yet."""
        self.path = tally_folder(worker_id)
        self._gone = Counts()

    def total(self) -> Counts:
        """Return the sum; what waited in a process that died is dropped."""
        total = Counts()
        for file in self._files():
            counts = _read(file)
            if lives(int(file.name)):
                total += counts
            else:
                self._gone += Counts(counts.refused, 0, counts.dropped + counts.waiting)
                file.unlink(missing_ok=True)
        return total + self._gone

    def remove(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _files(self) -> list[Path]:
        try:
            return sorted(self.path.iterdir())
        except OSError:  # no process has counted anything yet, or there is no room for it
            return []


def tally_folder(worker_id: UUID) -> Path:
    """Return the folder in which the processes of a life of a worker leave their counts."""
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{worker_id}"


def remove_left_over(now: datetime) -> None:
    """Remove the folders of workers on this machine that were killed more than a day ago."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):  # another user's, or just removed by another worker
            untouched = now.timestamp() - folder.stat().st_mtime
            if untouched > _LEFT_OVER_SECONDS and not any(lives(int(file.name)) for file in folder.iterdir()):
                shutil.rmtree(folder)


def lives(pid: int) -> bool:
    """Tell whether there is a process of this number; True as well where that cannot be known."""
    if pid == os.getpid() or os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _open(folder: Path | None) -> tuple[mmap.mmap | bytearray, Counts]:
    """Return the memory of this process's counts, and those of a process before that had its number."""
    if folder is not None:
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            path = folder / str(os.getpid())
            before = _read(path)
            with path.open("a+b") as file:
                file.truncate(_SIZE)
                memory = mmap.mmap(file.fileno(), _SIZE)
            return memory, Counts(before.refused, 0, before.dropped + before.waiting)
        except OSError:
            logger.warning("What this process counts is not shown", exc_info=True, extra={"action": "tally_not_kept"})
    return bytearray(_SIZE), Counts()


def _write(memory: mmap.mmap | bytearray, counts: Counts) -> None:
    _NUMBERS.pack_into(memory, 0, counts.refused, counts.waiting, counts.dropped)
    text = (counts.error or "").encode()[: _TEXT.size - 2]
    _TEXT.pack_into(memory, _NUMBERS.size, len(text), text)


def _read(path: Path) -> Counts:
    content = b""
    with contextlib.suppress(OSError):
        content = path.read_bytes()
    if len(content) < _SIZE:
        return Counts()
    refused, waiting, dropped = _NUMBERS.unpack_from(content)
    length, text = _TEXT.unpack_from(content, _NUMBERS.size)
    return Counts(refused, waiting, dropped, text[:length].decode(errors="ignore") or None)
