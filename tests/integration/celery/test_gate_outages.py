"""What the gate answers while the database does not, and afterwards."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import select

from integration.celery.asked import Asked, actions
from punctual.celery.gate import Gate
from punctual.celery.outage import Outage
from punctual.celery.records import GivenBack, Started
from punctual.domain.clock import monotonic
from punctual.domain.run import RunError, RunState
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from punctual.store.postgres import BoundedConnection
from punctual.store.tables import runs as runs_table
from servers.postgres import PostgresServer, private_postgres
from servers.waiting import eventually


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


def test_a_copy_is_asked_about_where_a_first_message_was_let_in_soon(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    postgres_server.fill(postgres_url)
    database = Database(postgres_url)
    asked = Asked(database, postgres_url, patience=60.0, silence=0.1)
    before_it, held, copied = (asked.new_run() for _ in range(3))
    assert asked.ask(before_it)
    with asked.database.write() as tx:
        tx.connection.execute(select(runs_table.c.id).where(runs_table.c.id == held).with_for_update()).all()
        assert asked.ask(held)
        assert asked.ask(copied, punctual_repeated="1")
    assert [started.run_id for started in asked.opened] == [held]
    assert asked.get(copied).state is RunState.RUNNING
    asked.gate.close()
    database.close()


def test_to_connect_anew_may_take_its_time(
    postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_server.fill(postgres_url)
    database = Database(postgres_url)
    asked = Asked(database, postgres_url, patience=60.0, silence=0.1)
    first, second = asked.new_run(), asked.new_run()
    assert asked.ask(first)
    connect = BoundedConnection.connect

    def connect_slowly(*arguments: Any, **options: Any) -> Any:
        threading.Event().wait(0.5)
        return connect(*arguments, **options)

    monkeypatch.setattr(BoundedConnection, "connect", connect_slowly)
    assert postgres_server.cut(postgres_url) > 0
    assert asked.ask(second)
    assert asked.opened == []
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
