"""What the running processes tell about themselves: nodes, workers, and the tasks that workers serve."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue


class Node(BaseModel):
    """A process that runs an engine. `broker_error` says why it cannot send, and is None while it can.

    `runs_removed` is how many old runs it has removed since it started.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    broker_error: str | None = None
    runs_removed: int = 0


class Worker(BaseModel):
    """A Celery worker with the plug-in, by its Celery node name (`celery@host`); `id` is that of this life of it."""

    model_config = ConfigDict(frozen=True)

    name: str
    id: UUID | None = None
    host: str
    pid: int
    pool: str
    concurrency: int
    queues: list[str]
    started_at: datetime
    seen_at: datetime


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
