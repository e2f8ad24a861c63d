"""What the gate answers, on each database, and when the database does not."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID, uuid5

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import select

from punctual.celery import line
from punctual.celery.gate import Gate
from punctual.celery.outage import Outage
from punctual.celery.records import GivenBack, Started
from punctual.celery.tally import Tally
from punctual.control.schedules import Schedules
from punctual.domain.clock import SystemClock, monotonic
from punctual.domain.run import Run, RunError, RunState
from punctual.store import attempts, runs
from punctual.store.admission import cancel
from punctual.store.attempts import Runner
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from punctual.store.tables import runs as runs_table
from servers.postgres import PostgresServer, private_postgres
from servers.waiting import eventually
from worker_records import start


class Asked:
    """A gate, the runs that it is asked for, and the starts that it could not ask for."""

    def __init__(self, database: Database, url: str, patience: float = 10.0, silence: float = 10.0) -> None:
        self.database = database
        self.url = url
        self.opened: list[Started | GivenBack] = []
        self.tally = Tally()
        self.gate = Gate(lambda: url, self.opened.append, tally=self.tally, patience=patience, silence=silence)

    def new_run(self) -> UUID:
        schedules = Schedules(self.database, SystemClock())
        document = {"name": str(monotonic()), "task": "t", "trigger": "every 1d"}
        schedules.create(document, actor="test", allow_unknown_task=True)
        return schedules.run_now(str(document["name"]), actor="test").id

    def ask(self, run_id: UUID, attempt: int = 1, retries: int = 0, **facts: object) -> bool:
        headers = {"punctual_run": str(run_id), "punctual_attempt": str(attempt), "hostname": "w@test"}
        return self.gate.admits(str(run_id), {**headers, "retries": retries, **facts})

    def get(self, run_id: UUID) -> Run:
        with self.database.read() as tx:
            run = runs.get(tx, run_id)
        assert run is not None
        return run


@pytest.fixture
def asked(database: Database, database_url: str) -> Iterator[Asked]:
    asked = Asked(database, database_url)
    yield asked
    asked.gate.close()


@pytest.fixture
def hasty(postgres_server: PostgresServer, postgres_url: str) -> Iterator[Asked]:
    """A gate on PostgreSQL that waits for a short time only."""
    postgres_server.fill(postgres_url)
    database = Database(postgres_url)
    asked = Asked(database, postgres_url, patience=0.5, silence=0.5)
    yield asked
    asked.gate.close()
    database.close()


def seconds(ask: Callable[[], bool]) -> float:
    """Return how long it takes to be admitted."""
    before = monotonic()
    assert ask()
    return monotonic() - before


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [getattr(record, "action", "") for record in caplog.records]


def test_an_attempt_that_may_start_is_recorded_by_the_answer(asked: Asked) -> None:
    run_id = asked.new_run()
    assert asked.ask(run_id, punctual_timeout="60")
    run = asked.get(run_id)
    assert (run.state, run.attempt, run.worker) == (RunState.RUNNING, 1, "w@test")
    assert run.started_at is not None
    with asked.database.read() as tx:
        deadline = tx.connection.execute(select(runs_table.c.deadline).where(runs_table.c.id == run_id)).scalar_one()
    assert deadline == run.started_at + timedelta(seconds=60)
    assert asked.opened == []


def test_of_any_number_that_ask_at_once_one_is_admitted(asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run_id = asked.new_run()
    together = threading.Barrier(8)

    def ask(_: int) -> bool:
        together.wait()
        return asked.ask(run_id)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [False] * 7 + [True]
    assert asked.tally.counts.refused == 7
    assert actions(caplog) == ["start_refused"] * 7


def test_celerys_retries_and_the_next_message_are_attempts_of_their_own(asked: Asked) -> None:
    run_id = asked.new_run()
    assert asked.ask(run_id)
    assert asked.ask(run_id, retries=1)
    assert not asked.ask(run_id, retries=1)
    assert not asked.ask(run_id)
    assert asked.ask(run_id, attempt=3)
    assert asked.get(run_id).attempt == 3


def test_a_run_that_has_ended_is_refused(asked: Asked) -> None:
    run_id = asked.new_run()
    with asked.database.write() as tx:
        cancel(tx, [run_id], reason="Not wanted.", at=SystemClock().now())
    assert not asked.ask(run_id)
    assert asked.get(run_id).state is RunState.CANCELLED


def test_tasks_of_others_are_not_asked_for(asked: Asked) -> None:
    run_id = asked.new_run()
    assert asked.gate.admits("not-a-run", {})
    assert asked.gate.admits("0b0e1ee2-6c0c-4d0e-9d5c-111111111111", {"punctual_run": str(run_id)})
    assert asked.get(run_id).state is RunState.PENDING
    assert asked.opened == []


def test_a_task_that_takes_the_place_of_another_passes_and_its_start_is_handed_on(asked: Asked) -> None:
    run_id = asked.new_run()
    assert asked.ask(run_id)
    assert asked.gate.admits(str(run_id), {"hostname": "w@test", "replaced_task_nesting": 1})
    assert asked.ask(run_id, replaced_task_nesting=1)
    assert [started.run_id for started in asked.opened] == [run_id, run_id]


def test_an_attempt_that_was_given_back_starts_anew(asked: Asked) -> None:
    run_id = asked.new_run()
    headers = {"punctual_run": str(run_id), "punctual_attempt": "1"}
    assert asked.ask(run_id)
    asked.gate.gave_back(str(run_id), headers, RunError(type="OSError", message="busy"))
    run = asked.get(run_id)
    assert run.error is not None
    assert (run.state, run.attempt, run.error.message) == (RunState.RETRYING, 0, "busy")
    assert asked.ask(run_id)
    assert not asked.ask(run_id)
    assert (asked.get(run_id).state, asked.get(run_id).attempt) == (RunState.RUNNING, 1)


def test_who_did_not_hear_the_answer_gets_it_again(database: Database) -> None:
    run_id = Asked(database, "").new_run()
    at = SystemClock().now()
    worker_id = uuid5(UUID(int=0), "a worker")
    for again in (False, True):
        with database.write() as tx:
            assert start(tx, run_id, worker_id=worker_id, at=at, again=again)
    for other, when in (
        (Runner("w", worker_id), at + timedelta(microseconds=1)),
        (Runner("v", worker_id), at),
        (Runner("w"), at),
    ):
        with database.write() as tx:
            assert not attempts.start(tx, run_id, other, attempt=1, deadline=None, at=when, again=True)


def test_a_connection_that_was_cut_is_opened_again_at_once(
    hasty: Asked, postgres_server: PostgresServer, postgres_url: str
) -> None:
    first, second = hasty.new_run(), hasty.new_run()
    assert hasty.ask(first)
    assert postgres_server.cut(postgres_url) > 0
    assert hasty.ask(second)
    assert not hasty.ask(second)
    assert hasty.opened == []


def test_while_the_database_is_away_tasks_run_and_only_the_first_waits(
    hasty: Asked, postgres_server: PostgresServer, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    found = [hasty.new_run() for _ in range(4)]
    assert hasty.ask(found[0])
    with postgres_server.away(postgres_url):
        first = seconds(lambda: hasty.ask(found[1]))
        second = seconds(lambda: hasty.ask(found[2]))
    assert second < first < 2
    assert [started.run_id for started in hasty.opened] == found[1:3]
    assert actions(caplog) == ["gate_open", "gate_open"]
    eventually(lambda: hasty.ask(found[3]) and hasty.get(found[3]).state is RunState.RUNNING)
    assert not hasty.ask(found[3])
    assert actions(caplog)[-2:] == ["gate_resumed", "start_refused"]


@pytest.mark.parametrize("sign", [{"punctual_repeated": "1"}, {"delivery_info": {"redelivered": True}}], ids=str)
def test_while_the_database_is_away_a_task_whose_message_may_be_one_of_several_is_put_off(
    hasty: Asked, postgres_server: PostgresServer, postgres_url: str, caplog: pytest.LogCaptureFixture, sign: Any
) -> None:
    run_id = hasty.new_run()
    with postgres_server.away(postgres_url):
        assert not hasty.ask(run_id, **sign)
    assert hasty.opened == []
    assert actions(caplog) == ["start_put_off"]
    eventually(lambda: hasty.ask(run_id, **sign))
    assert not hasty.ask(run_id, **sign)


def test_an_answer_that_came_while_the_process_stood_still_is_heard(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class StoodStill(SimpleQueue[Any]):
        """Whoever waits here finds that all the time has passed, the first time."""

        stood_still = False

        def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - as the queue's
            if timeout is not None and not self.stood_still:
                self.stood_still = True
                raise Empty
            return super().get(block, timeout)

    monkeypatch.setattr(line, "SimpleQueue", StoodStill)
    run_id = asked.new_run()
    assert asked.ask(run_id)
    assert not asked.ask(run_id)
    assert asked.opened == []
    assert "gate_open" not in actions(caplog)


def test_a_database_that_says_nothing_holds_no_task_up_for_longer(hasty: Asked) -> None:
    run_id = hasty.new_run()
    with hasty.database.write() as tx:
        tx.connection.execute(select(runs_table.c.id).where(runs_table.c.id == run_id).with_for_update()).all()
        before = monotonic()
        assert hasty.ask(run_id)
        assert 0.4 < monotonic() - before < 2
    assert [started.run_id for started in hasty.opened] == [run_id]


@pytest.mark.parametrize(("sign", "admitted"), [({}, True), ({"punctual_repeated": "1"}, False)], ids=str)
def test_silence_opens_the_gate_for_a_first_message_soon_and_for_a_copy_never(
    postgres_server: PostgresServer, postgres_url: str, sign: Any, *, admitted: bool
) -> None:
    postgres_server.fill(postgres_url)
    database = Database(postgres_url)
    asked = Asked(database, postgres_url, patience=2.0, silence=0.1)
    before_it, run_id = asked.new_run(), asked.new_run()
    assert asked.ask(before_it)
    with asked.database.write() as tx:
        tx.connection.execute(select(runs_table.c.id).where(runs_table.c.id == run_id).with_for_update()).all()
        before = monotonic()
        assert asked.ask(run_id, **sign) is admitted
        waited = monotonic() - before
    assert waited < 2.0 if admitted else waited >= 2.0
    asked.gate.close()
    database.close()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the processes of the server are found in /proc")
def test_a_paused_server_holds_up_one_task_for_a_moment_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with private_postgres() as server:
        database = Database(server.url)
        upgrade(database)
        asked = Asked(database, server.url, patience=60.0, silence=0.5)
        found = [asked.new_run() for _ in range(4)]
        assert asked.ask(found[0])
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        processes = [server.pid, *map(int, children)]
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            first = seconds(lambda: asked.ask(found[1]))
            second = seconds(lambda: asked.ask(found[2]))
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)
        assert second < first < 10
        assert [started.run_id for started in asked.opened] == found[1:3]
        eventually(lambda: "gate_resumed" in actions(caplog))
        assert asked.ask(found[3])
        assert not asked.ask(found[3])
        asked.gate.close()
        database.close()


def test_that_the_database_answers_again_is_found_out_without_any_task(
    hasty: Asked, postgres_server: PostgresServer, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    found = [hasty.new_run() for _ in range(2)]
    with postgres_server.away(postgres_url):
        assert hasty.ask(found[0])
    eventually(lambda: "gate_resumed" in actions(caplog))
    assert hasty.ask(found[1])
    assert hasty.get(found[1]).state is RunState.RUNNING


def test_what_waited_for_the_database_goes_ahead_of_new_questions(postgres_url: str) -> None:
    asked_whether: list[bool] = []
    waiting = [True]

    def caught_up() -> bool:
        asked_whether.append(not waiting)
        return not waiting

    outage = Outage(lambda: postgres_url, "It is away.", caught_up)
    eventually(lambda: len(asked_whether) > 1)
    assert not outage.over
    waiting.clear()
    eventually(lambda: outage.over)


def test_but_not_for_ever(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("punctual.celery.outage._CATCH_UP", 0.1)
    outage = Outage(lambda: postgres_url, "It is away.", lambda: False)
    eventually(lambda: outage.over)


def test_a_soft_time_limit_interrupts_the_question(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = asked.new_run(), asked.new_run()
    assert asked.ask(first)

    def interrupted(*_: object, **__: object) -> bool:
        raise SoftTimeLimitExceeded

    class Interrupted(SimpleQueue[Any]):
        """Whoever waits here is interrupted."""

        def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - as the queue's
            return super().get(block) if timeout is None else interrupted()

    # Where the database is a server, the thread that runs the task asks; else it waits for the one that does.
    if asked.url.startswith("postgres"):
        monkeypatch.setattr(attempts, "start", interrupted)
    else:
        monkeypatch.setattr(line, "SimpleQueue", Interrupted)
    with pytest.raises(SoftTimeLimitExceeded):
        asked.ask(second)
    assert asked.opened == []


def test_what_is_given_back_while_the_database_is_known_to_be_away_waits_for_nothing(
    hasty: Asked, postgres_server: PostgresServer, postgres_url: str
) -> None:
    run_id = hasty.new_run()
    with postgres_server.away(postgres_url):
        assert hasty.ask(run_id)
        before = monotonic()
        hasty.gate.gave_back(str(run_id), {"punctual_run": str(run_id)}, RunError(type="ValueError", message="no"))
        assert monotonic() - before < 0.5
    assert [type(record) for record in hasty.opened] == [Started, GivenBack]


def test_a_database_that_cannot_be_opened_breaks_no_task(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    opened: list[Started | GivenBack] = []
    for url in (f"sqlite:///{tmp_path / 'not' / 'there.db'}", f"sqlite:///{tmp_path / 'empty.db'}", "nonsense"):
        broken = Gate(lambda url=url: url, opened.append, patience=0.2)  # type: ignore[misc] # mypy gives up on the default
        run_id = uuid5(UUID(int=0), url)
        assert broken.admits(str(run_id), {"punctual_run": str(run_id)})
        broken.close()
    assert len(opened) == 3
    assert actions(caplog) == ["gate_open"] * 3
