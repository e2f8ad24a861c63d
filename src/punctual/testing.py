"""Helpers for tests, ours and yours: time that you move, a sender that remembers, and an engine driven through both."""

import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from punctual.domain.errors import BrokerUnavailableError
from punctual.domain.run import StopRequest
from punctual.engine.loop import Engine
from punctual.engine.sender import QueueDepth, TaskMessage, Unsendable


class ManualClock:
    """A Clock that stands still until it is moved."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        """Stand at an aware instant."""
        self._lock = threading.Lock()
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant the clock stands at."""
        with self._lock:
            return self._now

    def move_to(self, instant: datetime) -> None:
        """Stand at another instant, earlier ones included."""
        with self._lock:
            self._now = instant.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move on by a span."""
        self.move_to(self.now() + by)


class RecordingSender:
    """A Sender that keeps what it is given; `fail` makes the broker go away until `recover`.

    It refuses for good the messages of the tasks in `unsendable`, by name, for the reason given there. `routing` has
    the queues of tasks, by name; all others go to the queue `celery`. `depths` has what queues hold.
    """

    def __init__(self) -> None:
        """Start with a broker that works."""
        self.messages: list[TaskMessage] = []
        self.stopped: list[StopRequest] = []
        self.unsendable: dict[str, str] = {}
        self.routing: dict[str, str] = {}
        self.depths: dict[str, QueueDepth] = {}
        self._failing = False

    def fail(self) -> None:
        """Let the broker go away."""
        self._failing = True

    def recover(self) -> None:
        """Let the broker come back."""
        self._failing = False

    def send(self, messages: Sequence[TaskMessage]) -> Sequence[Unsendable]:
        """Keep the messages."""
        self.check()
        self.messages.extend(message for message in messages if message.task not in self.unsendable)
        refused = [message for message in messages if message.task in self.unsendable]
        return [Unsendable(message.run_id, self.unsendable[message.task]) for message in refused]

    def stop(self, requests: Sequence[StopRequest]) -> None:
        """Keep what was to be stopped."""
        self.check()
        self.stopped.extend(requests)

    def check(self) -> None:
        """Raise BrokerUnavailableError while the broker is away."""
        if self._failing:
            message = "The broker is away (by the test's wish)."
            raise BrokerUnavailableError(message)

    def destinations(self, tasks: Collection[str]) -> Mapping[str, str]:
        """Return what `routing` says."""
        return {task: self.routing.get(task, "celery") for task in tasks}

    def queues(self, names: Collection[str]) -> Sequence[QueueDepth]:
        """Return what `depths` has; a queue that it does not have is empty."""
        self.check()
        return [self.depths.get(name, QueueDepth(name, 0)) for name in sorted({*names, "celery"})]

    def close(self) -> None:
        """Nothing to release."""


def drive(engine: Engine, clock: ManualClock, until: datetime) -> None:
    """Let the engine live from the clock's instant to `until`, waking exactly when it wants to; returns at `until`."""
    while True:
        wake = engine.step()
        if wake is None or wake > until:
            break
        clock.move_to(max(wake, clock.now() + timedelta(microseconds=1)))
    clock.move_to(until)
    engine.step()
