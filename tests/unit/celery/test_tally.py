import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from punctual.celery.tally import Counts, Tally, TallyFolder, remove_left_over
from punctual.domain.clock import SystemClock
from punctual.domain.identity import new_id


@pytest.fixture
def folder() -> Iterator[TallyFolder]:
    folder = TallyFolder(new_id())
    yield folder
    folder.remove()


def count_elsewhere(folder: TallyFolder) -> None:
    """Let another process count, and die without a word."""
    code = (
        "import os, sys; from pathlib import Path; from punctual.celery.tally import Tally;"
        "tally = Tally(Path(sys.argv[1])); tally.refused(); tally.dropped(2); tally.waits(3, 'away'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder.path)], check=False)


def test_a_process_sees_what_it_counted() -> None:
    tally = Tally()
    tally.refused()
    tally.refused()
    tally.waits(4, "The database is away.")
    tally.dropped(1)
    assert tally.counts == Counts(2, 4, 1, "The database is away.")
    tally.waits(0, None)
    assert tally.counts == Counts(2, 0, 1, None)


def test_the_main_process_sees_the_sum_of_all_and_keeps_that_of_the_dead(folder: TallyFolder) -> None:
    own = Tally(folder.path)
    own.refused()
    own.waits(1, "Für immer weg.")
    count_elsewhere(folder)
    count_elsewhere(folder)
    expected = Counts(refused=3, waiting=1, dropped=10, error="Für immer weg.")
    assert folder.total() == expected
    assert len(list(folder.path.iterdir())) == 1
    assert folder.total() == expected


def test_a_process_that_gets_the_number_of_one_before_goes_on_from_its_counts(folder: TallyFolder) -> None:
    before = Tally(folder.path)
    before.refused()
    before.waits(3, "away")
    again = Tally(folder.path)
    again.refused()
    assert folder.total() == Counts(refused=2, dropped=3)


def test_a_reason_may_be_longer_than_there_is_room_for(folder: TallyFolder) -> None:
    Tally(folder.path).waits(1, "ü" * 1000)
    assert str(folder.total().error) in "ü" * 1000


def test_where_no_file_can_be_made_the_process_counts_for_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tally = Tally(tmp_path / "not" / "there")
    tally.refused()
    assert tally.counts.refused == 1
    assert [getattr(record, "action", "") for record in caplog.records] == ["tally_not_kept"]


def test_what_a_killed_worker_left_is_removed_after_a_day(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, alive = TallyFolder(new_id()), TallyFolder(new_id())
    count_elsewhere(killed)
    Tally(alive.path).refused()
    now = SystemClock().now()
    remove_left_over(now)
    assert killed.path.exists()
    remove_left_over(now + timedelta(days=1, seconds=1))
    assert (killed.path.exists(), alive.path.exists()) == (False, True)


def test_a_worker_whose_processes_counted_nothing_has_counts_all_the_same() -> None:
    assert TallyFolder(new_id()).total() == Counts()
