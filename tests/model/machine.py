"""Random lives of a site, step by step beside the model: after each, both must tell the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from model import people, told
from model.compare import assert_promises, assert_same
from model.drawn import CAUSES_OF_DEATH, STRAYS, changes, specs
from model.node import Node
from model.site import Site, as_message
from model.times import wake_time
from model.world import ACTIVE, ENDED, Crash, Message, Run, Schedule, World
from punctual.domain.errors import ConflictError, InvalidInputError, NotFoundError
from punctual.domain.run import RunState
from punctual.engine.sender import TaskMessage
from punctual.store.database import Database

T0 = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ["s0", "s1", "s2"]
WORKERS = ["w0", "w1"]
REFUSED = (ConflictError, InvalidInputError, NotFoundError)
NAMED = st.sampled_from(NAMES)
PICK = st.integers(0, 50)
NODE = st.sampled_from([0, 1])
SECONDS = st.sampled_from([0, 0, 1, 3, 10, 10, 12, 20, 30, 60, 61, 310, 3600])

T = TypeVar("T")


def chosen(things: list[T], number: int) -> T | None:
    """One of the things, of the last ones rather than of the first."""
    return things[-1 - number % len(things)] if things else None


def same_run(run_id: UUID, run: Run) -> None:
    assert run_id == run.id


def stepping() -> Callable[["Life", int, int, str | None, str | None], None]:
    """A function of its own for each rule that steps."""

    def step(life: "Life", seconds: int, number: int, crash: str | None, eager: str | None) -> None:
        life.act(seconds, number, crash, eager)

    return step


class Life(RuleBasedStateMachine):
    """Each rule does one thing to the site and to the model."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.site = Site(self.database, self.patch)
        self.world = World()
        self.nodes = [Node(0), Node(1)]
        self.finals: dict[UUID, RunState] = {}

    def teardown(self) -> None:
        self.patch.undo()

    @property
    def now(self) -> datetime:
        return self.site.clock.now()

    def moment_of(self, who: int) -> datetime:
        """Move on to the next microsecond that ends in this digit, so that no two who act do so at one instant."""
        self.site.clock.advance(timedelta(microseconds=1 + (who - 1 - self.now.microsecond) % 10))
        return self.now

    def check(self) -> None:
        rows = assert_same(self.site, self.world)
        for row in rows:
            assert self.finals.get(row.id, row.state) == row.state, "a terminal state changed"
            if row.finished_at is not None:
                self.finals[row.id] = row.state

    # People

    @initialize(first=specs(0), second=specs(1))
    def begin(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        for worker in WORKERS:
            self.new_life(worker)
        self.create(first)
        self.create(second)

    @rule(document=st.integers(0, 2).flatmap(specs))
    def create(self, document: dict[str, Any]) -> None:
        try:
            made = self.site.schedules.create(document, actor="a", allow_unknown_task=True)
        except REFUSED:
            return
        people.create(self.world, Schedule(made.id, {1: made.spec}), self.now)
        self.check()

    @rule(name=NAMED, patch=changes())
    def change(self, name: str, patch: dict[str, Any]) -> None:
        self.ask(
            name,
            lambda: self.site.schedules.change(name, patch, actor="a", allow_unknown_task=True),
            lambda schedule, changed: people.change(self.world, schedule, changed.spec, self.now),
        )

    @rule(
        name=NAMED,
        what=st.sampled_from(["pause", "resume", "delete", "skip_next", "unskip", "run_now", "run_now", "run_now"]),
    )
    def order(self, name: str, what: str) -> None:
        """Ask control for what needs no more than a name."""
        site, world = self.site.schedules, self.world
        if what == "run_now":
            self.moment_of(1 + NAMES.index(name))
        now = self.now
        do: dict[str, Callable[[], Any]] = {
            "pause": lambda: site.pause(name, note=None, actor="a"),
            "resume": lambda: site.resume(name, actor="a"),
            "delete": lambda: site.delete(name, actor="a"),
            "skip_next": lambda: site.skip_next(name, note=None, actor="a"),
            "unskip": lambda: site.unskip(name, actor="a"),
            "run_now": lambda: site.run_now(name, actor="a"),
        }
        follow: dict[str, Callable[[Schedule, Any], None]] = {
            "pause": lambda schedule, _: people.pause(world, schedule, now),
            "resume": lambda schedule, _: people.resume(schedule, now),
            "delete": lambda schedule, _: people.delete(world, schedule, now),
            "skip_next": lambda schedule, _: people.skip_next(world, schedule, now),
            "unskip": lambda schedule, _: people.unskip(world, schedule, now),
            "run_now": lambda schedule, run: same_run(run.id, people.run_now(world, schedule, now)),
        }
        self.ask(name, do[what], follow[what])

    @rule(number=PICK)
    def restore(self, number: int) -> None:
        schedule = chosen([each for each in self.world.schedules.values() if each.deleted], number)
        if schedule is None:
            return
        try:
            self.site.schedules.restore(str(schedule.id), actor="a")
        except ConflictError:
            assert self.world.living(schedule.name) is not None
        else:
            people.restore(schedule, self.now)
        self.check()

    @rule(number=PICK)
    def rerun(self, number: int) -> None:
        origin = chosen(self.runs(ENDED), number)
        if origin is None:
            return
        self.moment_of(1 + NAMES.index(origin.schedule.name))
        try:
            made = self.site.runs.rerun(origin.id, actor="a")
        except REFUSED:
            assert not people.may_rerun(origin)
        else:
            assert people.may_rerun(origin)
            same_run(made.id, people.rerun(self.world, origin, self.now))
        self.check()

    @rule(number=PICK, terminate=st.booleans())
    def cancel(self, number: int, terminate: bool) -> None:  # noqa: FBT001 - drawn by name
        run = chosen(self.runs(set(RunState)), number)
        if run is None:
            return
        try:
            self.site.runs.cancel(run.id, actor="a", terminate=terminate)
        except ConflictError:
            assert run.state in ENDED
        else:
            people.cancel(run, self.now, terminate=terminate)
        self.check()

    def ask(self, name: str, do: Callable[[], Any], follow: Callable[[Schedule, Any], None]) -> None:
        """Ask control; what it refuses changes nothing, and the model follows what it does."""
        try:
            done = do()
        except REFUSED:
            pass
        else:
            schedule = self.world.living(name)
            assert schedule is not None
            follow(schedule, done)
        self.check()

    # Time and nodes

    @rule(number=NODE, steps=st.integers(1, 6), eager=STRAYS)
    def live_on(self, number: int, steps: int, eager: str | None) -> None:
        """Let a node wake at the very instants at which there is something to do."""
        for _ in range(steps):
            upcoming = [at for at in self.instants() if at > self.now]
            if upcoming:
                self.site.clock.move_to(min(upcoming))
            self.act(0, number, None, eager)

    def instants(self) -> list[datetime]:
        runs = self.world.runs.values()
        found = [wake_time(schedule) for schedule in self.world.schedules.values()]
        found += [at for run in runs for at in (run.send_at, run.deadline)]
        found += [node.blocked_until for node in self.nodes]
        return [at for at in found if at is not None]

    def act(self, seconds: int, number: int, crash: str | None, eager: str | None) -> None:
        """Let a node do what there is to do, or die at it; `eager` is what a worker does before the node goes on."""
        self.site.clock.advance(timedelta(seconds=seconds))
        self.world.crash_at = crash
        taken: list[Message] = []

        def heard(messages: list[TaskMessage]) -> None:
            if eager is not None and messages and not taken:
                taken.append(min(map(as_message, messages)))
                self.site.tell(told.started(self.world, taken[0], "w0"), self.now)
                if eager != "started":
                    self.site.tell(told.ended(self.world, taken[0].run_id, eager, taken[0].attempt), self.now)

        seen: list[Message] = []

        def follow(messages: list[Message]) -> None:
            if eager is not None and messages and not seen:
                seen.append(min(messages))
                told.follow_start(self.world, seen[0], "w0", self.now)
                if eager != "started":
                    run = self.world.runs[seen[0].run_id]
                    told.follow_end(self.world, run, eager, seen[0].attempt, self.now)

        self.site.sender.heard = heard
        died = self.dies(crash, self.site.nodes[number].step)
        assert died == self.dies(crash, lambda: self.nodes[number].step(self.world, self.now, follow))
        self.world.crash_at, self.site.sender.heard = None, lambda _: None
        if died:
            self.restart(number)
        self.check()
        if not died:
            assert_promises(self.site, self.world, self.now)

    def dies(self, crash: str | None, act: Callable[[], object]) -> bool:
        with self.site.dying_at(crash):
            try:
                act()
            except Crash:
                return True
        return False

    # Rules are drawn equally often, and this is the one that matters most.
    step = rule(seconds=SECONDS, number=NODE, crash=CAUSES_OF_DEATH, eager=STRAYS)(stepping())
    step_again = rule(seconds=SECONDS, number=NODE, crash=CAUSES_OF_DEATH, eager=STRAYS)(stepping())
    step_once_more = rule(seconds=SECONDS, number=NODE, crash=CAUSES_OF_DEATH, eager=STRAYS)(stepping())

    def restart(self, number: int) -> None:
        self.site.nodes[number] = self.site.new_node()
        self.nodes[number] = Node(number)

    @rule(what=st.sampled_from(["broker away", "broker back", "clock", "node 0", "node 1", *WORKERS]))
    def misfortune(self, what: str) -> None:
        """Let the broker, the clock, a node or a worker fail, or begin anew."""
        match what:
            case "broker away":
                self.world.broker_away = True
                self.site.sender.fail()
            case "broker back":
                self.world.broker_away = False
                self.site.sender.recover()
            case "clock":
                self.site.clock.advance(-timedelta(seconds=90))
            case "node 0" | "node 1":
                self.restart(int(what[-1]))
            case worker:
                self.new_life(worker)

    # Workers

    def new_life(self, name: str) -> None:
        """Let a worker start, and what it ran before be lost with its old life."""
        life = self.site.new_id()
        self.site.announce(name, life)
        self.world.workers[name] = (life, self.now)

    @rule(silent=st.sampled_from([None, *WORKERS]), beats=st.sampled_from([1, 4, 6]))
    def beat(self, silent: str | None, beats: int) -> None:
        """Let both nodes and the workers tell that they live, but one: in the end its runs are lost."""
        for _ in range(beats):
            self.site.clock.advance(timedelta(seconds=9))
            for name, (life, _) in self.world.workers.items():
                if name != silent:
                    self.site.heartbeat(name)
                    self.world.workers[name] = (life, self.now)
            for engine, node in zip(self.site.nodes, self.nodes, strict=True):
                engine.heartbeat()
                engine.end_lost()
                node.beat(self.world, self.now)
                self.check()

    @rule(number=PICK, name=st.sampled_from(WORKERS))
    def work(self, number: int, name: str) -> None:
        """Let a worker start a message: mostly the newest, but any that was ever sent, again and late."""
        message = chosen([as_message(each) for each in self.site.sender.messages], number)
        if message is not None:
            at = self.moment_of(7)
            self.begin_attempt(message, name, at)

    @rule(number=PICK, how=st.sampled_from(told.ENDS))
    def finish(self, number: int, how: str) -> None:
        """Let a running attempt come to its end."""
        run = chosen(self.runs({RunState.RUNNING}), number)
        if run is not None:
            self.record(run, how, run.attempt, self.moment_of(7))

    @rule(
        number=PICK,
        how=st.sampled_from(told.STRAYS),
        attempt=st.sampled_from([None, 1, 2, 3]),
        late=st.sampled_from([0, 0, 20]),
    )
    def stray_record(self, number: int, how: str, attempt: int | None, late: int) -> None:
        """Let the ledger be told anything, of any run, too late, twice, and out of order."""
        run = chosen(self.runs(set(RunState)), number)
        if run is None:
            return
        at = self.moment_of(7) - timedelta(seconds=late)
        if how == "started":
            message = Message(run.id, attempt or 1, "", None)
            self.begin_attempt(message, "w1", at)
        else:
            self.record(run, how, attempt, at)

    def begin_attempt(self, message: Message, name: str, at: datetime) -> None:
        taken = self.site.tell(told.started(self.world, message, name), at)
        self.agree(taken, told.follow_start(self.world, message, name, at))

    def record(self, run: Run, how: str, attempt: int | None, at: datetime) -> None:
        taken = self.site.tell(told.ended(self.world, run.id, how, attempt), at)
        self.agree(taken, told.follow_end(self.world, run, how, attempt, at))

    def agree(self, taken: bool, expected: bool) -> None:  # noqa: FBT001 - the two answers
        assert taken == expected
        self.check()

    def runs(self, states: set[RunState]) -> list[Run]:
        found = [run for run in self.world.runs.values() if run.state in states]
        return sorted(found, key=lambda run: (run.state in ACTIVE, *run.order, run.id))
