"""Records that are written together have the effect that they have one by one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid5

import pytest
from pydantic import JsonValue
from sqlalchemy import select, text

from punctual.celery.batch import write_batch
from punctual.celery.record_writer import RecordWriter
from punctual.celery.records import Ended, Record, Retrying, Started
from punctual.control.schedules import Schedules
from punctual.domain.run import Run, RunError, RunState
from punctual.store import runs
from punctual.store.admission import cancel
from punctual.store.attempts import Runner
from punctual.store.database import Database
from punctual.store.tables import schedules as schedules_table
from punctual.testing import ManualClock
from servers.postgres import PostgresServer
from servers.waiting import eventually

ERROR = RunError(type="ValueError", message="no")
RESULTS: list[JsonValue] = [None, 1, [1, 2], [[3]], {"a": [None]}, "text", [], True]


@pytest.fixture
def new_run(schedules: Schedules) -> Callable[[str], UUID]:
    def make(name: str) -> UUID:
        if not schedules.list(query=name, state=None, limit=1, cursor=None).items:
            schedules.create({"name": name, "task": "t", "trigger": "every 1d"}, actor="test", allow_unknown_task=True)
        return schedules.run_now(name, actor="test").id

    return make


def started(run_id: UUID, attempt: int = 1) -> Started:
    return Started(run_id, 0.0, Runner("w@test", None, 7), attempt, timeout=60, received=-2.0)


def succeeded(run_id: UUID, result: JsonValue = None, attempt: int = 1) -> Ended:
    return Ended(run_id, 0.0, attempt, RunState.SUCCEEDED, "w@test", result=result)


def failed(run_id: UUID) -> Ended:
    return Ended(run_id, 0.0, 1, RunState.FAILED, "w@test", error=ERROR)


def write(database: Database, clock: ManualClock, *records: Record) -> int:
    """Write records a second apart."""
    told = [(record, clock.now() + timedelta(seconds=number)) for number, record in enumerate(records)]
    with database.write() as tx:
        return write_batch(tx, told)


def get(database: Database, run_id: UUID) -> Run:
    with database.read() as tx:
        run = runs.get(tx, run_id)
    assert run is not None
    return run


def streak(database: Database, name: str) -> int:
    with database.read() as tx:
        query = select(schedules_table.c.failure_streak).where(schedules_table.c.name == name)
        found: int = tx.connection.execute(query).scalar_one()
    return found


def test_each_run_gets_its_own_facts(database: Database, clock: ManualClock, new_run: Callable[[str], UUID]) -> None:
    found = [new_run("a") for _ in RESULTS]
    starts = [started(run_id) for run_id in found]
    ends = [succeeded(run_id, result) for run_id, result in zip(found, RESULTS, strict=True)]
    assert write(database, clock, *starts, *ends) == 0
    for number, run_id in enumerate(found):
        run = get(database, run_id)
        assert (run.state, run.result, run.attempt, run.worker) == (RunState.SUCCEEDED, RESULTS[number], 1, "w@test")
        assert run.started_at == clock.now() + timedelta(seconds=number)
        assert (run.received_at, run.received_by) == (run.started_at - timedelta(seconds=2), "w@test")
        assert run.finished_at == clock.now() + timedelta(seconds=number + len(RESULTS))


def test_the_records_of_one_run_are_written_in_their_order(
    database: Database, clock: ManualClock, new_run: Callable[[str], UUID]
) -> None:
    one, other = new_run("a"), new_run("a")
    retrying = Retrying(one, 0.0, 1, ERROR, countdown=0)
    records: list[Record] = [started(one), retrying, started(one, 2), succeeded(one, 5, 2), failed(one), started(other)]
    assert write(database, clock, *records) == 1
    run = get(database, one)
    assert (run.state, run.attempt, run.result, run.error) == (RunState.SUCCEEDED, 2, 5, None)
    assert run.started_at == clock.now() + timedelta(seconds=2)
    assert get(database, other).state is RunState.RUNNING
    assert get(database, other).times_out_at == clock.now() + timedelta(seconds=65)


def test_what_the_ledger_refuses_is_refused_in_a_batch_as_well(
    database: Database, clock: ManualClock, new_run: Callable[[str], UUID]
) -> None:
    over, later, good = new_run("a"), new_run("a"), new_run("a")
    with database.write() as tx:
        cancel(tx, [over], reason="Not wanted.", at=clock.now())
    assert write(database, clock, started(later, 2)) == 0
    unknown = uuid5(UUID(int=0), "unknown")
    late: list[Record] = [started(later), succeeded(later), started(over), succeeded(unknown), started(good)]
    assert write(database, clock, *late) == 4
    assert get(database, over).state is RunState.CANCELLED
    assert (get(database, later).state, get(database, later).attempt) == (RunState.RUNNING, 2)
    assert get(database, good).state is RunState.RUNNING


def test_failures_in_a_row_are_counted_and_ended(
    database: Database, clock: ManualClock, new_run: Callable[[str], UUID]
) -> None:
    assert write(database, clock, *(failed(new_run("a")) for _ in range(3)), failed(new_run("b"))) == 0
    assert (streak(database, "a"), streak(database, "b")) == (3, 1)
    assert write(database, clock, succeeded(new_run("a")), failed(new_run("b"))) == 0
    assert (streak(database, "a"), streak(database, "b")) == (0, 2)


def waiting(database: Database) -> int:
    """Return how many transactions of the database wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with database.read() as tx:
        return int(tx.connection.execute(text(query)).scalar_one())


def test_writers_take_schedules_in_one_order_and_so_never_wait_in_a_circle(
    postgres_server: PostgresServer, postgres_url: str, clock: ManualClock
) -> None:
    postgres_server.fill(postgres_url)
    database = Database(postgres_url)
    schedules = Schedules(database, clock)
    made = [
        schedules.create({"name": name, "task": "t", "trigger": "every 1d"}, actor="test", allow_unknown_task=True)
        for name in ("a", "b")
    ]
    first, second = sorted(made, key=lambda schedule: schedule.id)
    runs_backwards = [schedules.run_now(str(schedule.id), actor="test").id for schedule in (second, first)]

    def hold(key: UUID) -> object:
        return select(schedules_table.c.id).where(schedules_table.c.id == key).with_for_update(nowait=True)

    with ThreadPoolExecutor(1) as pool:
        with database.write() as tx:
            tx.connection.execute(hold(first.id)).all()  # type: ignore[call-overload] # it is a select
            writing = pool.submit(write, database, clock, *(failed(run_id) for run_id in runs_backwards))
            eventually(lambda: waiting(database) == 1)
            # It holds nothing that whoever is in its way may want.
            assert tx.connection.execute(hold(second.id)).all()  # type: ignore[call-overload] # same
        assert writing.result(30) == 0
    database.close()


def test_a_connection_that_was_cut_is_opened_again_without_a_word(
    database: Database,
    database_url: str,
    postgres_server: PostgresServer,
    new_run: Callable[[str], UUID],
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, second = new_run("a"), new_run("a")
    writer = RecordWriter(database_url)
    writer.submit(started(first))
    eventually(lambda: get(database, first).state is RunState.RUNNING)
    if database_url.startswith("postgres"):
        assert postgres_server.cut(database_url) > 0
    writer.submit(started(second))
    eventually(lambda: get(database, second).state is RunState.RUNNING)
    writer.close(10)
    assert "record_buffered" not in [getattr(record, "action", "") for record in caplog.records]
