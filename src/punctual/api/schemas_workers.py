"""The documents about workers and queues that the API answers with."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import Field

from punctual.api.schemas import Answer, Instant, NextCursor
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
    """A Celery worker with the plug-in, as it told last."""

    name: str = Field(description="Its Celery node name: `celery@host`.")
    host: str
    pid: int
    pool: str
    concurrency: int
    queues: list[str] = Field(description="The queues that it consumes.")
    started_at: Instant
    seen_at: Instant = Field(description="When it gave its last sign of life; one that is not live is gone since then.")
    live: bool
    interrupts: bool = Field(description="Whether its pool can stop a task that runs; threads and solo cannot.")
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
