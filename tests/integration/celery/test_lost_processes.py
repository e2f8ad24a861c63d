"""A worker tells of the attempts whose process has died, and of no others, however late their ends are written."""

import os
import subprocess
import sys
from uuid import UUID, uuid5

import pytest

import worker_records
from punctual.celery.lost_processes import LostProcesses
from punctual.celery.records import Lost
from punctual.control.schedules import Schedules
from punctual.domain.run import RunState
from punctual.store import attempts
from punctual.store.attempts import Runner
from punctual.store.database import Database
from punctual.testing import ManualClock

WORKER = uuid5(UUID(int=0), "this life")


@pytest.fixture
def told() -> list[Lost]:
    return []


@pytest.fixture
def lost(told: list[Lost]) -> LostProcesses:
    return LostProcesses(WORKER, told.append)


@pytest.fixture
def dead_pid() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


@pytest.fixture
def run_id(schedules: Schedules) -> UUID:
    schedules.create({"name": "a", "task": "tick", "trigger": "every 1d"}, actor="test")
    return schedules.run_now("a", actor="test").id


def begin(database: Database, clock: ManualClock, run_id: UUID, pid: int | None, worker_id: UUID = WORKER) -> None:
    with database.write() as tx:
        assert attempts.start(tx, run_id, Runner("w", worker_id, pid), attempt=1, deadline=None, at=clock.now())


def test_a_dead_process_is_told_of_when_it_is_met_again(
    database: Database, clock: ManualClock, lost: LostProcesses, told: list[Lost], run_id: UUID, dead_pid: int
) -> None:
    begin(database, clock, run_id, dead_pid)
    lost.look(database)
    assert told == []
    lost.look(database)
    assert [(each.run_id, each.attempt, each.worker_id) for each in told] == [(run_id, 1, WORKER)]


def test_what_the_process_wrote_before_it_died_comes_first(
    database: Database, clock: ManualClock, lost: LostProcesses, told: list[Lost], run_id: UUID, dead_pid: int
) -> None:
    begin(database, clock, run_id, dead_pid)
    lost.look(database)
    with database.write() as tx:
        assert worker_records.end(tx, run_id, RunState.SUCCEEDED, at=clock.now(), attempt=1)
    lost.look(database)
    assert told == []


@pytest.mark.parametrize("case", ["it lives", "it is not known", "another worker's"])
def test_of_others_nothing_is_told(
    database: Database,
    clock: ManualClock,
    lost: LostProcesses,
    told: list[Lost],
    run_id: UUID,
    dead_pid: int,
    case: str,
) -> None:
    pid = {"it lives": os.getpid(), "it is not known": None}.get(case, dead_pid)
    worker_id = uuid5(UUID(int=0), "another life") if case == "another worker's" else WORKER
    begin(database, clock, run_id, pid, worker_id)
    for _ in range(3):
        lost.look(database)
    assert told == []
