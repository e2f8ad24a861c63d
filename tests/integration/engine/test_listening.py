"""What another process changes reaches a node at once on PostgreSQL, and without hearing of it within a second."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from punctual.control.schedules import Schedules
from punctual.domain.clock import SystemClock
from punctual.engine import loop
from punctual.engine.build import build_engine
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import RecordingSender
from servers.waiting import eventually

DOCUMENT = {"name": "s", "task": "t", "trigger": "2099-01-01T00:00"}


@pytest.fixture
def elsewhere(database_url: str) -> Iterator[Database]:
    """The database as another process has it."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def sender() -> RecordingSender:
    return RecordingSender()


@pytest.fixture
def running(database: Database, sender: RecordingSender) -> Iterator[Engine]:
    engine = build_engine(database, sender, SystemClock())
    engine.start()
    yield engine
    engine.stop(20)


def run_now(elsewhere: Database) -> None:
    schedules = Schedules(elsewhere, SystemClock())
    if not schedules.list(query=None, state=None, limit=1, cursor=None).items:
        schedules.create(DOCUMENT, actor="test", allow_unknown_task=True)
    schedules.run_now("s", actor="test")


@pytest.fixture
def _never_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a node that hears of changes look for them by itself only after the test."""
    monkeypatch.setattr(loop, "LONGEST_SLEEP_HEARING", 3600.0)


@pytest.mark.usefixtures("_never_looks", "running")
def test_a_node_acts_on_the_change_of_another_process(elsewhere: Database, sender: RecordingSender) -> None:
    for number in (1, 2, 3):
        run_now(elsewhere)
        eventually(lambda expected=number: len(sender.messages) == expected)  # type: ignore[misc] # mypy: default


@pytest.mark.usefixtures("_never_looks", "running")
def test_a_node_whose_listening_connection_is_cut_hears_again(elsewhere: Database, sender: RecordingSender) -> None:
    if elsewhere.dialect.has_own_clock:  # PostgreSQL; SQLite has no connection to cut
        eventually(lambda: _cut_listeners(elsewhere))
    run_now(elsewhere)
    eventually(lambda: len(sender.messages) == 1)
    if elsewhere.dialect.has_own_clock:
        eventually(lambda: _listeners(elsewhere))
    run_now(elsewhere)
    eventually(lambda: len(sender.messages) == 2)


_LISTENING = (
    "FROM pg_stat_activity WHERE query IN ('LISTEN punctual_changed', 'SELECT 1') AND datname = current_database()"
)


def _cut_listeners(database: Database) -> int:
    with database.write() as tx:
        return len(tx.connection.execute(text(f"SELECT pg_terminate_backend(pid) {_LISTENING}")).all())


def _listeners(database: Database) -> int:
    with database.read() as tx:
        return len(tx.connection.execute(text(f"SELECT pid {_LISTENING}")).all())


def _change_and_fail(database: Database) -> None:
    with database.write() as tx:
        tx.changed = True
        raise RuntimeError


def test_a_change_that_is_rolled_back_is_not_announced(database: Database, elsewhere: Database) -> None:
    with database.hearing() as hear:
        if hear is None:
            assert not database.dialect.has_own_clock  # only SQLite is silent
            return
        assert database.wait_for_change(0)  # what may have happened before
        with pytest.raises(RuntimeError):
            _change_and_fail(elsewhere)
        hear(0.2)
        assert not database.wait_for_change(0)
        with elsewhere.write() as tx:
            tx.changed = True
        hear(20)
        assert database.wait_for_change(0)
