"""Clocks that are wrong: skewed and stepped machines, a database whose clock is set, a process that stood still."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.control.system import System
from punctual.domain.clock import SystemClock
from punctual.domain.run import Run
from punctual.engine.build import build_engine
from punctual.store import clock as store_clock
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from punctual.store.dialect import Postgres
from punctual.testing import ManualClock, RecordingSender
from servers.postgres import PostgresServer
from servers.waiting import eventually

SECOND = timedelta(seconds=1)


@dataclass
class Skewed:
    """A machine whose clock is wrong by so much, and can be set."""

    by: timedelta

    def now(self) -> datetime:
        return SystemClock().now() + self.by


@pytest.fixture
def server(postgres_server: PostgresServer, postgres_url: str) -> Iterator[Database]:
    postgres_server.fill(postgres_url)
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture
def set_server_clock(server: Database, postgres_url: str) -> Callable[[timedelta], None]:
    """Set the server's clock, as far as its connections can see, by putting ours before the one that it has."""
    del server
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA machine")
        admin.execute("CREATE TABLE machine.step (by interval)")
        admin.execute("INSERT INTO machine.step VALUES ('0')")
        admin.execute(
            "CREATE FUNCTION machine.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            "'SELECT pg_catalog.clock_timestamp() + by FROM machine.step'"
        )
        admin.execute(
            sql.SQL("ALTER DATABASE {} SET search_path = machine, pg_catalog, public").format(
                sql.Identifier(str(make_url(postgres_url).database))
            )
        )

    def step(by: timedelta) -> None:
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute("UPDATE machine.step SET by = by + %s", (by,))

    return step


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A steady clock that the test moves on."""
    moment = [1000.0]
    monkeypatch.setattr(store_clock, "monotonic", lambda: moment[0])
    return moment


def create(schedules: Schedules, trigger: str = "every 1s", **fields: object) -> None:
    document = {"name": "s", "task": "t", "trigger": trigger, **fields}
    schedules.create(document, actor="test", allow_unknown_task=True)


def ledger(database: Database) -> list[Run]:
    page = Runs(database, SystemClock()).list(schedule=None, state=None, cause=None, limit=200, cursor=None)
    assert page.next_cursor is None
    return page.items[::-1]


def test_nodes_whose_machines_disagree_by_ten_seconds_fire_on_the_databases_time_once_each(server: Database) -> None:
    machines = [Skewed(timedelta(seconds=5)), Skewed(timedelta(seconds=-5))]
    sender = RecordingSender()
    databases_time = DatabaseClock(server)
    create(Schedules(server, databases_time), catchup={"policy": "all"})
    engines = [build_engine(server, sender, DatabaseClock(server, machine), machine=machine) for machine in machines]
    for engine in engines:
        engine.start()
    eventually(lambda: len(sender.messages) >= 2)
    machines[0].by, machines[1].by = timedelta(hours=-3), timedelta(days=400)
    eventually(lambda: len(sender.messages) >= 5)
    for engine in engines:
        engine.stop(20)
    now = databases_time.now()
    runs = ledger(server)
    assert [run.fire_time for run in runs] == [runs[0].fire_time + n * SECOND for n in range(len(runs))]
    assert len(sender.messages) == len({message.run_id for message in sender.messages}) == len(runs)
    for run in runs:
        assert run.queued_at is not None
        assert run.fire_time <= run.queued_at <= now
        assert run.queued_at - run.fire_time < 3 * SECOND


def test_a_node_tells_how_far_its_machine_is_off_and_people_are_warned(server: Database) -> None:
    clock = DatabaseClock(server)
    for by in (timedelta(seconds=5), timedelta(seconds=-5), timedelta(seconds=1)):
        build_engine(server, RecordingSender(), clock, machine=Skewed(by)).heartbeat()
    views = sorted(System(server, clock).nodes(), key=lambda view: view.node.clock_offset)
    assert [round(view.node.clock_offset) for view in views] == [-5, 1, 5]
    assert ["behind the database's" in " ".join(view.warnings) for view in views] == [True, False, False]
    assert ["ahead of the database's" in " ".join(view.warnings) for view in views] == [False, False, True]


def test_the_clock_counts_on_steadily_while_the_machines_clock_is_set(server: Database, steady: list[float]) -> None:
    machine = Skewed(timedelta(0))
    clock = DatabaseClock(server, machine)
    first = clock.now()
    machine.by = timedelta(days=-1)
    steady[0] += 2.5
    assert clock.now() == first + timedelta(seconds=2.5)


def test_a_process_that_stood_still_asks_before_it_goes_on(
    server: Database, steady: list[float], set_server_clock: Callable[[timedelta], None]
) -> None:
    clock = DatabaseClock(server)
    first = clock.now()
    set_server_clock(timedelta(minutes=1))
    steady[0] += 9
    assert clock.now() == first + timedelta(seconds=9)
    steady[0] += 51
    assert timedelta(minutes=1) <= clock.now() - first < timedelta(minutes=1, seconds=20)


def test_an_answer_that_a_process_stood_still_over_is_asked_for_again(
    server: Database, steady: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    naps = [60.0, 60.0]
    ask = Postgres.now

    def ask_and_stand_still(self: Postgres, connection: object) -> datetime:
        instant = ask(self, connection)  # type: ignore[arg-type] # handed on
        steady[0] += naps.pop() if naps else 0.0
        return instant

    monkeypatch.setattr(Postgres, "now", ask_and_stand_still)
    clock = DatabaseClock(server)
    assert abs(clock.now() - SystemClock().now()) < timedelta(seconds=5)
    assert naps == []


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(hours=1)], ids=["back", "forward"])
def test_a_database_whose_clock_is_set_fires_nothing_twice(
    step: timedelta,
    server: Database,
    steady: list[float],
    set_server_clock: Callable[[timedelta], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = DatabaseClock(server)
    sender = RecordingSender()
    engine = build_engine(server, sender, clock)
    create(Schedules(server, clock), "every 10m", catchup={"policy": "all", "window": 86400})
    for number in range(1, 13):
        if number == 6:
            set_server_clock(step)
        set_server_clock(timedelta(minutes=10))
        steady[0] += 600
        engine.step()
    runs = ledger(server)
    fire_times = [run.fire_time for run in runs]
    assert fire_times == [fire_times[0] + n * timedelta(minutes=10) for n in range(len(runs))]
    assert len(runs) == (6 if step < timedelta(0) else 18)
    assert sorted(message.run_id for message in sender.messages) == sorted(run.id for run in runs)
    assert "database_clock_stepped" in [record.__dict__.get("action") for record in caplog.records]


def test_a_clock_that_is_set_back_fires_nothing_twice_whatever_people_do_meanwhile(
    database: Database, clock: ManualClock
) -> None:
    schedules = Schedules(database, clock)
    sender = RecordingSender()
    engine = build_engine(database, sender, clock)
    create(schedules, "0 * * * *", catchup={"policy": "all"})
    start = clock.now()
    for hour in range(1, 6):
        clock.move_to(start + timedelta(hours=hour))
        engine.step()
    clock.move_to(start + timedelta(hours=2, minutes=30))
    engine.step()
    schedules.pause("s", actor="test", note=None)
    schedules.resume("s", actor="test")
    schedules.change("s", {"description": "changed"}, actor="test")
    for hour in range(3, 8):
        clock.move_to(start + timedelta(hours=hour))
        engine.step()
    assert [run.fire_time for run in ledger(database)] == [start + timedelta(hours=hour) for hour in range(1, 8)]
    assert len({message.run_id for message in sender.messages}) == len(sender.messages) == 7


def test_a_clock_that_is_set_forward_is_met_by_the_catch_up_policy(database: Database, clock: ManualClock) -> None:
    sender = RecordingSender()
    engine = build_engine(database, sender, clock)
    create(Schedules(database, clock), "0 * * * *", catchup={"policy": "latest"})
    start = clock.now()
    clock.advance(timedelta(hours=5, minutes=30))
    engine.step()
    missed, latest = ledger(database)
    assert (missed.state.value, missed.covered_count) == ("missed", 4)
    assert (latest.cause.value, latest.fire_time) == ("catchup", start + timedelta(hours=5))
    clock.advance(timedelta(hours=-5))  # set right again: what was fired already is not fired when its time comes
    for _ in range(6):
        clock.advance(timedelta(hours=1))
        engine.step()
    assert [message.fire_time for message in sender.messages] == [start + timedelta(hours=hour) for hour in (5, 6)]
