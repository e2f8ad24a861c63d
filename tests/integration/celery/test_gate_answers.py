"""What the gate answers, on each database."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID, uuid5

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from integration.celery.asked import Asked, actions
from punctual.celery import line
from punctual.domain.clock import SystemClock
from punctual.domain.run import RunError, RunState
from punctual.store import attempts
from punctual.store.admission import cancel
from punctual.store.attempts import Runner
from punctual.store.database import Database
from punctual.store.tables import runs as runs_table
from worker_records import start


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


@pytest.mark.parametrize(
    "interruption",
    [SoftTimeLimitExceeded(), StatementError("wrapped by SQLAlchemy", "", {}, SoftTimeLimitExceeded())],
    ids=["bare", "wrapped"],
)
def test_a_soft_time_limit_interrupts_the_question(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, interruption: Exception
) -> None:
    first, second = asked.new_run(), asked.new_run()
    assert asked.ask(first)

    def interrupted(*_: object, **__: object) -> bool:
        raise interruption

    class Interrupted(SimpleQueue[Any]):
        """Whoever waits here is interrupted."""

        def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - as the queue's
            if timeout is None:
                return super().get(block)
            raise SoftTimeLimitExceeded

    # Where the database is a server, the thread that runs the task asks; else it waits for the one that does.
    if asked.url.startswith("postgres"):
        monkeypatch.setattr(attempts, "start", interrupted)
    else:
        monkeypatch.setattr(line, "SimpleQueue", Interrupted)
    with pytest.raises(SoftTimeLimitExceeded):
        asked.ask(second)
    assert asked.opened == []
