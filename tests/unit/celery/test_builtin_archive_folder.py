import errno
import gzip
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from punctual.celery.tasks.archive_folder import archive_folder
from punctual.celery.tasks.kept_files import FileTaskError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "inner" / "empty").mkdir(parents=True)
    (folder / "one.txt").write_text("one")
    (folder / "inner" / "two.bin").write_bytes(b"\0\1" * 5000)
    return folder


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def members(archive: str) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(archive) as tar:
        return {member.name: member for member in tar}


def test_the_archive_holds_the_folder_and_unpacks_to_the_same(source: Path, destination: Path, tmp_path: Path) -> None:
    (source / "link").symlink_to("one.txt")
    (source / "outside").symlink_to("/etc")
    os.link(source / "one.txt", source / "same.txt")
    result = archive_folder(str(source), str(destination))

    assert result["archive"] == str(destination / names(destination)[0])
    assert result["files"] == 3
    assert result["bytes"] == Path(result["archive"]).stat().st_size
    assert result["removed"] == result["left_out"] == []
    assert 0 <= result["seconds"] < 60
    with tarfile.open(result["archive"]) as tar:
        tar.extractall(tmp_path / "out", filter="tar")
    copy = tmp_path / "out" / "data"
    assert (copy / "one.txt").read_text() == (copy / "same.txt").read_text() == "one"
    assert (copy / "inner" / "two.bin").read_bytes() == b"\0\1" * 5000
    assert (copy / "inner" / "empty").is_dir()
    assert (copy / "link").readlink() == Path("one.txt")
    assert members(result["archive"])["data/outside"].issym()


def test_the_name_tells_source_and_time_and_only_the_owner_can_read_it(source: Path, destination: Path) -> None:
    archive = Path(archive_folder(str(source), str(destination))["archive"])
    assert re.fullmatch(r"data-\d{8}T\d{6}\.\d{6}Z\.tar\.gz", archive.name)
    assert archive.stat().st_mode & 0o777 == 0o600


def test_the_newest_are_kept_and_nothing_else_is_touched(source: Path, destination: Path) -> None:
    destination.mkdir()
    others = [
        "data-20200101T000000.000000Z.tar",
        "data-20200101T000000Z.tar.gz",
        "data-20209901T000000.000000Z.tar.gz",
        "data-old-20200101T000000.000000Z.tar.gz",
        "my-data-20200101T000000.000000Z.tar.gz",
        "data-20200101T000000.000000Z.tar.gz.bak",
    ]
    old = ["data-20200101T000000.000000Z.tar.gz", "data-20210101T000000.000000Z.tar.gz"]
    for name in others + old:
        (destination / name).touch()
    (destination / "data-20190101T000000.000000Z.tar.gz").mkdir()

    result = archive_folder(str(source), str(destination), keep=2)

    assert result["removed"] == [str(destination / old[0])]
    left = {*others, old[1], Path(result["archive"]).name, "data-20190101T000000.000000Z.tar.gz"}
    assert set(names(destination)) == left


def test_a_clock_that_went_back_does_not_cost_the_new_archive(source: Path, destination: Path) -> None:
    destination.mkdir()
    (destination / "data-20990101T000000.000000Z.tar.gz").touch()
    result = archive_folder(str(source), str(destination), keep=1)
    assert names(destination) == ["data-20990101T000000.000001Z.tar.gz"] == [Path(result["archive"]).name]


def test_two_at_once_on_the_same_folders_are_both_right(source: Path, destination: Path) -> None:
    start = threading.Barrier(4)
    results: list[dict[str, object]] = []

    def work() -> None:
        start.wait(10)
        results.extend(archive_folder(str(source), str(destination), keep=10) for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len({str(result["archive"]) for result in results}) == 12
    assert len(names(destination)) == 10
    for name in names(destination):
        assert len(members(str(destination / name))) == 5


def test_a_destination_in_the_source_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(source)
    for inside in (source, source / "inner" / "new", tmp_path / "alias" / "backups"):
        with pytest.raises(FileTaskError, match="would archive themselves"):
            archive_folder(str(source), str(inside))
    assert names(source) == ["inner", "one.txt"]


def test_a_source_in_the_destination_is_fine(source: Path) -> None:
    assert archive_folder(str(source), str(source.parent))["files"] == 2


def test_a_source_that_is_a_link_is_archived_under_the_links_name(source: Path, destination: Path) -> None:
    (source.parent / "current").symlink_to(source)
    result = archive_folder(str(source.parent / "current"), str(destination))
    assert Path(result["archive"]).name.startswith("current-")
    assert "current/one.txt" in members(result["archive"])


@pytest.mark.parametrize(
    ("source_text", "destination_text", "keep", "message"),
    [
        ("/no/such/folder", "/no/x", 1, "Cannot archive the folder /no/such/folder: No such file or directory"),
        (__file__, "/no/x", 1, "is not a folder"),
        ("/", "/no/x", 1, "root folder"),
        ("data", "/no/x", 1, "`source` must be an absolute path"),
        ("/usr/../etc", "/no/x", 1, "`source` must be an absolute path"),
        ("/usr", "", 1, "`destination` must be an absolute path"),
        ("~nobody-of-that-name/x", "/no/x", 1, "`source` must be an absolute path"),
        ("/usr", "/no/x", 0, "`keep` must be at least 1, got 0"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(
    source_text: str, destination_text: str, keep: int, message: str
) -> None:
    with pytest.raises(FileTaskError, match=message):
        archive_folder(source_text, destination_text, keep)


def test_a_destination_that_is_a_file_is_refused(source: Path, destination: Path) -> None:
    destination.write_text("mine")
    with pytest.raises(FileTaskError, match=f"Cannot write to the folder {destination}"):
        archive_folder(str(source), str(destination))
    assert destination.read_text() == "mine"


def test_sockets_and_pipes_are_left_out_and_named(source: Path, destination: Path) -> None:
    os.mkfifo(source / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "socket"))
        result = archive_folder(str(source), str(destination))
    assert result["left_out"] == [
        f"{source}/pipe (a socket, a pipe or a device)",
        f"{source}/socket (a socket, a pipe or a device)",
    ]
    assert result["files"] == 2


def before_open(monkeypatch: pytest.MonkeyPatch, path: Path, happens: Callable[[], None]) -> None:
    """Let something happen to a file in the instant before the archive opens it."""
    real = os.open

    def opened(name: str | Path, flags: int, mode: int = 0o777) -> int:
        if str(name) == str(path):
            happens()
        return real(name, flags, mode)

    monkeypatch.setattr(os, "open", opened)


def after_stat(monkeypatch: pytest.MonkeyPatch, path: Path, happens: Callable[[], object]) -> None:
    """Let something happen to a file after the archive has taken its size, and before it reads it."""
    real = tarfile.TarFile.gettarinfo

    def taken(
        self: tarfile.TarFile, name: str | None = None, arcname: str | None = None, fileobj: BinaryIO | None = None
    ) -> tarfile.TarInfo:
        info = real(self, name, arcname, fileobj)
        if fileobj is not None and arcname == f"data/{path.name}":
            happens()
        return info

    monkeypatch.setattr(tarfile.TarFile, "gettarinfo", taken)


def test_a_file_deleted_meanwhile_is_left_out_and_named(
    source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_open(monkeypatch, source / "one.txt", (source / "one.txt").unlink)
    result = archive_folder(str(source), str(destination))
    assert result["left_out"] == [f"{source}/one.txt (deleted while the folder was read)"]
    assert "data/one.txt" not in members(result["archive"])
    assert result["files"] == 1


def test_a_file_that_grows_meanwhile_is_archived_as_it_was(
    source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (source / "one.txt").open("a") as growing:
        after_stat(monkeypatch, source / "one.txt", lambda: growing.write("more" * 5000))
        result = archive_folder(str(source), str(destination))
    assert members(result["archive"])["data/one.txt"].size == 3


def test_a_file_that_shrinks_meanwhile_fails_the_run_and_leaves_nothing(
    source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = source / "two.log"
    big.write_bytes(b"x" * 5_000_000)
    after_stat(monkeypatch, big, lambda: os.truncate(big, 100))
    with pytest.raises(FileTaskError, match=r"two\.log became shorter"):
        archive_folder(str(source), str(destination))
    assert names(destination) == []


def test_an_unreadable_file_fails_the_run_and_leaves_nothing(
    source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    before_open(monkeypatch, source / "one.txt", refuse)
    with pytest.raises(
        FileTaskError, match=r"Cannot read .*/one\.txt: the worker's user \(uid \d+\) has no permission"
    ):
        archive_folder(str(source), str(destination))
    assert names(destination) == []


def test_a_full_disk_fails_the_run_and_leaves_nothing_and_no_old_archive_is_lost(
    source: Path, destination: Path
) -> None:
    first = archive_folder(str(source), str(destination), keep=1)
    (source / "noise").write_bytes(os.urandom(200_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    try:
        with pytest.raises(FileTaskError, match="there is no room left"):
            archive_folder(str(source), str(destination), keep=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(destination) == [Path(first["archive"]).name]


def test_a_run_killed_while_it_writes_leaves_no_archive_and_the_next_run_cleans_up(
    source: Path, destination: Path
) -> None:
    os.truncate(source / "one.txt", 0)
    with (source / "endless").open("wb") as endless:
        endless.truncate(8 << 30)  # sparse: takes no room, but long to read
    code = "import sys; from punctual.celery.tasks.archive_folder import archive_folder; archive_folder(*sys.argv[1:])"
    child = subprocess.Popen([sys.executable, "-c", code, str(source), str(destination)])
    try:
        deadline = time.monotonic() + 60
        while not any(path.stat().st_size for path in destination.glob(".data-*.partial")):
            assert time.monotonic() < deadline
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(0.02)
        (source / "endless").unlink()
        live = names(destination)
        other = archive_folder(str(source), str(destination))
        assert names(destination) == sorted([*live, Path(other["archive"]).name]), "a live run's file is left alone"
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    assert names(destination) == sorted([*live, Path(other["archive"]).name])

    after = archive_folder(str(source), str(destination))
    assert names(destination) == sorted(Path(result["archive"]).name for result in (other, after))


def test_an_archive_that_does_not_read_back_is_not_kept(
    source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = gzip.open

    def lost(path: Path, mode: str) -> object:
        os.truncate(path, 200)
        return real(path, mode)

    monkeypatch.setattr(gzip, "open", lost)
    with pytest.raises(FileTaskError, match="does not read back"):
        archive_folder(str(source), str(destination))
    assert names(destination) == []


def test_names_of_any_bytes_and_deep_folders_are_archived(source: Path, destination: Path) -> None:
    deep = source.joinpath(*["d" * 20] * 60)
    deep.mkdir(parents=True)
    (deep / "ü\n'").write_text("x")
    Path(os.fsdecode(os.fsencode(source) + b"/\xff\xfe")).write_text("y")
    result = archive_folder(str(source), str(destination))
    os.mkfifo(os.fsencode(source) + b"/\xfd")
    assert archive_folder(str(source), str(destination))["left_out"][0].startswith(f"{source}/\ufffd (")
    assert result["files"] == 4
    assert any(name.endswith("ü\n'") for name in members(result["archive"]))


def test_some_thousand_files_take_less_than_two_seconds(source: Path, destination: Path) -> None:
    for index in range(2000):
        (source / f"{index}.txt").write_text(f"line {index}\n" * 50)
    before = time.process_time()
    result = archive_folder(str(source), str(destination))
    assert result["files"] == 2002
    assert time.process_time() - before < 2, "of the processor's time, which other processes do not stretch"
