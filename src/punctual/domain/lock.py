"""Locks that tasks hold: counted, and leased, so that the lock of a process that died gets free by itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Purpose(StrEnum):
    """What a lock is for; keys of different purposes have nothing to do with each other."""

    EXCLUSIVE = "exclusive"
    IDEMPOTENT = "idempotent"


@dataclass(frozen=True, slots=True)
class Claim:
    """A lock that is wanted: `limit` processes may hold the key at once."""

    purpose: Purpose
    key: str
    limit: int = 1


class Holder(BaseModel):
    """Who holds a lock: a function, in a process, and the task that calls it where one does."""

    model_config = ConfigDict(frozen=True)

    function: str
    host: str
    pid: int
    task_id: str | None = None
    worker: str | None = None


class Lock(Holder):
    """A lock that is held until it is released, or `expires_at` has passed without its being renewed.

    Of two locks of a key, the one with the greater `id` was taken later.
    """

    id: int
    purpose: Purpose
    key: str
    acquired_at: datetime
    expires_at: datetime
