"""A schedule: the document people write, and the state the engine keeps beside it."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from punctual.domain.errors import MessageOptionError
from punctual.domain.message_options import ExchangeName, Headers, MessageOptions, RoutingKey
from punctual.domain.names import DEFAULT_SERVICE, Labels, LookupName, ServiceName, printable
from punctual.domain.policies import NO_RULES, CatchUp, Concurrency, OnLost, Overlap, Retry, RunRules
from punctual.domain.skip import Skip
from punctual.domain.spans import SomeTime
from punctual.domain.timetable import Timetable
from punctual.domain.timing import Timing
from punctual.domain.triggers.base import located

_CeleryName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(printable)]
ScheduleName = LookupName


class ScheduleSpec(Timing):
    """What should run and when: the document that the API takes and each version keeps."""

    name: ScheduleName
    task: Annotated[_CeleryName, Field(description="Name of the Celery task to send.")]
    args: list[JsonValue] = Field(default=[], description="Positional arguments of the task.")
    kwargs: dict[str, JsonValue] = Field(default={}, description="Keyword arguments of the task.")
    queue: _CeleryName | None = Field(
        default=None, description="Celery queue to send to; without one, the app's own routing decides."
    )
    exchange: ExchangeName | None = Field(
        default=None, description="Exchange to publish to, in place of a queue; with a `routing_key`."
    )
    routing_key: RoutingKey | None = Field(
        default=None, description="Routing key of the messages, for an exchange or for the topic of a queue."
    )
    priority: Annotated[int, Field(ge=0, le=255)] | None = Field(
        default=None,
        description="Priority of the messages. RabbitMQ: higher goes first, in queues with `x-max-priority`. "
        "Redis: lower goes first, in the steps 0, 3, 6 and 9, and what is above 9 counts as 9.",
    )
    headers: Headers = Field(default={}, description="Headers of the messages, beside those of Celery and Punctual.")
    soft_time_limit: SomeTime | None = Field(
        default=None,
        description="After so long Celery raises SoftTimeLimitExceeded in the task; pools of threads and solo do not.",
    )
    time_limit: SomeTime | None = Field(
        default=None,
        description="After so long Celery kills the task's process; pools of threads and solo let it run.",
    )
    description: str = Field(default="", max_length=2000)
    service: ServiceName = Field(default=DEFAULT_SERVICE, description="The owner of the schedule.")
    labels: Labels = Field(default={}, description="Short texts by name, to find schedules by: `team: payments`.")
    catchup: CatchUp = CatchUp()
    overlap: Overlap = Field(
        default=Overlap.ALLOW, description="What becomes of a run while another run of the schedule has not ended."
    )
    concurrency: Concurrency | None = Field(
        default=None, description="A limit of runs at once, shared with all schedules of the same key."
    )
    retry: Retry = Retry()
    timeout: SomeTime | None = Field(
        default=None, description="How long an attempt may run; then it is terminated, and has failed."
    )
    expires: SomeTime | None = Field(
        default=None, description="How long after its due time a run may still start; then it is expired."
    )
    pause_after_failures: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="After so many failed runs in a row the schedule is paused."
    )
    on_lost: OnLost = Field(
        default=OnLost.FAIL, description="What becomes of a run whose worker died: it ends, or is attempted again."
    )

    @model_validator(mode="after")
    def _options_go_together(self) -> Self:
        if self.exchange is not None and self.queue is not None:
            message, fix = "a message goes to a queue or to an exchange, not to both", "Leave one of the two out."
            raise located(MessageOptionError(message, fix=fix, field="exchange"), "exchange", self.exchange)
        if self.exchange is not None and self.routing_key is None:
            message = "an exchange needs a routing key, without which Celery sends to the default queue"
            fix = "Give one; for a fanout exchange, which reads none, any text."
            raise located(MessageOptionError(message, fix=fix, field="routing_key"), "routing_key", None)
        soft, hard = self.soft_time_limit, self.time_limit
        if soft is not None and hard is not None and soft >= hard:
            message = "the soft time limit is not below the time limit, which kills the task before"
            fix = "Choose a shorter one, or a longer time_limit."
            raise located(MessageOptionError(message, fix=fix, field="soft_time_limit"), "soft_time_limit", soft)
        return self

    @property
    def message_options(self) -> MessageOptions:
        """How its messages are sent, beside their queue."""
        soft, hard = self.soft_time_limit, self.time_limit
        return MessageOptions(
            exchange=self.exchange,
            routing_key=self.routing_key,
            priority=self.priority,
            headers=self.headers,
            soft_time_limit=None if soft is None else soft.total_seconds(),
            time_limit=None if hard is None else hard.total_seconds(),
        )

    @property
    def rules(self) -> RunRules:
        """What the ledger heeds when it takes in a run."""
        if self.overlap is Overlap.ALLOW and self.concurrency is None and self.expires is None:
            return NO_RULES
        return RunRules(self.overlap, self.concurrency, self.expires)


class ScheduleState(StrEnum):
    """Where a schedule stands, in one word."""

    ACTIVE = "active"
    PAUSED = "paused"
    ERROR = "error"
    FINISHED = "finished"


class ScheduleStatus(BaseModel):
    """What the engine and the operators made of a schedule so far.

    `error` says why the schedule cannot be planned; it is tried again at `next_due_time`.
    Without a `next_fire_time`, a schedule that is not paused is finished: its trigger, its `end_at` or its `max_runs`
    gives no further one. `run_count` is how many runs its fire times have made, `failure_streak` how many runs in a
    row have failed or were lost. `skips` are fire times to come that people chose not to run, in order of time.
    """

    model_config = ConfigDict(frozen=True)

    paused: bool = False
    pause_note: str | None = None
    next_fire_time: datetime | None = None
    next_due_time: datetime | None = None
    last_fire_time: datetime | None = None
    run_count: int = 0
    failure_streak: int = 0
    error: str | None = None
    skips: tuple[Skip, ...] = ()

    def at(self, next_fire_time: datetime | None, next_due_time: datetime | None) -> "ScheduleStatus":
        """Return this status with the next fire time moved, to be decided on when it is due, and without an error.

        Skips that were decided on by then are dropped.
        """
        moved = {"next_fire_time": next_fire_time, "next_due_time": next_due_time, "error": None}
        return self.model_copy(update={**moved, "skips": undecided(self.skips, next_fire_time)})

    def idle(self) -> "ScheduleStatus":
        """Return this status with no fire time to come until it is taken up again; skips stay for then."""
        return self.model_copy(update={"next_fire_time": None, "next_due_time": None, "error": None})

    def runs_left(self, timing: Timing) -> int | None:
        """Return how many more runs the timing allows; None for any number."""
        return None if timing.max_runs is None else max(timing.max_runs - self.run_count, 0)

    def waiting(self, spec: ScheduleSpec, timetable: Timetable, now: datetime) -> "ScheduleStatus":
        """Return this status at the first fire time after now; a skip that is no fire time of the spec is dropped."""
        skips = tuple(skip for skip in self.skips if timetable.has(skip.fire_time))
        following = None if self.runs_left(spec) == 0 else timetable.next_after(now)
        timetable = replace(timetable, skips=skips)
        return self.model_copy(update={"skips": skips}).at(following, timetable.wake_time(following))

    @property
    def state(self) -> ScheduleState:
        """The state in one word; paused wins over an error, an error over finished."""
        if self.paused:
            return ScheduleState.PAUSED
        if self.error is not None:
            return ScheduleState.ERROR
        return ScheduleState.FINISHED if self.next_fire_time is None else ScheduleState.ACTIVE


def undecided(skips: tuple[Skip, ...], next_fire_time: datetime | None) -> tuple[Skip, ...]:
    """Return the skips that are still to be decided on, by the first fire time that is."""
    return tuple(skip for skip in skips if next_fire_time is not None and skip.fire_time >= next_fire_time)


class Schedule(BaseModel):
    """A stored schedule: its identity, its spec at one version, and its status.

    `declared_by` names the Celery app whose code declares the schedule (`proj`, or `proj:beat_schedule` for an entry of
    beat's); None for one made by people or programs.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    version: int
    spec: ScheduleSpec
    status: ScheduleStatus
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    declared_by: str | None = None
