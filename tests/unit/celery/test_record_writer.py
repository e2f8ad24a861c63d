import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from punctual.celery.record_writer import RecordWriter
from punctual.celery.records import Ended, Started
from punctual.control.schedules import Schedules
from punctual.domain.clock import SystemClock, monotonic
from punctual.domain.run import Run, RunState
from punctual.store import runs
from punctual.store.attempts import Runner
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.waiting import eventually

UNKNOWN = uuid5(UUID(int=0), "unknown")
LONG = 10.0


class Ledger:
    """A database that may not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'punctual.db'}"

    def appear(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.database = Database(self.url)
        upgrade(self.database)

    def new_run(self) -> Run:
        schedules = Schedules(self.database, SystemClock())
        document = {"name": str(monotonic()), "task": "t", "trigger": "every 1d"}
        schedules.create(document, actor="test", allow_unknown_task=True)
        return schedules.run_now(str(document["name"]), actor="test")

    def get(self, run_id: UUID) -> Run:
        with self.database.read() as tx:
            run = runs.get(tx, run_id)
        assert run is not None
        return run

    def close(self) -> None:
        if hasattr(self, "database"):
            self.database.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "later")
    yield ledger
    ledger.close()


def started(run_id: UUID, attempt: int = 1) -> Started:
    return Started(run_id, monotonic(), Runner("w@test"), attempt=attempt, timeout=None)


def ended(run_id: UUID, **facts: Any) -> Ended:
    return Ended(run_id, monotonic(), None, RunState.SUCCEEDED, worker="w@test", **facts)


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [getattr(record, "action", "") for record in caplog.records]


def await_action(caplog: pytest.LogCaptureFixture, action: str) -> None:
    eventually(lambda: action in actions(caplog))


def test_nothing_is_opened_before_the_first_record(ledger: Ledger) -> None:
    before = threading.active_count()
    writer = RecordWriter(ledger.url)
    assert threading.active_count() == before
    writer.close(LONG)


def test_records_are_written_in_order_and_close_waits_for_them(ledger: Ledger) -> None:
    ledger.appear()
    made = [ledger.new_run().id for _ in range(3)]
    writer = RecordWriter(ledger.url)
    for run_id in made:
        writer.submit(started(run_id))
        writer.submit(ended(run_id, result=[1]))
    writer.close(LONG)
    for run_id in made:
        run = ledger.get(run_id)
        assert (run.state, run.result) == (RunState.SUCCEEDED, [1])
        assert run.started_at is not None
        assert run.finished_at is not None
        assert run.started_at <= run.finished_at


def test_the_times_are_those_of_the_events_not_of_the_writing(ledger: Ledger) -> None:
    ledger.appear()
    run_id = ledger.new_run().id
    writer = RecordWriter(ledger.url)
    writer.submit(Started(run_id, monotonic() - 3600, Runner("w@test"), attempt=1, timeout=None))
    writer.submit(ended(run_id))
    writer.close(LONG)
    run = ledger.get(run_id)
    assert run.finished_at is not None
    assert run.started_at is not None
    assert 3599 < (run.finished_at - run.started_at).total_seconds() < 3610


def test_records_wait_while_the_database_is_away_and_are_written_when_it_is_there(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    home = Ledger(tmp_path / "home")
    home.appear()
    run_id = home.new_run().id
    home.close()
    writer = RecordWriter(ledger.url)
    before = monotonic()
    writer.submit(started(run_id))
    writer.submit(ended(run_id))
    assert monotonic() - before < 1.0
    await_action(caplog, "record_buffered")
    home.folder.rename(ledger.folder)
    await_action(caplog, "record_resumed")
    writer.close(LONG)
    ledger.appear()
    assert ledger.get(run_id).state is RunState.SUCCEEDED
    assert actions(caplog).count("record_buffered") == 1


def test_a_full_buffer_drops_the_oldest_and_says_so(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    home = Ledger(tmp_path / "home")
    home.appear()
    kept = home.new_run().id
    home.close()
    writer = RecordWriter(ledger.url, limit=5)
    writer.submit(started(UNKNOWN))
    await_action(caplog, "record_buffered")
    for attempt in range(20):
        writer.submit(started(UNKNOWN, attempt))
    writer.submit(ended(kept))
    home.folder.rename(ledger.folder)
    await_action(caplog, "record_resumed")
    writer.close(LONG)
    ledger.appear()
    assert ledger.get(kept).state is RunState.SUCCEEDED
    assert "16 records of runs were dropped" in caplog.text


def test_a_record_that_cannot_be_written_is_the_only_one_that_is_lost(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.appear()
    good, bad = ledger.new_run().id, ledger.new_run().id
    writer = RecordWriter(ledger.url)
    writer.submit(started(good))
    writer.submit(ended(bad, result=object()))
    writer.submit(ended(good))
    writer.close(LONG)
    assert ledger.get(good).state is RunState.SUCCEEDED
    assert ledger.get(bad).state is RunState.PENDING
    assert actions(caplog) == ["record_dropped"]


def test_closing_gives_up_in_time_and_says_what_is_lost(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    writer = RecordWriter(ledger.url)
    writer.submit(started(UNKNOWN))
    await_action(caplog, "record_buffered")
    before = monotonic()
    writer.close(0.3)
    assert monotonic() - before < 5
    await_action(caplog, "record_dropped")


def test_a_record_that_the_ledger_refuses_is_no_fault(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    ledger.appear()
    writer = RecordWriter(ledger.url)
    writer.submit(ended(UNKNOWN))
    writer.close(LONG)
    assert actions(caplog) == []
