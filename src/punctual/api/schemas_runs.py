"""The documents about runs that the API answers with or takes."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from punctual.api.schemas import Answer, Instant, NextCursor, Note
from punctual.control.cancel import Cancellation, Interruption
from punctual.domain.report import Level
from punctual.domain.run import Arguments, Cause, Run, RunError, RunState
from punctual.domain.source import Source
from punctual.store.run_logs import LogPage


class RunErrorOut(Answer):
    """What a failed run says."""

    type: str = Field(description="The class of the exception.")
    message: str
    traceback: str | None = Field(description="Null also in lists.")

    @classmethod
    def of(cls, error: RunError) -> "RunErrorOut":
        """Return the answer for the error of a run."""
        return cls(type=error.type, message=error.message, traceback=error.traceback)


class ProgressOut(Answer):
    """How far a task says that it is."""

    done: float
    total: float | None = Field(description="How far it is to go, in the same unit; null where that is not known.")
    note: str | None
    at: Instant


class RunOut(Answer):
    """A run: the ledger's record of one fire time. One `missed` or `skipped` may cover many fire times."""

    id: UUID = Field(description="Also the id of the Celery task.")
    schedule_id: UUID
    schedule: str = Field(description="The name of the schedule.")
    schedule_version: int
    cause: Cause
    state: RunState
    reason: str | None = Field(description="Why it waits, did not run, or is to stop.")
    fire_time: Instant
    due_time: Instant
    task: str
    args: list[JsonValue] = Field(description="What the task was called with: changed ones, or the schedule's.")
    kwargs: dict[str, JsonValue]
    queue: str | None
    exchange: str | None
    origin_id: UUID | None = Field(description="The run that it repeats, where the cause is `rerun`; it may be gone.")
    backfill_id: UUID | None = Field(description="The backfill that it is part of.")
    expires_at: Instant | None = Field(description="When it expires, unless it has started by then.")
    queued_at: Instant | None
    next_attempt_at: Instant | None = Field(
        description="While it is `retrying`: when the next attempt is sent; null once it is, or where Celery sends it."
    )
    received_at: Instant | None = Field(
        description="When the message of the last attempt came to a worker; known once it waits there, or starts."
    )
    received_by: str | None = Field(
        description="The worker that the message came to; `worker` is the one that runs it."
    )
    started_at: Instant | None = Field(description="When the last attempt started.")
    times_out_at: Instant | None = Field(description="When the attempt that runs is terminated.")
    finished_at: Instant | None
    worker: str | None
    attempt: int = Field(description="The number of the last attempt that started; the first is 1.")
    progress: ProgressOut | None = Field(description="How far the last attempt says that it is, or was at its end.")
    result: JsonValue = Field(description="What the task gave; in a list, of a bigger one the first 2 KB.")
    result_is_preview: bool = Field(
        description="Whether `result` is the first part of a bigger one: of the same shape, with texts, lists and "
        "objects cut."
    )
    result_size: int | None = Field(description="How many bytes the whole result is as JSON; null while there is none.")
    error: RunErrorOut | None = Field(description="What the last attempt failed with, also while it is `retrying`.")
    covered_until: Instant | None = Field(description="The last fire time that a `missed` or `skipped` record covers.")
    covered_count: int | None = Field(description="How many fire times a `missed` or `skipped` record covers.")
    covered_count_exact: bool = Field(description="False where `covered_count` is a lower bound.")
    source: Source | None = Field(description="Who told its state last; null where nobody did.")
    not_promised: list[str] = Field(description="What cannot be relied on, in sentences, because of who tells of it.")
    notice: str | None = Field(
        default=None, description="While it is `queued`: why no worker that is known will start it, and what to do."
    )

    @classmethod
    def of(cls, run: Run, notice: str | None = None) -> "RunOut":
        """Return the answer for a run."""
        return cls.model_validate(run, from_attributes=True).model_copy(update={"notice": notice})


class CancellationOut(Answer):
    """A run once it was cancelled, and what becomes of its task."""

    run: RunOut
    interruption: Interruption = Field(
        description="`not_needed`: it did not run. `asked`: its worker is asked to stop it. `impossible`: its worker "
        "cannot interrupt the task, which runs on. `unknown`: whether it can is not known."
    )
    message: str = Field(description="The same in words for people.")

    @classmethod
    def of(cls, cancellation: Cancellation) -> "CancellationOut":
        """Return the answer for a cancellation."""
        return cls(
            run=RunOut.of(cancellation.run), interruption=cancellation.interruption, message=cancellation.message
        )


class LogLineOut(Answer):
    """A line that a task kept with its run."""

    at: Instant
    attempt: int
    level: Level
    text: str


class LogPageOut(Answer):
    """Some lines of a run's log, in their order."""

    items: list[LogLineOut]
    after: str | None = Field(
        description="Pass it as `after` for what comes next, now or later; null while there is no line at all."
    )
    more: bool = Field(description="Whether there are more lines already.")

    @classmethod
    def of(cls, page: LogPage) -> "LogPageOut":
        """Return the answer for a page of a log."""
        return cls.model_validate(page, from_attributes=True)


class RunPageOut(Answer):
    """Some runs, the newest fire time first."""

    items: list[RunOut]
    next_cursor: NextCursor


class ArgumentsIn(BaseModel):
    """What one run calls its task with, where that is to be changed; the schedule stays as it is."""

    model_config = ConfigDict(extra="forbid")

    args: list[JsonValue] | None = Field(default=None, description="In place of all positional arguments.")
    kwargs: dict[str, JsonValue] | None = Field(
        default=None, description="Merged over the keyword arguments, name by name; null is a value like any other."
    )

    @property
    def changes(self) -> Arguments:
        """What is to be changed."""
        return Arguments(args=self.args, kwargs=self.kwargs)


class CancelIn(BaseModel):
    """How a run is cancelled, and why."""

    model_config = ConfigDict(extra="forbid")

    terminate: bool = Field(
        default=False,
        description="End the process that runs it, and say cancelled at once. Without it the task may clean up, and "
        "the run ends when it does.",
    )
    note: Note = Field(default=None, description="Why; the run's reason tells it.")
