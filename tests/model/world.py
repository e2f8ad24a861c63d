"""What there is in the reference model: schedules, runs, workers and messages, in plain Python.

The model says what the product must do, written from the design and not from the code: it enumerates fire times one by
one, and looks at every run each time. Of the product it uses the words, the identity of a run, the documents that
people write, and the triggers' `next_after`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from punctual.domain.identity import run_id
from punctual.domain.run import Cause, RunState, Stop, StopRequest
from punctual.domain.schedule import ScheduleSpec

OPEN = {RunState.BUFFERED, RunState.PENDING, RunState.QUEUED, RunState.RUNNING, RunState.RETRYING}
ACTIVE = OPEN - {RunState.BUFFERED}
ENDED = set(RunState) - OPEN
OF_FIRE_TIMES = {Cause.SCHEDULE, Cause.CATCHUP}


class Crash(BaseException):
    """The node dies here: nothing that catches errors may catch it."""


@dataclass
class Period:
    """A time in which a schedule was to fire, both ends for what they are: after `since`, up to `until`."""

    spec: ScheduleSpec
    since: datetime
    until: datetime | None = None


@dataclass
class Schedule:
    """A schedule; `specs` has every version, `decided` the last fire time that has a record."""

    id: UUID
    specs: dict[int, ScheduleSpec]
    version: int = 1
    paused: bool = False
    note: bool = False
    deleted: bool = False
    next_fire: datetime | None = None
    last_fire: datetime | None = None
    decided: datetime | None = None
    run_count: int = 0
    streak: int = 0
    skips: list[datetime] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)

    @property
    def spec(self) -> ScheduleSpec:
        return self.specs[self.version]

    @property
    def name(self) -> str:
        return self.spec.name


@dataclass(eq=False)
class Run:
    """A record of the ledger; `reason` is whether there is one, `lease` the last node that was to send it.

    `stop` is what workers are still to be asked, up to `stop_attempt`; one that is `cancelling` was asked to end.
    """

    schedule: Schedule
    version: int
    cause: Cause
    fire: datetime
    due: datetime
    state: RunState = RunState.PENDING
    reason: bool = False
    attempt: int = 0
    origin: UUID | None = None
    send_at: datetime | None = None
    lease: int | None = None
    deadline: datetime | None = None
    exclusive: bool = False
    key: str | None = None
    limit: int = 0
    stop: Stop | None = None
    stop_attempt: int | None = None
    cancelling: bool = False
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    worker_id: UUID | None = None
    covered_until: datetime | None = None
    covered_count: int | None = None

    @property
    def id(self) -> UUID:
        return run_id(self.schedule.id, self.fire, self.cause)

    @property
    def spec(self) -> ScheduleSpec:
        return self.schedule.specs[self.version]

    @property
    def order(self) -> tuple[datetime, datetime]:
        return self.due, self.fire

    def move(self, state: RunState, **facts: Any) -> None:
        """Take a state: what a node was to do for the run is not to be done any more, unless the facts say so."""
        self.state = state
        self.send_at = self.lease = self.deadline = None
        for name, value in facts.items():
            setattr(self, name, value)


@dataclass(frozen=True, order=True)
class Message:
    """What was given to the broker."""

    run_id: UUID
    attempt: int
    expires_at: str
    timeout: float | None = field(compare=False)
    repeated: bool = False


@dataclass
class World:
    """All of it. `crash_at` names the point at which the node that acts next dies."""

    schedules: dict[UUID, Schedule] = field(default_factory=dict)
    runs: dict[UUID, Run] = field(default_factory=dict)
    workers: dict[str, tuple[UUID, datetime]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    stopped: list[StopRequest] = field(default_factory=list)
    broker_away: bool = False
    crash_at: str | None = None

    def point(self, name: str) -> None:
        """Die here, if that is what was asked for."""
        if self.crash_at == name:
            raise Crash(name)

    def living(self, name: str) -> Schedule | None:
        """The schedule of this name that is not deleted."""
        return next((each for each in self.schedules.values() if each.name == name and not each.deleted), None)

    def runs_of(self, schedule: Schedule) -> list[Run]:
        return sorted((run for run in self.runs.values() if run.schedule is schedule), key=lambda run: run.order)

    def in_state(self, *states: RunState) -> list[Run]:
        return sorted((run for run in self.runs.values() if run.state in states), key=lambda run: run.order)
