"""The documents about locks that the API answers with."""

from typing import Literal

from pydantic import Field

from punctual.api.schemas import Answer, Instant
from punctual.domain.lock import Lock


class LockOut(Answer):
    """A lock that a task holds."""

    id: int = Field(description="Grows: of two locks of a key, the greater one was taken later.")
    purpose: Literal["exclusive", "idempotent"] = Field(description="The decorator that it belongs to.")
    key: str
    function: str = Field(description="The function that runs under it.")
    task_id: str | None = Field(description="The task that calls the function; of a run, its id. Null outside of one.")
    worker: str | None = Field(description="The worker that runs that task.")
    host: str
    pid: int
    acquired_at: Instant
    expires_at: Instant = Field(description="When others may take it, unless it is renewed: RFC 3339, in UTC.")

    @classmethod
    def of(cls, lock: Lock) -> "LockOut":
        """Return the answer for a lock."""
        return cls(**lock.model_dump(mode="json"))


class LockPageOut(Answer):
    """Some locks."""

    items: list[LockOut]
    next_cursor: str | None = Field(description="Cursor of the next page; null on the last one.")
