"""What the running processes tell about themselves: nodes, workers, and the tasks that workers serve."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

ALIVE_FOR = timedelta(seconds=15)
"""A node or worker that was seen this recently counts as alive; each says so every five seconds."""


class Node(BaseModel):
    """A process that runs an engine, and what it said last about itself.

    `lag` is how late, in seconds, it sent what was due last; 0 while nothing is. `sent_per_second` and `busy` (a share
    of the time, 0 to 1) are over the last half minute. `clock_offset` is how far, in seconds, the machine's clock is
    ahead of the database's. `database_error` says why it cannot fire and `broker_error` why it cannot send; they are
    None while it can. `runs_removed` is how many old runs it has removed since it started. `following_error` says why
    it cannot follow runs on workers without the plug-in. `left_out` says by name why schedules that its app declares
    are not in the database.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    tzdata_version: str | None = None
    lag: float = 0.0
    sent_per_second: float = 0.0
    busy: float = 0.0
    clock_offset: float = 0.0
    database_error: str | None = None
    broker_error: str | None = None
    runs_removed: int = 0
    following_error: str | None = None
    left_out: dict[str, str] | None = None


_INTERRUPTING_POOLS = frozenset({"prefork", "gevent", "eventlet"})

_RUNS_ON = "It cannot stop a task that runs: one that is cancelled, or takes too long, runs on."
_NO_LIMITS = "Celery's time limits do nothing in it."
_CANNOT = {
    "threads": (_RUNS_ON, _NO_LIMITS),
    "solo": ("It runs one task at a time, and hears nothing meanwhile.", _RUNS_ON, _NO_LIMITS),
    "gevent": ("Celery's soft time limit does nothing in it.", "It cannot stop a task that never waits."),
}
"""By the pool, what Celery does not do in it; tried with Celery 5.7."""

_NO_PLUGIN = "It has no plug-in: it is known from its events alone, which tell neither pool nor queues nor tasks."


class WorkerLoad(BaseModel):
    """What a worker says of itself with each sign of life; the fields are the worker's (see `Worker`)."""

    model_config = ConfigDict(frozen=True)

    active: int = 0
    reserved: int = 0
    processed: int = 0
    refused: int = 0
    records_waiting: int = 0
    records_dropped: int = 0
    recording_error: str | None = None


class Worker(WorkerLoad):
    """A Celery worker, by its Celery node name (`celery@host`); `id` is that of this life of it.

    One that has not the `plugin` is known from its events only: its pool is `unknown`, its concurrency 0, its queues
    and the tasks it serves are not known.

    `version` is the plug-in's. It runs `active` tasks, has `reserved` ones that wait in it, and has begun `processed`
    ones since it started. Its gate has `refused` second starts. `records_waiting` wait for the database, because of
    `recording_error`, and `records_dropped` were given up.
    """

    name: str
    id: UUID | None = None
    host: str
    pid: int
    pool: str
    concurrency: int
    queues: list[str]
    started_at: datetime
    seen_at: datetime
    celery_version: str | None = None
    version: str | None = None
    plugin: bool = True

    @property
    def interrupts(self) -> bool | None:
        """Whether it can stop a task that runs: Celery's pools of threads, and solo, cannot; None: it is not known."""
        return self.pool in _INTERRUPTING_POOLS if self.plugin else None

    @property
    def cannot(self) -> tuple[str, ...]:
        """What its pool cannot do, in sentences."""
        return _CANNOT.get(self.pool, ()) if self.plugin else (_NO_PLUGIN,)


class Task(BaseModel):
    """A Celery task that some worker has announced.

    `signature` is the JSON Schema of its arguments as one object (see `punctual.domain.signature`), or None where
    it is not known. `queues` are the queues of the workers that serve it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    description: str
    signature: dict[str, JsonValue] | None
    queues: list[str]
    seen_at: datetime
