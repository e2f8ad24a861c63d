"""A node lives through the faults of its database, names them, and goes on by itself; nothing is lost or doubled."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import psycopg
import pytest

from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.control.system import System
from punctual.domain.errors import DatabaseOverloadedError
from punctual.domain.run import Run, RunState
from punctual.engine import dispatcher, loop
from punctual.engine.build import build_engine
from punctual.store import postgres
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from punctual.store.dialect import Postgres, Sqlite
from punctual.store.migrate import upgrade
from punctual.testing import RecordingSender
from servers.database_faults import FAULTS, Fault, terminate
from servers.postgres import PostgresProcess, private_postgres
from servers.waiting import eventually

WORDS = {"database_read_only": "is read-only", "database_full": "no room left", "database_locked": "holds a lock"}

pytestmark = pytest.mark.usefixtures("_impatient")


class Site:
    """A node that fires a schedule each second, and the log that it writes."""

    def __init__(self, database: Database, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        self.caplog = caplog
        self.clock = DatabaseClock(database)
        self.schedules = Schedules(database, self.clock)
        self.runs = Runs(database, self.clock)
        self.system = System(database, self.clock)
        self.sender = RecordingSender()
        document = {"name": "s", "task": "t", "trigger": "every 1s", "catchup": {"policy": "all"}}
        self.schedules.create(document, actor="test", allow_unknown_task=True)
        self.engine = build_engine(database, self.sender, self.clock)
        self.engine.start()

    def fires(self) -> None:
        """Wait until the node has fired again, twice so that one of them began after now."""
        count = len(self.sender.messages)
        eventually(lambda: len(self.sender.messages) >= count + 2, message=lambda: self.caplog.text[-3000:])

    def log(self, action: str) -> set[str]:
        """Return the codes of the faults that the log tells of with this action."""
        found = [record.__dict__ for record in self.caplog.records if record.__dict__.get("action") == action]
        return {record["code"] for record in found}

    def has_met(self, code: str) -> None:
        """Wait until the log tells of the fault."""
        eventually(lambda: code in self.log("database_unavailable"), message=lambda: self.caplog.text[-3000:])

    def database_check(self) -> tuple[bool, str]:
        """Return what readiness says about the database."""
        check = self.system.readiness()[0]
        return check.ok, check.message

    def told(self) -> str | None:
        """Return what keeps the nodes from firing, by readiness or by what a node says; None when nothing does."""
        ok, message = self.database_check()
        return next((view.node.database_error for view in self.system.nodes()), None) if ok else message

    def ledger(self) -> list[Run]:
        """Return all runs once firing has ended, and what was recorded is sent."""
        eventually(lambda: self.schedules.pause("s", actor="test", note=None))
        eventually(lambda: not any(run.state is RunState.PENDING for run in self.all_runs()))
        self.engine.stop(20)
        return self.all_runs()

    def all_runs(self) -> list[Run]:
        """Return the ledger, the oldest fire time first."""
        found: list[Run] = []
        cursor = None
        while True:
            page = self.runs.list(schedule="s", state=None, cause=None, limit=200, cursor=cursor)
            found, cursor = found + page.items, page.next_cursor
            if cursor is None:
                return found[::-1]

    def is_whole(self) -> None:
        """Every fire time from the first to the last is in exactly one record, and was sent once at least."""
        runs = self.ledger()
        fire_times = [run.fire_time for run in runs]
        assert fire_times == [fire_times[0] + timedelta(seconds=number) for number in range(len(runs))]
        assert {run.state.value for run in runs} <= {"queued", "skipped"}
        sent = {message.run_id for message in self.sender.messages}
        assert {run.id for run in runs if run.state.value == "queued"} == sent


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "HEARTBEAT_SECONDS", 0.3)
    monkeypatch.setattr(dispatcher, "LEASE", timedelta(seconds=2))
    monkeypatch.setattr("punctual.control.system._WRITE_CHECK_SECONDS", 0.0)


@pytest.fixture
def settle(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[Database], Site]]:
    sites: list[Site] = []

    def make(database: Database) -> Site:
        sites.append(Site(database, caplog))
        return sites[-1]

    yield make
    for site in sites:
        site.engine.stop(20)


@pytest.mark.parametrize(("fault", "code"), FAULTS)
def test_a_node_lives_through_it_says_so_and_goes_on(
    fault: Fault, code: str, database: Database, database_url: str, settle: Callable[[Database], Site]
) -> None:
    site = settle(database)
    site.fires()
    assert site.told() is None
    with fault(database_url):
        site.has_met(code)
        assert WORDS[code] in eventually(site.told)
    site.fires()
    eventually(lambda: code in site.log("database_available"))
    eventually(lambda: site.told() is None)
    site.is_whole()


def test_a_full_pool_is_lived_through(
    database: Database, settle: Callable[[Database], Site], monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    for kind in (Postgres, Sqlite):
        monkeypatch.setattr(
            kind, "engine_options", {**kind.engine_options, "pool_size": 3, "max_overflow": 0, "pool_timeout": 0.2}
        )
    small = Database(database_url)
    site = settle(small)
    site.fires()
    with ExitStack() as held:
        for _ in range(3):
            eventually(lambda: _hold_one(held, small))
        site.has_met("database_overloaded")
    site.fires()
    site.is_whole()
    small.close()
    assert database.checked_out() == 0


def _hold_one(held: ExitStack, database: Database) -> bool:
    """Take a connection for as long as `held` lasts; False when the node was faster."""
    try:
        held.enter_context(database.read())
    except DatabaseOverloadedError:
        return False
    return True


# PostgreSQL alone: a server that others run


def test_a_node_whose_connections_are_cut_goes_on(
    own_server: PostgresProcess, own_database: Database, settle: Callable[[Database], Site]
) -> None:
    site = settle(own_database)
    with psycopg.connect(own_server.url, autocommit=True) as admin:
        for _ in range(5):
            site.fires()
            assert terminate(admin) >= 1
    site.fires()
    site.is_whole()


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresProcess]:
    with private_postgres() as server:
        database = Database(server.url)
        upgrade(database)
        database.close()
        yield server


@pytest.fixture
def own_database(own_server: PostgresProcess) -> Iterator[Database]:
    """The database of a server that a test may stop; emptied afterwards."""
    database = Database(own_server.url)
    yield database
    database.close()
    with psycopg.connect(own_server.url) as admin:
        admin.execute("TRUNCATE schedules, schedule_versions, runs, nodes CASCADE")


def test_a_server_that_ends_and_starts_again_is_lived_through(
    own_server: PostgresProcess, own_database: Database, settle: Callable[[Database], Site]
) -> None:
    site = settle(own_database)
    site.fires()
    own_server.stop()
    try:
        site.has_met("database_unavailable")
        assert not site.database_check()[0]
    finally:
        own_server.start()
    site.fires()
    site.is_whole()


def test_a_server_that_hangs_is_given_up_and_met_again(
    own_server: PostgresProcess,
    own_database: Database,
    settle: Callable[[Database], Site],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "ANSWER_SECONDS", 1.0)
    monkeypatch.setitem(Postgres.engine_options["connect_args"], "connect_timeout", 2)
    site = settle(own_database)
    site.fires()
    frozen = [own_server.pid, *_backends(own_server.url)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        site.has_met("database_unavailable")
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    site.fires()
    site.is_whole()


def _backends(url: str) -> list[int]:
    with psycopg.connect(url) as admin:
        found = admin.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'punctual'").fetchall()
    return [pid for (pid,) in found]
