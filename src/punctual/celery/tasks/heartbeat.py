"""The built-in task that shows that schedules, broker and workers are alive."""

import socket
from typing import TypedDict

from celery import shared_task

from punctual.domain.clock import SystemClock


class Heartbeat(TypedDict):
    """When and where the worker ran the task, and the note it was given."""

    at: str
    host: str
    note: str


@shared_task(name="punctual.heartbeat", acks_late=True)  # type: ignore[untyped-decorator] # celery has no types
def heartbeat(note: str = "") -> Heartbeat:
    """Answer with the time and the host of the worker.

    Use it to see that the whole way works: schedule, broker, worker and the record of the run.

    Args:
        note: Any text; it comes back in the result.

    """
    at = SystemClock().now().isoformat(timespec="microseconds").replace("+00:00", "Z")
    return Heartbeat(at=at, host=socket.gethostname(), note=note)
