"""Runs of one schedule that meet each other, and runs that share a concurrency key."""

from datetime import timedelta
from typing import Any

import pytest

import worker_records
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.run import Cause, Run, RunState, Stop, StopRequest
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive


class Scene:
    """One node, and what tests say of schedules, time and workers."""

    def __init__(
        self,
        engine: Engine,
        schedules: Schedules,
        database: Database,
        clock: ManualClock,
        sender: RecordingSender,
    ) -> None:
        self.engine = engine
        self.schedules = schedules
        self.database = database
        self.clock = clock
        self.sender = sender

    def make(self, name: str = "s", **fields: Any) -> None:
        document = {"name": name, "task": "tick", "trigger": "every 10s", **fields}
        self.schedules.create(document, actor="test")

    def fire(self, times: int = 1) -> None:
        """Let the next fire time come."""
        for _ in range(times):
            self.clock.advance(timedelta(seconds=10))
            self.engine.step()

    def start(self, run: Run) -> None:
        with self.database.write() as tx:
            assert worker_records.start(tx, run.id, at=self.clock.now())

    def end(self, run: Run, state: RunState = RunState.SUCCEEDED) -> None:
        with self.database.write() as tx:
            assert worker_records.end(tx, run.id, state, at=self.clock.now())
        self.engine.step()

    def runs(self, schedule: str | None = None) -> list[Run]:
        """Return all runs, the oldest fire time first."""
        return Runs(self.database, self.clock).list(schedule=schedule, limit=100).items[::-1]

    def states(self, schedule: str | None = None) -> list[str]:
        return [run.state.value for run in self.runs(schedule)]

    def sent(self) -> int:
        return len(self.sender.messages)


@pytest.fixture
def scene(
    engine: Engine, schedules: Schedules, database: Database, clock: ManualClock, sender: RecordingSender
) -> Scene:
    return Scene(engine, schedules, database, clock, sender)


def test_by_default_runs_go_side_by_side(scene: Scene) -> None:
    scene.make()
    scene.fire(times=3)
    assert scene.states() == ["queued"] * 3


def test_skip_leaves_a_record_that_says_which_run_was_in_the_way(scene: Scene) -> None:
    scene.make(overlap="skip")
    scene.fire()
    (first,) = scene.runs()
    scene.start(first)
    scene.fire(times=2)
    assert scene.states() == ["running", "skipped", "skipped"]
    skipped = scene.runs()[1]
    moment = first.fire_time.isoformat().replace("+00:00", "Z")
    assert skipped.reason == f"The run of {moment} was still running (overlap policy skip)."
    assert skipped.finished_at == skipped.fire_time
    scene.end(first)
    scene.fire()
    assert scene.states() == ["succeeded", "skipped", "skipped", "queued"]
    assert scene.sent() == 2


def test_buffer_one_keeps_one_run_for_the_end_of_the_other(scene: Scene) -> None:
    scene.make(overlap="buffer_one")
    scene.fire()
    first = scene.runs()[0]
    scene.start(first)
    scene.fire(times=3)
    assert scene.states() == ["running", "buffered", "skipped", "skipped"]
    assert scene.sent() == 1
    assert (scene.runs()[1].reason or "").startswith("Waits for the end of the run of ")
    scene.end(first)
    assert scene.states() == ["succeeded", "queued", "skipped", "skipped"]
    assert scene.runs()[1].reason is None
    assert [message.run_id for message in scene.sender.messages] == [first.id, scene.runs()[1].id]


def test_buffer_all_starts_one_after_another_in_their_order(scene: Scene) -> None:
    scene.make(overlap="buffer_all")
    scene.fire(times=4)
    assert scene.states() == ["queued", "buffered", "buffered", "buffered"]
    for number in range(4):
        run = scene.runs()[number]
        assert [message.run_id for message in scene.sender.messages][-1] == run.id
        scene.start(run)
        scene.end(run, RunState.FAILED if number % 2 else RunState.SUCCEEDED)
    assert scene.states() == ["succeeded", "failed", "succeeded", "failed"]


def test_cancel_other_asks_the_running_one_to_stop_and_waits_for_it(scene: Scene) -> None:
    scene.make(overlap="cancel_other")
    scene.fire()
    first = scene.runs()[0]
    scene.start(first)
    scene.fire(times=2)
    assert scene.states() == ["running", "cancelled", "buffered"]
    assert (scene.runs()[1].reason or "").endswith("took its place (overlap policy cancel_other).")
    assert scene.sender.stopped[0] == StopRequest(first.id, Stop.CANCEL)
    scene.end(first, RunState.CANCELLED)
    assert scene.states() == ["cancelled", "cancelled", "queued"]


def test_cancel_other_replaces_a_run_that_no_worker_has_begun(scene: Scene) -> None:
    scene.make(overlap="cancel_other")
    scene.fire(times=2)
    assert scene.states() == ["cancelled", "queued"]
    assert scene.sender.stopped == [StopRequest(scene.runs()[0].id, Stop.CANCEL, over=True)]


def test_terminate_other_ends_the_others_at_once(scene: Scene) -> None:
    scene.make(overlap="terminate_other")
    scene.fire()
    first = scene.runs()[0]
    scene.start(first)
    scene.fire()
    assert scene.states() == ["cancelled", "queued"]
    assert scene.sender.stopped == [StopRequest(first.id, Stop.TERMINATE, over=True)]
    with scene.database.write() as tx:
        assert not worker_records.end(tx, first.id, RunState.SUCCEEDED, at=scene.clock.now())


def test_runs_that_people_ask_for_heed_the_policy_as_well(scene: Scene) -> None:
    scene.make(overlap="skip", trigger="@yearly")
    first = scene.schedules.run_now("s", actor="test")
    second = scene.schedules.run_now("s", actor="test")
    assert (first.state, second.state) == (RunState.PENDING, RunState.SKIPPED)
    scene.engine.step()
    assert scene.sent() == 1


def test_runs_made_up_for_at_once_heed_the_policy_among_themselves(scene: Scene) -> None:
    scene.make(overlap="buffer_all", catchup={"policy": "all", "grace": 0})
    scene.clock.advance(timedelta(seconds=35))
    scene.engine.step()
    assert scene.states() == ["queued", "buffered", "buffered"]
    assert {run.cause for run in scene.runs()} == {Cause.CATCHUP}


def test_what_waits_when_a_schedule_is_paused_is_skipped(scene: Scene) -> None:
    scene.make(overlap="buffer_one")
    scene.fire(times=2)
    scene.schedules.pause("s", note=None, actor="test")
    assert scene.states() == ["queued", "skipped"]
    assert scene.runs()[1].reason == "The schedule was paused before it was due."


def test_a_key_lets_so_many_runs_of_several_schedules_go_at_once(scene: Scene) -> None:
    for name in ("a", "b", "c"):
        scene.make(name, concurrency={"key": "db", "limit": 2})
    scene.fire()
    assert sorted(scene.states()) == ["buffered", "queued", "queued"]
    (waiting,) = (run for run in scene.runs() if run.state is RunState.BUFFERED)
    assert waiting.reason == "Waits for its turn: 2 at once of 'db'."
    begun = next(run for run in scene.runs() if run.state is RunState.QUEUED)
    scene.start(begun)
    scene.end(begun)
    assert sorted(scene.states()) == ["queued", "queued", "succeeded"]
    assert scene.sent() == 3


def test_a_key_and_an_overlap_policy_hold_together(scene: Scene) -> None:
    scene.make("a", overlap="buffer_all", concurrency={"key": "db", "limit": 2})
    scene.make("b", concurrency={"key": "db", "limit": 2})
    scene.fire(times=2)
    assert scene.states("a") == ["queued", "buffered"]
    assert scene.states("b") == ["queued", "buffered"]
    second_of_b = scene.runs("b")[0]
    scene.start(second_of_b)
    scene.end(second_of_b)
    assert scene.states("a") == ["queued", "buffered"]
    assert scene.states("b") == ["succeeded", "queued"]


def test_what_waits_can_expire(scene: Scene) -> None:
    scene.make(overlap="buffer_one", expires=15)
    scene.fire()
    scene.start(scene.runs()[0])
    drive(scene.engine, scene.clock, scene.clock.now() + timedelta(seconds=30))
    assert scene.states() == ["running", "expired", "skipped", "buffered"]


def test_runs_that_waited_for_their_key_alone_do_not_start_beside_one_that_must_be_alone(scene: Scene) -> None:
    scene.make("other", trigger="every 1h", concurrency={"key": "k", "limit": 2})
    in_the_way = [scene.schedules.run_now("other", actor="test") for _ in range(2)]
    scene.make(concurrency={"key": "k", "limit": 2})
    scene.fire()
    scene.schedules.change("s", {"overlap": "buffer_all"}, actor="test")
    scene.fire()
    assert scene.states("s") == ["buffered", "buffered"]
    with scene.database.write() as tx:
        for run in in_the_way:
            assert worker_records.end(tx, run.id, RunState.SUCCEEDED, at=scene.clock.now())
    scene.engine.step()
    assert scene.states("s") == ["queued", "buffered"]
