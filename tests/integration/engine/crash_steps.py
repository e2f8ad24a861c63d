"""The steps of a node and of control, each wrapped by name, so that a test can kill whoever is at one of them.

Nothing of this is in the product: a trap replaces the function where it is looked up, and calls it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from punctual.control import schedules as control_schedules
from punctual.domain.run import StopRequest
from punctual.engine import loop, outcomes, reconcile, tick
from punctual.engine.dispatcher import Dispatcher
from punctual.engine.sender import TaskMessage, Unsendable
from punctual.store import agenda, attempts, failures, ledger, outbox, runs, schedules, waiting
from punctual.testing import RecordingSender

Kill = Callable[[], None]
Patch = Callable[[object, str, Any], None]


class Step(NamedTuple):
    """A function that is looked up at `place` by `name`, and whether to die before or after it."""

    place: Any
    name: str
    when: Literal["before", "after"]

    def __str__(self) -> str:
        return f"{self.when} {getattr(self.place, '__name__', 'sender').rpartition('.')[2]}.{self.name}"


def _around(place: object, *names: str) -> list[Step]:
    return [Step(place, name, when) for name in names for when in ("before", "after")]


class FileSender(RecordingSender):
    """A sender whose broker is a file, so that what was published outlives its node; it may die in mid-batch."""

    def __init__(self, path: Path) -> None:
        """Begin where another node left off."""
        super().__init__()
        self._path = path

    def send(self, messages: Sequence[TaskMessage]) -> Sequence[Unsendable]:
        for message in messages:
            self.publish(f"{message.run_id} {message.attempt}")
        return []

    def stop(self, requests: Sequence[StopRequest]) -> None:
        for request in requests:
            self.publish(f"{request.run_id} {request.stop.value}")

    def publish(self, line: str) -> None:
        with self._path.open("a") as file:
            file.write(f"{line}\n")


OF_A_STEP = [
    *_around(loop, "tick"),
    *_around(schedules, "claim_due"),
    *_around(tick, "plan"),
    *_around(ledger, "record"),
    *_around(schedules, "advance_many"),
    *_around(Dispatcher, "send"),
    *_around(FileSender, "send", "publish"),
    *_around(outbox, "mark_sent", "mark_sent_again"),
    *_around(agenda, "read"),
    *_around(loop, "end_overdue"),
    *_around(attempts, "overdue", "retry", "end"),
    *_around(outcomes, "failed", "wake_waiting"),
    *_around(failures, "hold", "count"),
    *_around(loop, "release_waiting"),
    *_around(waiting, "free", "lock", "release"),
    *_around(Dispatcher, "send_stops"),
    *_around(FileSender, "stop"),
    *_around(attempts, "to_stop", "asked_to_stop"),
    *_around(Dispatcher, "send_unsent"),
    *_around(outbox, "claim_unsent"),
]
"""What one step of an engine goes through when there is everything to do."""

OF_LOST_RUNS = [
    *_around(attempts, "orphans"),
    *_around(outcomes, "lost", "wake_waiting"),
    *_around(reconcile, "_end_lost"),
]
"""What ends, or attempts again, the runs of a worker that is gone."""

OF_A_PAUSE = [
    *_around(control_schedules, "settle"),
    *_around(ledger, "record"),
    *_around(runs, "skip_pending"),
    *_around(schedules, "save"),
]
"""What control goes through when it changes a schedule that owes fire times."""


def set_trap(step: Step, kill: Kill, patch: Patch) -> None:
    """Let whoever comes to the step die of it."""
    do = getattr(step.place, step.name)

    def trapped(*args: Any, **kwargs: Any) -> Any:
        if step.when == "before":
            kill()
        done = do(*args, **kwargs)
        kill()
        return done

    patch(step.place, step.name, trapped)
