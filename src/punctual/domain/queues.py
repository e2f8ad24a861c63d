"""A queue of the broker, as a node measured it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Queue(BaseModel):
    """A queue that workers consume or schedules send to.

    `messages` wait in the broker. `consumers` is None where the broker does not tell. `oldest_at` is when that run was
    sent which has waited longest for a worker; messages that Punctual did not send do not tell when they were.
    `growing_since` is since when it has not once become shorter. `error` says why it could not be measured.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    messages: int | None = None
    consumers: int | None = None
    oldest_at: datetime | None = None
    growing_since: datetime | None = None
    measured_at: datetime
    error: str | None = None

    def following(self, before: "Queue | None") -> "Queue":
        """Return this measurement with what the one before tells of it: whether the queue grows, and since when."""
        messages = self.messages
        if before is None or before.messages is None or messages is None:
            return self
        if messages == 0 or messages < before.messages:
            return self
        since = before.growing_since
        if since is None and messages > before.messages:
            since = before.measured_at
        return self.model_copy(update={"growing_since": since})
