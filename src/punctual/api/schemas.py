"""The documents about schedules, runs and tasks that the API answers with or takes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from punctual.control.tasks import TaskView
from punctual.domain.calendars.use import WhenClosed
from punctual.domain.explain.policy_words import policy_words
from punctual.domain.explain.timing_words import timing_words
from punctual.domain.policies import CatchUp, CatchUpPolicy, OnLost, Overlap, Retry
from punctual.domain.schedule import Schedule, ScheduleState
from punctual.domain.serving import Unserved
from punctual.domain.triggers import Trigger
from punctual.domain.triggers.solar import SolarEvent


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_in_utc), Field(description="RFC 3339, in UTC, with `Z`.")]
Note = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] | None
Seconds = Annotated[float, Field(ge=0, description="Seconds.")]


class Answer(BaseModel):
    """Base of what the API answers: every field is always there."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class CronOut(Answer):
    """A cron trigger."""

    kind: Literal["cron"]
    expression: str
    timezone: str
    day_match: Literal["or", "and"]
    on_gap: Literal["shift", "skip"] | None
    on_fold: Literal["first", "second", "both"] | None
    seed: str | None = Field(description="What the numbers of H depend on: the id of the schedule.")
    text: str = Field(description="The text it was made from, or the canonical short text.")


class IntervalOut(Answer):
    """An interval trigger: it fires at `anchor` plus every multiple of `every`."""

    kind: Literal["interval"]
    every: Seconds
    anchor: Instant | None
    text: str = Field(description="The text it was made from, or the canonical short text.")


class OnceOut(Answer):
    """A trigger that fires once: at an instant, or when the clocks of a time zone show a local time."""

    kind: Literal["once"]
    at: str = Field(description="ISO 8601: with an offset the instant, without one a local time.")
    timezone: str
    on_gap: Literal["shift", "skip"] | None
    on_fold: Literal["first", "second", "both"] | None
    text: str = Field(description="The text it was made from, or the canonical short text.")


class RruleOut(Answer):
    """A recurrence set of RFC 5545."""

    kind: Literal["rrule"]
    expression: str
    timezone: str
    on_gap: Literal["shift", "skip"] | None
    on_fold: Literal["first", "second", "both"] | None
    anchor: Instant | None = Field(description="Where a set without DTSTART starts.")
    text: str = Field(description="The text it was made from, or the canonical short text.")


class SolarOut(Answer):
    """An event of the sun's day at a place."""

    kind: Literal["solar"]
    event: SolarEvent
    latitude: float
    longitude: float
    timezone: str
    text: str = Field(description="The text it was made from, or the canonical short text.")


SingleOut = CronOut | IntervalOut | OnceOut | RruleOut | SolarOut


class AnyOfOut(Answer):
    """The union of several triggers."""

    kind: Literal["any_of"]
    triggers: list[Annotated[SingleOut, Field(discriminator="kind")]]
    text: str = Field(description="The text it was made from, or the canonical short text.")


TriggerOut = Annotated[SingleOut | AnyOfOut, Field(discriminator="kind")]
_TRIGGER: TypeAdapter[SingleOut | AnyOfOut] = TypeAdapter(TriggerOut)


def trigger_out(trigger: Trigger) -> SingleOut | AnyOfOut:
    """Return the answer for a trigger: the object that makes it again, and its text."""
    return _TRIGGER.validate_python(trigger.model_dump(mode="json"))


class CatchUpOut(Answer):
    """How late a fire time may be met and still run."""

    policy: CatchUpPolicy
    grace: Seconds
    window: Seconds
    limit: int

    @classmethod
    def of(cls, catchup: CatchUp) -> "CatchUpOut":
        """Return the answer for a catch-up policy."""
        return cls(
            policy=catchup.policy,
            grace=catchup.grace.total_seconds(),
            window=catchup.window.total_seconds(),
            limit=catchup.limit,
        )


class ConcurrencyOut(Answer):
    """A limit of runs at once, shared with all schedules of the same key."""

    key: str
    limit: int


class RetryOut(Answer):
    """How often a run is attempted, and how long after a failure the next attempt is sent."""

    attempts: int = Field(description="The first one counts too.")
    delay: Seconds
    backoff: float = Field(description="By what each further pause grows.")
    max_delay: Seconds

    @classmethod
    def of(cls, retry: Retry) -> "RetryOut":
        """Return the answer for a retry policy."""
        return cls(
            attempts=retry.attempts,
            delay=retry.delay.total_seconds(),
            backoff=retry.backoff,
            max_delay=retry.max_delay.total_seconds(),
        )


class PolicyOut(Answer):
    """What a policy of a schedule means, where it is not the default."""

    policy: str = Field(description="The field of the schedule: `overlap`, `retry`, …")
    words: str = Field(description="A sentence for people.")


class CalendarUseOut(Answer):
    """The calendars that bound when a schedule runs."""

    blackout: list[str] = Field(description="It does not run within any of these.")
    allowed: list[str] = Field(description="It runs only within all of these.")
    when_closed: WhenClosed


class SkipOut(Answer):
    """A fire time to come that will be skipped, by whose wish, and why."""

    fire_time: Instant
    actor: str
    note: str | None


class ScheduleStatusOut(Answer):
    """What the engine and the operators made of a schedule so far."""

    state: ScheduleState
    paused: bool
    pause_note: str | None
    next_fire_time: Instant | None = Field(description="The first one not decided on yet; `skips` may hold it.")
    next_due_time: Instant | None
    last_fire_time: Instant | None
    run_count: int = Field(description="The runs that its fire times made; `max_runs` bounds it.")
    failure_streak: int = Field(description="Its runs in a row that failed or were lost; a success begins anew.")
    finished: bool = Field(description="Its trigger, its `end_at` or its `max_runs` gives no further fire time.")
    skips: list[SkipOut] = Field(description="Fire times to come that people chose to skip, in order of time.")
    error: str | None = Field(description="Why it cannot be planned; it is tried again at `next_due_time`.")
    trigger_text: str = Field(description="The trigger as short text.")
    trigger_words: str = Field(description="When it fires, in words: the trigger and what bounds it.")
    policy_words: list[PolicyOut] = Field(description="Its policies in words, without those that are the default.")

    @classmethod
    def of(cls, schedule: Schedule) -> "ScheduleStatusOut":
        """Return the answer for the status of a schedule."""
        status = schedule.status
        return cls(
            state=status.state,
            paused=status.paused,
            pause_note=status.pause_note,
            next_fire_time=status.next_fire_time,
            next_due_time=status.next_due_time,
            last_fire_time=status.last_fire_time,
            run_count=status.run_count,
            failure_streak=status.failure_streak,
            finished=status.state is ScheduleState.FINISHED,
            skips=[SkipOut.model_validate(skip, from_attributes=True) for skip in status.skips],
            error=status.error,
            trigger_text=schedule.spec.trigger.text,
            trigger_words=timing_words(schedule.spec),
            policy_words=[PolicyOut(policy=policy, words=words) for policy, words in policy_words(schedule.spec)],
        )


class WarningOut(Answer):
    """Something that people should look at before it matters."""

    code: str = Field(
        description="`task_not_served`: no living worker serves the task. `queue_not_consumed`: none consumes the "
        "queue. `task_not_on_queue`: those that consume the queue do not serve the task. `no_worker`: no worker with "
        "the plug-in is alive, so nothing is known."
    )
    message: str = Field(description="A sentence for people.")
    fix: str = Field(description="What to do about it.")


class ScheduleOut(Answer):
    """A schedule: its spec, its version and its status."""

    id: UUID
    version: int = Field(description="Counts the changes of the spec; also the ETag.")
    name: str
    description: str
    task: str
    args: list[JsonValue]
    kwargs: dict[str, JsonValue]
    queue: str | None
    exchange: str | None = Field(description="Where messages go in place of a queue.")
    routing_key: str | None
    priority: int | None = Field(description="On RabbitMQ higher goes first, on Redis lower.")
    headers: dict[str, JsonValue] = Field(description="Headers of its messages, beside those of Celery and Punctual.")
    soft_time_limit: Seconds | None = Field(description="After so long Celery raises SoftTimeLimitExceeded in it.")
    time_limit: Seconds | None = Field(description="After so long Celery kills its process.")
    service: str = Field(description="The owner of the schedule.")
    labels: dict[str, str]
    trigger: TriggerOut
    start_at: Instant | None = Field(description="No fire time before this instant.")
    end_at: Instant | None = Field(description="No fire time after this instant.")
    max_runs: int | None = Field(description="After so many runs it is finished.")
    jitter: Seconds
    calendars: CalendarUseOut
    catchup: CatchUpOut
    overlap: Overlap = Field(description="What becomes of a run while another run of the schedule has not ended.")
    concurrency: ConcurrencyOut | None
    retry: RetryOut
    timeout: Seconds | None = Field(description="How long an attempt may run.")
    expires: Seconds | None = Field(description="How long after its due time a run may still start.")
    pause_after_failures: int | None = Field(description="After so many failed runs in a row it is paused.")
    on_lost: OnLost = Field(description="What becomes of a run whose worker died.")
    created_at: Instant
    updated_at: Instant
    declared_by: str | None = Field(
        description="The Celery app whose code declares it, as `proj`, or whose `beat_schedule`, as "
        "`proj:beat_schedule`; null for all others."
    )
    status: ScheduleStatusOut
    warnings: list[WarningOut] = Field(description="Why nobody would run its task now; none once it is finished.")

    @classmethod
    def of(cls, schedule: Schedule, unserved: Sequence[Unserved]) -> "ScheduleOut":
        """Return the answer for a schedule."""
        spec = schedule.spec
        return cls(
            id=schedule.id,
            version=schedule.version,
            name=spec.name,
            description=spec.description,
            task=spec.task,
            args=spec.args,
            kwargs=spec.kwargs,
            queue=spec.queue,
            exchange=spec.exchange,
            routing_key=spec.routing_key,
            priority=spec.priority,
            headers=spec.headers,
            soft_time_limit=_seconds(spec.soft_time_limit),
            time_limit=_seconds(spec.time_limit),
            service=spec.service,
            labels=spec.labels,
            trigger=trigger_out(spec.trigger),
            start_at=spec.start_at,
            end_at=spec.end_at,
            max_runs=spec.max_runs,
            jitter=spec.jitter.total_seconds(),
            calendars=CalendarUseOut.model_validate(spec.calendars, from_attributes=True),
            catchup=CatchUpOut.of(spec.catchup),
            overlap=spec.overlap,
            concurrency=None
            if spec.concurrency is None
            else ConcurrencyOut.model_validate(spec.concurrency, from_attributes=True),
            retry=RetryOut.of(spec.retry),
            timeout=_seconds(spec.timeout),
            expires=_seconds(spec.expires),
            pause_after_failures=spec.pause_after_failures,
            on_lost=spec.on_lost,
            created_at=schedule.created_at,
            updated_at=schedule.updated_at,
            declared_by=schedule.declared_by,
            status=ScheduleStatusOut.of(schedule),
            warnings=[WarningOut.model_validate(each, from_attributes=True) for each in unserved],
        )


class TaskOut(Answer):
    """A Celery task that some worker has announced."""

    name: str
    description: str = Field(description="The docstring of the task.")
    queues: list[str] = Field(description="The queues of the workers that serve it.")
    signature: dict[str, JsonValue] | None = Field(
        description="JSON Schema of its arguments as one object; `x-positional` lists those that may stand in `args`."
    )
    live: bool = Field(description="Whether a worker that serves it is alive.")
    seen_at: Instant = Field(description="When a worker that serves it gave its last sign of life.")
    gone_since: Instant | None = Field(description="Since when no living worker serves it; null while one does.")

    @classmethod
    def of(cls, view: TaskView) -> "TaskOut":
        """Return the answer for a task."""
        task = view.task
        return cls(
            name=task.name,
            description=task.description,
            queues=task.queues,
            signature=task.signature,
            live=view.live,
            seen_at=task.seen_at,
            gone_since=None if view.live else task.seen_at,
        )


NextCursor = Annotated[str | None, Field(description="Pass it as `cursor` for the next page; null on the last one.")]


class SchedulePageOut(Answer):
    """Some schedules, by name."""

    items: list[ScheduleOut]
    next_cursor: NextCursor


class TaskPageOut(Answer):
    """Some tasks, by name."""

    items: list[TaskOut]
    next_cursor: NextCursor


class PauseIn(BaseModel):
    """Why a schedule is paused."""

    model_config = ConfigDict(extra="forbid")

    note: Note = Field(default=None, description="Why; shown beside the schedule.")


class SkipIn(BaseModel):
    """Why the next run is skipped."""

    model_config = ConfigDict(extra="forbid")

    note: Note = Field(default=None, description="Why; the record of the fire time tells it.")
