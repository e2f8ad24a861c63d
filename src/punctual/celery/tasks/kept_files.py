"""Files written whole or not at all under names with the time, of which the newest are kept."""

import contextlib
import errno
import fcntl
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from punctual.domain.clock import Clock
from punctual.domain.identity import new_id

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_STAMP_PATTERN = r"\d{8}T\d{6}\.\d{6}Z"
_SQLITE_SIDE_FILES = ("-journal", "-wal", "-shm")
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_LOCKS = frozenset({errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK, errno.EINVAL})
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


class FileTaskError(Exception):
    """A task on files could not do its work; the text says what is wrong and what to do."""


@dataclass
class Draft:
    """A file being written: hidden under a temporary name until it is whole.

    `final` is None until the file stands under its own name.
    """

    path: Path
    file: BinaryIO
    final: Path | None = None
    size: int = 0


def absolute_path(text: str, parameter: str) -> Path:
    """Return the path that a parameter names, with `~` expanded and no symbolic link followed.

    Raises FileTaskError for one that is relative (workers run in different folders) or has a `..` in it.
    """
    path = Path(text)
    with contextlib.suppress(RuntimeError):  # no such user: the path stays relative
        path = path.expanduser()
    if not path.is_absolute() or ".." in path.parts or "\0" in text:
        message = f'`{parameter}` must be an absolute path without "..", got "{text}".'
        raise FileTaskError(message)
    return path


def check_keep(keep: int) -> None:
    """Raise FileTaskError unless at least one file is to be kept."""
    if keep < 1:
        message = f"`keep` must be at least 1, got {keep}."
        raise FileTaskError(message)


def shown(path: str | Path) -> str:
    """Return a path as text that any database can store, whatever bytes are in it."""
    return os.fsencode(path).decode(errors="replace")


def explain(error: OSError, doing: str) -> FileTaskError:
    """Return the error that tells a person what an operating system's refusal means; `doing` is the failed step."""
    if error.errno in _NO_ROOM:
        return FileTaskError(f"{doing}: there is no room left ({os.strerror(error.errno or 0)}). Free some disk space.")
    if isinstance(error, PermissionError):
        return FileTaskError(f"{doing}: the worker's user (uid {os.geteuid()}) has no permission.")
    reason = error.strerror or str(error)
    return FileTaskError(f"{doing}: {reason}.")


class KeptFiles:
    """The files of one source in one folder: `<stem>-YYYYmmddTHHMMSS.ffffffZ<suffix>`, times in UTC.

    Nothing else in the folder is ever touched, apart from abandoned temporary files of the same stem and suffix.
    Any number of processes may work on the same files at once.
    """

    def __init__(self, folder: Path, stem: str, suffix: str, clock: Clock) -> None:
        """Name the files; the folder need not exist yet."""
        self._folder = folder
        self._stem = stem
        self._suffix = suffix
        self._clock = clock
        name = re.escape(stem) + "-"
        self._kept = re.compile(f"{name}({_STAMP_PATTERN}){re.escape(suffix)}", re.ASCII)
        self._partial = re.compile(rf"\.{name}[0-9a-f]{{32}}{re.escape(suffix)}\.partial", re.ASCII)

    @contextlib.contextmanager
    def draft(self) -> Iterator[Draft]:
        """Give a file to write; when the block ends well it is on disk and stands under its final name.

        When the block raises, or the process dies, no file stands under a final name. The draft's file is at a
        path too, for writers that want one; whoever writes by path need not flush.
        Raises FileTaskError when the folder or the file cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._remove_abandoned()
            path, file = self._create()
        except OSError as error:
            raise explain(error, f"Cannot write to the folder {self._folder}") from error
        draft = Draft(path, file)
        try:
            with file:
                yield draft
                self._publish(draft)
        except OSError as error:
            raise explain(error, f"Cannot write to the folder {self._folder}") from error
        finally:
            with contextlib.suppress(OSError):  # the next run removes what is left
                _remove_draft(path)

    def keep_newest(self, keep: int) -> list[str]:
        """Remove all but the newest `keep` files, by the time in their names; return the paths removed here.

        Raises FileTaskError when a file cannot be removed.
        """
        removed: list[str] = []
        for name in self._names()[:-keep]:
            path = self._folder / name
            try:
                path.unlink()
            except FileNotFoundError:
                continue  # another run at the same time was faster
            except OSError as error:
                raise explain(error, f"The new file is written, but the old {path} cannot be removed") from error
            removed.append(str(path))
        return removed

    def _names(self) -> list[str]:
        with os.scandir(self._folder) as entries:
            return sorted(e.name for e in entries if self._moment(e.name) and e.is_file(follow_symlinks=False))

    def _create(self) -> tuple[Path, BinaryIO]:
        """Create a temporary file and lock it, so that nobody takes it for abandoned."""
        while True:
            path = self._folder / f".{self._stem}-{new_id().hex}{self._suffix}.partial"
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b")
            try:
                _lock(file, wait=True)
                if _is_at(file, path):
                    return path, file
            except BaseException:
                file.close()
                _remove_draft(path)
                raise
            # Another run found the file in the instant before it was locked, and removed it.
            file.close()

    def _publish(self, draft: Draft) -> None:
        draft.file.flush()
        os.fsync(draft.file.fileno())
        draft.size = draft.path.stat().st_size
        moment = max(self._clock.now().astimezone(UTC), self._after_newest())
        while True:
            final = self._folder / f"{self._stem}-{moment.strftime(_STAMP)}{self._suffix}"
            try:
                _place(draft.path, final)
            except FileExistsError:
                moment += timedelta(microseconds=1)
            else:
                break
        try:
            _sync_folder(self._folder)
        except OSError:
            final.unlink(missing_ok=True)
            raise
        draft.final = final

    def _after_newest(self) -> datetime:
        """Return the first instant after the newest name: names never go back, even when the clock does.

        The newest file by name is so always the one written last, and is never removed as an old one.
        """
        names = self._names()
        newest = self._moment(names[-1]) if names else None
        return (newest or datetime.min.replace(tzinfo=UTC)) + timedelta(microseconds=1)

    def _moment(self, name: str) -> datetime | None:
        """Return the time in a kept file's name, or None for any other name."""
        match = self._kept.fullmatch(name)
        try:
            return datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC) if match else None
        except ValueError:
            return None

    def _remove_abandoned(self) -> None:
        """Remove the temporary files of runs that were killed: those that nobody holds a lock on."""
        with os.scandir(self._folder) as entries:
            partial = [self._folder / e.name for e in entries if self._partial.fullmatch(e.name)]
        for path in partial:
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                if _lock(file, wait=False) and _is_at(file, path):
                    _remove_draft(path)


def _lock(file: BinaryIO, *, wait: bool) -> bool:
    """Lock the file until it is closed or the process ends; return False when another holds it.

    A file system without locks also gives False: there nothing counts as abandoned.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return False
        raise
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except FileNotFoundError:
        return False


def _place(draft: Path, final: Path) -> None:
    """Give the draft its final name in one step, never over another file (FileExistsError)."""
    try:
        os.link(draft, final)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if final.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final)) from None
        draft.rename(final)


def _remove_draft(path: Path) -> None:
    for suffix in (*_SQLITE_SIDE_FILES, ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a new name in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
