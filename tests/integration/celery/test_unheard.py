"""A worker ends the attempts that it is not at any more, and of whose end nobody told."""

import logging
from collections.abc import Callable
from uuid import UUID, uuid5

import pytest
from celery.worker import state

import worker_records
from punctual.celery import unheard
from punctual.celery.unheard import UnheardEnds
from punctual.celery.worker_id import begin_life, this_worker
from punctual.control.schedules import Schedules
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.run import Run, RunState
from punctual.store import runs
from punctual.store.database import Database
from punctual.testing import ManualClock

PATIENCE = 30.0


class Moment:
    """A steady clock that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Request:
    """What Celery's main process has of a task that it is at."""

    def __init__(self, run_id: UUID) -> None:
        self.id = str(run_id)


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Moment:
    moment = Moment()
    monkeypatch.setattr(unheard, "monotonic", moment)
    return moment


@pytest.fixture(autouse=True)
def _this_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_WORKER_ID", "")  # so that it is put back afterwards
    begin_life()


@pytest.fixture
def look(database: Database, clock: ManualClock, moment: Moment) -> Callable[[float], int]:
    """Let seconds pass, and look."""
    ends = UnheardEnds(PATIENCE)

    def look(after: float) -> int:
        moment.now += after
        return ends.step(database, clock)

    return look


def begun(schedules: Schedules, database: Database, clock: ManualClock, worker_id: UUID | None, **spec: object) -> UUID:
    """A run that this worker has begun with."""
    schedules.create({"name": "a", "task": "tick", "trigger": "every 1d", **spec}, actor="test")
    run = schedules.run_now("a", actor="test")
    with database.write() as tx:
        assert worker_records.start(tx, run.id, at=clock.now(), worker_id=worker_id)
    return run.id


def get(database: Database, run_id: UUID) -> Run:
    with database.read() as tx:
        run = runs.get(tx, run_id)
    assert run is not None
    return run


def test_an_attempt_whose_end_nobody_tells_is_lost_when_the_patience_is_over(
    schedules: Schedules,
    database: Database,
    clock: ManualClock,
    look: Callable[[float], int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    run_id = begun(schedules, database, clock, this_worker())
    assert look(0) == 0
    assert look(PATIENCE - 1) == 0
    assert get(database, run_id).state is RunState.RUNNING
    with caplog.at_level(logging.WARNING):
        assert look(1) == 1
    run = get(database, run_id)
    assert run.state is RunState.LOST
    assert "before it could tell how it ended" in str(run.reason)
    assert [vars(record)["action"] for record in caplog.records] == ["end_unheard"]
    assert look(PATIENCE) == 0


def test_where_lost_attempts_are_rerun_it_is_attempted_again(
    schedules: Schedules, database: Database, clock: ManualClock, look: Callable[[float], int]
) -> None:
    run_id = begun(schedules, database, clock, this_worker(), on_lost="rerun")
    look(0)
    assert look(PATIENCE) == 1
    assert get(database, run_id).state is RunState.RETRYING


def test_a_task_that_the_worker_is_at_may_take_as_long_as_it_likes(
    schedules: Schedules, database: Database, clock: ManualClock, look: Callable[[float], int]
) -> None:
    run_id = begun(schedules, database, clock, this_worker())
    request = Request(run_id)
    state.active_requests.add(request)
    for _ in range(3):
        assert look(PATIENCE) == 0
    state.active_requests.discard(request)
    assert look(PATIENCE) == 0
    assert look(PATIENCE) == 1


def test_an_end_that_comes_late_is_heard(
    schedules: Schedules, database: Database, clock: ManualClock, look: Callable[[float], int]
) -> None:
    run_id = begun(schedules, database, clock, this_worker())
    look(0)
    with database.write() as tx:
        worker_records.end(tx, run_id, RunState.SUCCEEDED, at=clock.now(), attempt=1)
    assert look(PATIENCE) == 0
    assert get(database, run_id).state is RunState.SUCCEEDED


@pytest.mark.parametrize("other", [None, uuid5(UUID(int=0), "other")], ids=["no id", "another life"])
def test_what_other_workers_are_at_is_theirs(
    schedules: Schedules, database: Database, clock: ManualClock, look: Callable[[float], int], other: UUID | None
) -> None:
    begun(schedules, database, clock, other)
    look(0)
    assert look(PATIENCE) == 0


def test_when_the_database_was_away_the_patience_begins_anew(
    schedules: Schedules, database: Database, clock: ManualClock, moment: Moment
) -> None:
    begun(schedules, database, clock, this_worker())
    ends = UnheardEnds(PATIENCE)
    ends.step(database, clock)
    moment.now += PATIENCE
    broken = Database("postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(DatabaseUnavailableError):
        ends.step(broken, clock)
    broken.close()
    assert ends.step(database, clock) == 0
    moment.now += PATIENCE
    assert ends.step(database, clock) == 1
