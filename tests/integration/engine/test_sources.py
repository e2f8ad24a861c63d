"""A run knows who told of it, and those who know less do not overrule those who know more."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.identity import new_id
from punctual.domain.run import Run, RunError, RunState
from punctual.domain.source import Source
from punctual.engine import outcomes
from punctual.engine.loop import Engine
from punctual.store import attempts
from punctual.store.attempts import Runner
from punctual.store.database import Database, Transaction
from punctual.testing import ManualClock

Tell = Callable[[Source, Callable[[Transaction], bool]], bool]

SECOND = timedelta(seconds=1)
HERE, THERE = Runner("celery@here", new_id()), Runner("celery@there", new_id())


@pytest.fixture
def run(schedules: Schedules, engine: Engine) -> Run:
    """A run whose message is sent."""
    schedules.create({"name": "a", "task": "tick", "trigger": "every 1d"}, actor="test")
    run = schedules.run_now("a", actor="test")
    engine.step()
    return run


@pytest.fixture
def tell(database: Database) -> Tell:
    def telling(source: Source, what: Callable[[Transaction], bool]) -> bool:
        with database.write(source) as tx:
            return what(tx)

    return telling


def start(run_id: UUID, runner: Runner, clock: ManualClock) -> Callable[[Transaction], bool]:
    return lambda tx: attempts.start(tx, run_id, runner, attempt=1, deadline=None, at=clock.now())


def success(run_id: UUID, clock: ManualClock) -> Callable[[Transaction], bool]:
    return lambda tx: outcomes.succeeded(tx, run_id, attempt=1, at=clock.now(), result=1, worker="celery@here")


def test_a_run_has_no_source_until_somebody_tells(database: Database, run: Run, clock: ManualClock, tell: Tell) -> None:
    runs = Runs(database, clock)
    assert runs.get(run.id).source is None
    assert runs.get(run.id).not_promised[0] == "Nobody has told of it since it was sent: it waits in its queue."
    assert tell(Source.RESULT_BACKEND, start(run.id, HERE, clock))
    assert runs.get(run.id).source is Source.RESULT_BACKEND
    assert "A worker that dies is not noticed." in runs.get(run.id).not_promised
    assert tell(Source.EVENTS, success(run.id, clock))
    assert runs.get(run.id).source is Source.EVENTS
    assert runs.get(run.id).not_promised == [
        "Without the plug-in its task may run more than once.",
        "Its result is what the event showed: a repr, cut where it is long.",
    ]


def test_a_run_that_the_gate_let_start_is_never_changed_by_others(
    database: Database, run: Run, clock: ManualClock, tell: Tell
) -> None:
    runs = Runs(database, clock)
    assert tell(Source.PLUGIN, start(run.id, HERE, clock))
    clock.advance(SECOND)
    before = runs.get(run.id)
    error = RunError(type="E", message="")
    for source in (Source.EVENTS, Source.RESULT_BACKEND):
        assert not tell(source, start(run.id, THERE, clock))
        assert not tell(source, success(run.id, clock))
        assert not tell(source, lambda tx: outcomes.failed(tx, run.id, attempt=1, at=clock.now(), error=error))
        assert not tell(source, lambda tx: outcomes.lost(tx, run.id, attempt=1, at=clock.now(), why="no"))
    assert runs.get(run.id) == before
    assert tell(Source.PLUGIN, success(run.id, clock))
    assert (runs.get(run.id).source, runs.get(run.id).not_promised) == (Source.PLUGIN, [])


def test_an_event_that_is_faster_than_the_gate_keeps_no_task_from_running(
    run: Run, clock: ManualClock, tell: Tell
) -> None:
    assert tell(Source.EVENTS, start(run.id, Runner("celery@here", new_id()), clock))
    assert not tell(Source.PLUGIN, start(run.id, THERE, clock))
    assert tell(Source.PLUGIN, start(run.id, HERE, clock))
    assert not tell(Source.PLUGIN, start(run.id, HERE, clock))


def test_events_tell_of_an_attempt_once_and_of_the_worker_that_has_it_by_now(
    database: Database, run: Run, clock: ManualClock, tell: Tell
) -> None:
    first = start(run.id, HERE, ManualClock(clock.now()))
    assert tell(Source.EVENTS, first)
    assert not tell(Source.EVENTS, first)
    clock.advance(SECOND)
    assert tell(Source.EVENTS, start(run.id, THERE, clock))
    assert not tell(Source.EVENTS, first)
    found = Runs(database, clock).get(run.id)
    assert (found.state, found.worker, found.attempt) == (RunState.RUNNING, "celery@there", 1)
