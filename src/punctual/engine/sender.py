"""What the engine needs of a broker."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from pydantic import JsonValue

from punctual.domain.message_options import NO_OPTIONS, MessageOptions
from punctual.domain.names import DEFAULT_SERVICE
from punctual.domain.run import Arguments, StopRequest


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """One message to send: the task call of a run, its message options, and the facts that travel in its headers.

    `attempt` is the number of the attempt that the message is for. After `expires_at` it must not start any more, and
    once it runs for longer than `timeout` seconds it is timed out. One that is `repeated` may not be the only one for
    its attempt: a node has sent it before, or was about to. `previous_fire_time` is that of the run before it.
    With `shown`, that is what may be told of the arguments.
    """

    run_id: UUID
    schedule_id: UUID
    schedule: str
    fire_time: datetime
    cause: str
    task: str
    args: Sequence[JsonValue]
    kwargs: dict[str, JsonValue]
    queue: str | None
    options: MessageOptions = NO_OPTIONS
    attempt: int = 1
    expires_at: datetime | None = None
    timeout: float | None = None
    repeated: bool = False
    previous_fire_time: datetime | None = None
    service: str = DEFAULT_SERVICE
    labels: dict[str, str] = field(default_factory=dict)
    shown: Arguments | None = None


class Unsendable(NamedTuple):
    """A message that the broker refuses for good, while it takes others, and why."""

    run_id: UUID
    reason: str


class QueueDepth(NamedTuple):
    """How long a queue is.

    `messages` wait in the broker, without those that workers have taken and not acknowledged; None where that is not
    known, for the reason that `error` gives. `consumers` is None where the broker does not tell.
    """

    name: str
    messages: int | None
    consumers: int | None = None
    error: str | None = None


class Sender(Protocol):
    """Publishes task messages, and knows the queues that they go to."""

    def send(self, messages: Sequence[TaskMessage]) -> Sequence[Unsendable]:
        """Publish all messages and return once the broker has them, with those that it will never take.

        Raises BrokerUnavailableError when any may not have been published; sending them all again is then right,
        because a run's message always carries the run's id.
        """
        ...

    def stop(self, requests: Sequence[StopRequest]) -> None:
        """Ask all workers to stop runs that they have, or will get where these are over; raises BrokerUnavailableError.

        A worker that cannot interrupt a running task goes on with it; which can depends on its pool.
        """
        ...

    def check(self) -> None:
        """Return if the broker answers; raise BrokerUnavailableError otherwise."""
        ...

    def destinations(self, tasks: Collection[str]) -> Mapping[str, str]:
        """Return the queues that messages of these tasks go to when their schedule names none, as far as certain."""
        ...

    def queues(self, names: Collection[str]) -> Sequence[QueueDepth]:
        """Return how long these queues are, and the one that messages go to by default; makes and takes nothing.

        Raises BrokerUnavailableError.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...
