import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from punctual.celery.tasks import backup_sqlite as module
from punctual.celery.tasks.backup_sqlite import backup_sqlite
from punctual.celery.tasks.kept_files import FileTaskError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "my app?.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO item (text) VALUES (?)", [("x" * 200,)] * 2000)
        connection.execute("CREATE INDEX item_text ON item (text)")
    return path


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def rows(database: str | Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM item").fetchone()[0])


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_the_backup_of_a_database_in_use_is_whole_and_holds_what_was_committed(
    source: Path, destination: Path, journal: str
) -> None:
    with closing(sqlite3.connect(source)) as user:
        user.execute(f"PRAGMA journal_mode = {journal}")
        with user:
            user.execute("INSERT INTO item (text) VALUES ('committed')")
        user.execute("INSERT INTO item (text) VALUES ('not yet')")
        result = backup_sqlite(str(source), str(destination))
        user.rollback()

    assert names(destination) == [Path(result["backup"]).name], "no journal is left beside the backup"
    assert Path(result["backup"]).name.startswith("my app?.db-20")
    assert result["bytes"] == Path(result["backup"]).stat().st_size
    assert rows(result["backup"]) == 2001


def test_the_newest_backups_are_kept_and_nothing_else_is_touched(source: Path, destination: Path) -> None:
    destination.mkdir()
    (destination / "my app?.db-20200101T000000.000000Z.tar.gz").touch()
    results = [backup_sqlite(str(source), str(destination), keep=2) for _ in range(3)]
    assert results[2]["removed"] == [results[0]["backup"]]
    kept = [Path(result["backup"]).name for result in results[1:]]
    assert names(destination) == sorted([*kept, "my app?.db-20200101T000000.000000Z.tar.gz"])


def test_a_missing_database_is_refused_and_not_created(destination: Path, tmp_path: Path) -> None:
    with pytest.raises(FileTaskError, match=r"Cannot read the database .*/none\.db: No such file"):
        backup_sqlite(str(tmp_path / "none.db"), str(destination))
    assert names(tmp_path) == []


def test_a_file_that_is_no_database_is_refused(destination: Path, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello " * 500)
    with pytest.raises(FileTaskError, match=r"Cannot back up .*/text\.db: file is not a database"):
        backup_sqlite(str(tmp_path / "text.db"), str(destination))
    assert names(destination) == []


def test_a_damaged_database_gives_no_backup_and_costs_no_old_one(source: Path, destination: Path) -> None:
    good = backup_sqlite(str(source), str(destination), keep=1)
    damaged = bytearray(source.read_bytes())
    damaged[20 * 4096 : 40 * 4096] = b"\x55" * (20 * 4096)
    source.write_bytes(damaged)
    with pytest.raises(FileTaskError, match="is damaged"):
        backup_sqlite(str(source), str(destination), keep=1)
    assert names(destination) == [Path(good["backup"]).name]


def test_a_database_that_stays_locked_fails_the_run(
    source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.05)
    monkeypatch.setattr(module, "_BUSY_STEP_SECONDS", 0.01)
    with closing(sqlite3.connect(source)) as user:
        user.execute("BEGIN EXCLUSIVE")
        with pytest.raises(FileTaskError, match=r"keeps it locked for 0\.05 seconds"):
            backup_sqlite(str(source), str(destination))
    assert names(destination) == []


def test_a_full_disk_fails_the_run_and_leaves_nothing(source: Path, destination: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    try:
        with pytest.raises(FileTaskError, match="Cannot back up"):
            backup_sqlite(str(source), str(destination))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(destination) == []


def test_what_a_killed_run_left_is_removed(source: Path, destination: Path) -> None:
    destination.mkdir()
    partial = f".my app?.db-{'0' * 32}.sqlite3.partial"
    for suffix in ("", "-wal", "-shm", "-journal"):
        (destination / (partial + suffix)).touch()
    (destination / ".my app?.db-mine.sqlite3.partial").touch()
    result = backup_sqlite(str(source), str(destination))
    assert names(destination) == [".my app?.db-mine.sqlite3.partial", Path(result["backup"]).name]


def test_keeping_none_is_refused(source: Path, destination: Path) -> None:
    with pytest.raises(FileTaskError, match="`keep` must be at least 1"):
        backup_sqlite(str(source), str(destination), keep=0)
