"""The documents about workers and queues that the API answers with."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import Field

from punctual.api.schemas import Answer, Instant, NextCursor
from punctual.control.queues import QueueView
from punctual.control.workers import WorkerView


class RunningOut(Answer):
    """A run that a worker runs now."""

    id: UUID
    schedule_id: UUID
    schedule: str = Field(description="The name of the schedule.")
    task: str
    attempt: int
    started_at: Instant


class WorkerOut(Answer):
    """A Celery worker, as it told last."""

    name: str = Field(description="Its Celery node name: `celery@host`.")
    host: str
    pid: int
    pool: str
    concurrency: int
    queues: list[str] = Field(description="The queues that it consumes.")
    started_at: Instant
    seen_at: Instant = Field(description="When it gave its last sign of life; one that is not live is gone since then.")
    live: bool
    plugin: bool = Field(
        description="False: it has no plug-in, and is known from its events. Its pool is `unknown`, its concurrency 0."
    )
    interrupts: bool | None = Field(
        description="Whether its pool can stop a task that runs; threads and solo cannot. Null: it is not known."
    )
    cannot: list[str] = Field(description="What its pool cannot do, in sentences; empty for prefork.")
    celery_version: str | None = Field(description="Null where its plug-in is older than this server.")
    version: str | None = Field(description="The version of its plug-in; null where it is older than this server.")
    active: int = Field(description="Tasks that it runs, those that Punctual did not send too.")
    reserved: int = Field(description="Tasks that it has taken from the broker and that wait in it.")
    processed: int = Field(description="Tasks that it has begun since it started.")
    refused: int = Field(description="Second starts of the same attempt that its gate has refused since it started.")
    records_waiting: int = Field(description="What it has recorded and not yet written to the database.")
    records_dropped: int = Field(description="What it has given up to write since it started.")
    recording_error: str | None = Field(description="Why records wait; null while none does.")
    runs: list[RunningOut] = Field(description="The runs that it runs now, the longest first.")
    warnings: list[str] = Field(description="What people should look at, in sentences; empty for one that is gone.")

    @classmethod
    def of(cls, view: WorkerView) -> "WorkerOut":
        """Return the answer for a worker."""
        worker = view.worker
        return cls(
            **worker.model_dump(exclude={"id"}),
            live=view.live,
            interrupts=worker.interrupts,
            cannot=list(worker.cannot),
            runs=[RunningOut.model_validate(run, from_attributes=True) for run in view.runs],
            warnings=view.warnings,
        )


class WorkerPageOut(Answer):
    """Some workers, by name."""

    items: list[WorkerOut]
    next_cursor: NextCursor

    @classmethod
    def of(cls, views: Sequence[WorkerView], next_cursor: str | None) -> "WorkerPageOut":
        """Return the answer for a page."""
        return cls(items=[WorkerOut.of(view) for view in views], next_cursor=next_cursor)


class QueueOut(Answer):
    """A queue of the broker, as a node measured it last."""

    name: str
    messages: int | None = Field(
        description="Messages that wait in the broker, without those that workers have taken; null: not known."
    )
    consumers: int | None = Field(description="Who consumes it, by the broker; null on Redis, which does not tell.")
    workers: list[str] = Field(description="The living workers with the plug-in that consume it, by name.")
    oldest_at: Instant | None = Field(
        description="When the message of that run was sent which has waited longest for a worker. Messages that "
        "Punctual did not send do not tell when they were. Null: none waits."
    )
    growing_since: Instant | None = Field(description="Since when it has not become shorter; null: it has.")
    measured_at: Instant
    error: str | None = Field(description="Why it could not be measured; null: it could.")
    warnings: list[str] = Field(description="What people should look at, in sentences.")

    @classmethod
    def of(cls, view: QueueView) -> "QueueOut":
        """Return the answer for a queue."""
        return cls(**view.queue.model_dump(), workers=view.workers, warnings=view.warnings)


class QueuePageOut(Answer):
    """Some queues, by name."""

    items: list[QueueOut]
    next_cursor: NextCursor

    @classmethod
    def of(cls, views: Sequence[QueueView], next_cursor: str | None) -> "QueuePageOut":
        """Return the answer for a page."""
        return cls(items=[QueueOut.of(view) for view in views], next_cursor=next_cursor)
