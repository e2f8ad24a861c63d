"""The built-in task that archives a folder."""

import gzip
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, TypedDict

from celery import shared_task
from pydantic import Field

from punctual.celery.tasks.kept_files import Draft, FileTaskError, KeptFiles, absolute_path, check_keep, explain, shown
from punctual.domain.clock import SystemClock, monotonic

_LEVEL = 6
_BLOCK = 1 << 20
_MOST_LEFT_OUT = 100
_OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Archive(TypedDict):
    """The archive's path, the number of files in it, its size in bytes, the old archives removed, the time it took.

    `left_out` names what could not be archived: sockets, pipes, devices, and files deleted meanwhile (at most 100).
    """

    archive: str
    files: int
    bytes: int
    removed: list[str]
    left_out: list[str]
    seconds: float


@shared_task(name="punctual.archive_folder", acks_late=True)  # type: ignore[untyped-decorator] # celery has no types
def archive_folder(source: str, destination: str, keep: Annotated[int, Field(ge=1)] = 10) -> Archive:
    """Archive a folder into a compressed tar file with the time in its name, and keep the newest archives.

    The archive is `<source name>-YYYYmmddTHHMMSS.ffffffZ.tar.gz`, readable by the worker's user only. It is written
    whole or not at all, and read back before it counts. Only archives of this name pattern are ever removed.
    Symbolic links are archived as links. A file that cannot be read, or that shrinks while it is read, fails the run.

    Args:
        source: Folder to archive: an absolute path on the worker's machine.
        destination: Folder that the archives are kept in, outside of the source; it is created where it is missing.
            Give sources of the same name different destinations.
        keep: How many of the newest archives to keep.

    """
    started = monotonic()
    check_keep(keep)
    folder, kept_in = absolute_path(source, "source"), absolute_path(destination, "destination")
    _check_folders(folder, kept_in)
    kept = KeptFiles(kept_in, folder.name, ".tar.gz", SystemClock())
    with kept.draft() as draft:
        content = _Content(folder)
        content.write(draft.file)
        _check_complete(draft)
    removed = kept.keep_newest(keep)
    return Archive(
        archive=str(draft.final),
        files=content.files,
        bytes=draft.size,
        removed=removed,
        left_out=content.left_out[:_MOST_LEFT_OUT],
        seconds=round(monotonic() - started, 3),
    )


def _check_folders(source: Path, destination: Path) -> None:
    try:
        is_folder = stat.S_ISDIR(source.stat().st_mode)
    except OSError as error:
        raise explain(error, f"Cannot archive the folder {source}") from error
    if not is_folder:
        message = f"Cannot archive {source}: it is not a folder."
        raise FileTaskError(message)
    if not source.name:
        message = "Cannot archive the root folder. Name a folder in it."
        raise FileTaskError(message)
    if destination.resolve().is_relative_to(source.resolve()):
        message = (
            f"The destination {destination} is inside the source {source}: the archives would archive themselves. "
            "Choose a destination outside of the source."
        )
        raise FileTaskError(message)


class _Content:
    """What goes into one archive: the folder and all that is in it, in the order of the names."""

    def __init__(self, source: Path) -> None:
        self.files = 0
        self.left_out: list[str] = []
        self._source = source

    def write(self, file: BinaryIO) -> None:
        """Write the whole compressed archive."""
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file) as compressed,
            tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for path, name in self._walk():
                try:
                    self._add(tar, path, name)
                except FileNotFoundError:
                    self.left_out.append(f"{shown(path)} (deleted while the folder was read)")

    def _walk(self) -> Iterator[tuple[str, str]]:
        """Give the path and the name in the archive of each entry, a folder before what is in it."""
        waiting = [(os.path.realpath(self._source), self._source.name)]
        while waiting:
            folder, name = waiting.pop()
            yield folder, name
            try:
                with os.scandir(folder) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except FileNotFoundError as error:
                if name == self._source.name:
                    raise explain(error, f"Cannot read the folder {shown(folder)}") from error
                continue
            except OSError as error:
                raise explain(error, f"Cannot read the folder {shown(folder)}") from error
            folders = []
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{name}/{entry.name}"))
                else:
                    yield entry.path, f"{name}/{entry.name}"
            waiting.extend(reversed(folders))

    def _add(self, tar: tarfile.TarFile, path: str, name: str) -> None:
        mode = os.lstat(path).st_mode
        if stat.S_ISREG(mode):
            self._add_file(tar, path, name)
        elif stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
            tar.addfile(_whole_seconds(tar.gettarinfo(path, name)))
        else:
            self.left_out.append(f"{shown(path)} (a socket, a pipe or a device)")

    def _add_file(self, tar: tarfile.TarFile, path: str, name: str) -> None:
        """Add a file as long as it is when it is opened: what is appended meanwhile waits for the next archive."""
        try:
            file = os.fdopen(os.open(path, _OPEN_FLAGS), "rb")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise explain(error, f"Cannot read {shown(path)}") from error
        with file:
            info = _whole_seconds(tar.gettarinfo(arcname=name, fileobj=file))
            if info.isreg():
                tar.addfile(info, _Reader(file, path))
            else:  # a further hard link to a file that is in the archive
                tar.addfile(info)
        self.files += 1


def _whole_seconds(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Drop the fraction of the file's time: it would cost a further header for each file, and half of the speed."""
    info.mtime = int(info.mtime)
    return info


class _Reader:
    """A source file whose failures are not mistaken for those of the archive."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self._file = file
        self._path = path

    def read(self, size: int = -1) -> bytes:
        try:
            block = self._file.read(size)
        except OSError as error:
            raise explain(error, f"Cannot read {shown(self._path)}") from error
        if len(block) < size:
            message = f"{shown(self._path)} became shorter while it was read. Run the task again later."
            raise FileTaskError(message)
        return block


def _check_complete(draft: Draft) -> None:
    """Read the archive to its end, where its checksum and length stand; raise FileTaskError when they do not match."""
    draft.file.flush()
    try:
        with gzip.open(draft.path, "rb") as written:
            while written.read(_BLOCK):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = f"The archive does not read back as it was written ({error}). Check the disk of {draft.path.parent}."
        raise FileTaskError(message) from error
