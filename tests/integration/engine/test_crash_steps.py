"""A node that dies at any step, and people whose process does: others go on, nothing is lost, and nothing doubled."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

import worker_records
from integration.engine import dying_node
from integration.engine.crash_steps import OF_A_PAUSE, OF_A_STEP, OF_LOST_RUNS, FileSender, Step, set_trap
from punctual.control.schedules import Schedules
from punctual.domain.identity import new_id
from punctual.domain.processes import Task, Worker
from punctual.domain.run import RunState
from punctual.engine.build import build_engine
from punctual.engine.dispatcher import LEASE
from punctual.engine.loop import Engine
from punctual.engine.reconcile import LOST_AFTER
from punctual.store import agenda, workers
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from punctual.store.tables import runs, schedules
from punctual.testing import ManualClock, drive
from servers.waiting import eventually

SECOND = timedelta(seconds=1)
RETRY = {"attempts": 2, "delay": 5}
OFTEN, ONCE = "every 455s", "every 600s"
NAMES: dict[str, dict[str, Any]] = {
    "plain": {"trigger": OFTEN},
    "alone": {"trigger": ONCE, "overlap": "buffer_all"},
    "slow": {"trigger": ONCE, "timeout": 60, "retry": RETRY},
    "slower": {"trigger": ONCE, "timeout": 60},
    "brief": {"trigger": ONCE, "expires": 305},
}
LOOK = LOST_AFTER / 5 + SECOND
"""Two such looks apart, a node still believes that it has seen all."""

EVERYTHING = 910
"""The second after the start at which there is everything to do."""


class Killed(BaseException):
    """No code catches this."""


def kill() -> None:
    raise Killed


class Scene:
    """Schedules for which there is everything to do: runs due, unsent, unheard of, waiting, too late and too long."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.clock = ManualClock()
        self.people = Schedules(database, self.clock)
        self.path = folder / "published"
        self.worker = new_id()
        self._start = self.clock.now()

    def node(self) -> Engine:
        return build_engine(self.database, FileSender(self.path), self.clock)

    def at(self, second: int) -> None:
        self.clock.move_to(self._start + second * SECOND)

    def prepare(self) -> None:
        """Come to the instant at which there is everything to do."""
        for name, fields in NAMES.items():
            document = {"name": name, "task": "tick", **fields}
            self.people.create(document, actor="test", allow_unknown_task=True)
        drive(self.node(), self.clock, self._start + 600 * SECOND)
        self.begin("alone")
        self.at(850)
        self.begin("slow")
        self.begin("slower")
        self.people.run_now("alone", actor="test")
        self.people.run_now("plain", actor="test")
        with self.database.write() as tx:
            assert worker_records.end(tx, self.of("alone")[0].id, RunState.SUCCEEDED, at=self.clock.now())
        self.at(EVERYTHING)
        self.live()

    def begin(self, name: str) -> None:
        """Let a worker start the first run of a schedule."""
        now = self.clock.now()
        with self.database.write() as tx:
            deadline = now + 60 * SECOND if "timeout" in NAMES[name] else None
            first = self.of(name)[0].id
            assert worker_records.start(tx, first, at=now, deadline=deadline, worker_id=self.worker)

    def live(self) -> None:
        """Let the worker tell that it lives."""
        now = self.clock.now()
        facts: dict[str, Any] = {"host": "h", "pid": 1, "pool": "solo", "concurrency": 1, "queues": []}
        worker = Worker(name="w", id=self.worker, started_at=now, seen_at=now, **facts)
        with self.database.write() as tx:
            workers.announce(tx, worker, [Task(name="tick", description="", signature=None, queues=[], seen_at=now)])

    def of(self, name: str) -> list[Row[Any]]:
        """The records of a schedule, the oldest fire time first."""
        query = select(runs).join(schedules, schedules.c.id == runs.c.schedule_id).where(schedules.c.name == name)
        with self.database.read() as tx:
            return list(tx.connection.execute(query.order_by(runs.c.fire_time)))

    def states(self) -> dict[str, list[tuple[str, str]]]:
        return {name: [(row.cause, row.state) for row in self.of(name)] for name in NAMES}

    def published(self) -> Counter[str]:
        return Counter(self.path.read_text().splitlines())

    def go_on(self) -> None:
        """Let another node live on from the end of the lease."""
        self.clock.advance(LEASE)
        self.live()
        drive(self.node(), self.clock, self.clock.now() + 10 * SECOND)

    def assert_all_is_done(self) -> None:
        """Nothing is lost, doubled or stuck, wherever the other node died."""
        assert self.states() == {
            "plain": [("schedule", "queued"), ("manual", "queued"), ("schedule", "queued")],
            "alone": [("schedule", "succeeded"), ("manual", "queued")],
            "slow": [("schedule", "retrying")],
            "slower": [("schedule", "failed")],
            "brief": [("schedule", "expired")],
        }
        assert self.people.get("slower").status.failure_streak == 1
        published = self.published()
        unheard, asked_for, due = (row.id for row in self.of("plain"))
        first_attempts = [row.id for name in NAMES for row in self.of(name)]
        wanted = Counter(f"{run_id} 1" for run_id in (*first_attempts, unheard))
        wanted += Counter([f"{self.of('slow')[0].id} 2"])
        wanted += Counter(f"{self.of(name)[0].id} terminate" for name in ("slow", "slower"))
        assert wanted.keys() == published.keys()
        again = published - wanted
        assert wanted <= published
        assert max(again.values(), default=0) <= 1
        assert {f"{asked_for} 1", f"{due} 1"} <= wanted.keys()
        with self.database.read() as tx:
            left = agenda.read(tx)
        now = self.clock.now()
        assert not left.buffered
        assert not left.stops
        assert all(at is None or at > now for at in (left.due, left.send, left.deadline))


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Scene:
    return Scene(database, tmp_path)


def test_a_node_that_does_not_die_does_everything_once(scene: Scene) -> None:
    scene.prepare()
    scene.node().step()
    scene.go_on()
    scene.assert_all_is_done()
    assert max(Counter(scene.published()).values()) == 2  # what was unheard of was sent again


@pytest.mark.parametrize("step", OF_A_STEP, ids=str)
def test_what_a_node_was_at_when_it_died_is_done_by_another(
    step: Step, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.prepare()
    node = scene.node()
    with monkeypatch.context() as patch:
        set_trap(step, kill, patch.setattr)
        with pytest.raises(Killed):
            node.step()
    scene.go_on()
    scene.assert_all_is_done()


KILLED_AT = [
    "before schedules.advance_many",
    "after loop.tick",
    "after FileSender.publish",
    "after FileSender.send",
    "after outbox.mark_sent",
    "after loop.end_overdue",
    "after loop.release_waiting",
    "after FileSender.stop",
    "after outbox.claim_unsent",
]


@pytest.mark.parametrize("name", KILLED_AT)
def test_a_process_that_is_killed_is_made_good_by_another(name: str, scene: Scene, database_url: str) -> None:
    scene.prepare()
    number = list(map(str, OF_A_STEP)).index(name)
    with start_node(database_url, scene.path, "step", str(number), scene.clock.now().isoformat()) as child:
        assert child.wait(60) == -signal.SIGKILL
    scene.go_on()
    scene.assert_all_is_done()


@pytest.mark.parametrize("step", OF_LOST_RUNS, ids=str)
def test_a_lost_run_is_ended_once_also_when_the_node_that_found_it_dies(
    step: Step, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, policies in {"ends": {}, "again": {"on_lost": "rerun"}}.items():
        document = {"name": name, "task": "tick", "trigger": "every 600s", **policies}
        scene.people.create(document, actor="test", allow_unknown_task=True)
    nodes = [scene.node(), scene.node()]
    drive(nodes[0], scene.clock, scene.clock.now() + 600 * SECOND)
    lost = [scene.of(name)[0].id for name in ("ends", "again")]
    with scene.database.write() as tx:
        for run_id in lost:
            assert worker_records.start(tx, run_id, at=scene.clock.now(), worker_id=scene.worker)
    for _ in range(5):
        look(scene, nodes)
    scene.clock.advance(LOOK)
    with monkeypatch.context() as patch:
        set_trap(step, kill, patch.setattr)
        with pytest.raises(Killed):
            nodes[0].end_lost()
    look(scene, nodes[1:])
    nodes[1].step()
    assert [scene.of(name)[0].state for name in ("ends", "again")] == ["lost", "retrying"]
    assert scene.people.get("ends").status.failure_streak == 1
    assert scene.published() == Counter([f"{lost[0]} 1", f"{lost[1]} 1", f"{lost[1]} 2"])


def look(scene: Scene, nodes: list[Engine]) -> None:
    """Let nodes look for lost runs, some seconds later."""
    scene.clock.advance(LOOK)
    for node in nodes:
        node.end_lost()


@pytest.mark.parametrize("step", OF_A_PAUSE, ids=str)
def test_a_change_that_dies_half_way_has_not_happened_and_what_was_owed_is_recorded_once(
    step: Step, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scene.people.create(
        {"name": "plain", "task": "tick", "trigger": "every 10s"}, actor="test", allow_unknown_task=True
    )
    scene.clock.advance(30 * SECOND)
    with monkeypatch.context() as patch:
        set_trap(step, kill, patch.setattr)
        with pytest.raises(Killed):
            scene.people.pause("plain", note=None, actor="test")
    assert scene.people.get("plain") == made
    scene.people.pause("plain", note=None, actor="test")
    drive(scene.node(), scene.clock, scene.clock.now() + 60 * SECOND)
    fire_times = [row.fire_time for row in scene.of("plain")]
    assert fire_times == [made.created_at + seconds * SECOND for seconds in (10, 20, 30)]
    assert scene.published() == Counter(f"{row.id} 1" for row in scene.of("plain"))


def test_two_processes_that_race_share_the_work_and_send_each_run_once(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    count = 300
    an_hour_ago = ManualClock(DatabaseClock(database).now() - timedelta(hours=1))
    people = Schedules(database, an_hour_ago)
    for number in range(count):
        document = {"name": f"s{number}", "task": "tick", "trigger": "every 1h"}
        people.create(document, actor="test", allow_unknown_task=True)
    files = [tmp_path / name for name in ("one", "other")]
    nodes = [
        start_node(database_url, own, "race", str(other)) for own, other in zip(files, reversed(files), strict=True)
    ]
    try:
        eventually(lambda: sum(len(lines(file)) for file in files) >= count, within=60)
    finally:
        for node in nodes:
            node.communicate(timeout=60)
    sent = [line for file in files for line in lines(file)]
    with database.read() as tx:
        states = tx.connection.execute(select(runs.c.id, runs.c.state)).all()
    assert sorted(sent) == sorted(f"{run_id} 1" for run_id, _ in states)
    assert [state for _, state in states] == ["queued"] * count
    assert all(lines(file) for file in files)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def start_node(url: str, file: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(dying_node.__file__), url, str(file), *arguments]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE)
