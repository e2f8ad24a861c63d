"""What the engine needs of a broker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """One message to send: the task call of a run, and the facts that travel in its headers."""

    run_id: UUID
    schedule_id: UUID
    schedule: str
    fire_time: datetime
    cause: str
    task: str
    args: Sequence[JsonValue]
    kwargs: dict[str, JsonValue]
    queue: str | None


class Sender(Protocol):
    """Publishes task messages."""

    def send(self, messages: Sequence[TaskMessage]) -> None:
        """Publish all messages and return once the broker has them.

        Raises BrokerUnavailableError when any may not have been published; sending them all again is then right,
        because a run's message always carries the run's id.
        """
        ...

    def check(self) -> None:
        """Return if the broker answers; raise BrokerUnavailableError otherwise."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
