"""Reading Celery's events, whatever is in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from punctual.celery.following.clocks import WorkerClocks
from punctual.celery.following.tries import Tries
from punctual.celery.headers import run_of

_OF_TASKS = frozenset(
    f"task-{what}"
    for what in ("received", "started", "succeeded", "failed", "retried", "revoked", "rejected", "cancelled")
)
_LONGEST_NAME = 255
_OF_WORKERS = frozenset({"worker-online", "worker-heartbeat", "worker-offline"})


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of a worker, about a run or about itself.

    `moment` is when it happened, on this process's steady clock; `timestamp` the same by the worker's own clock,
    `clock` its logical one. `tried` is the number of Celery's try, the first is 0; None where it is not known.
    """

    kind: str
    worker: str
    pid: int
    moment: float
    timestamp: float
    clock: int
    run_id: UUID | None
    tried: int | None
    fields: Mapping[str, Any]

    def text(self, name: str) -> str | None:
        """Return a field as text; None when there is none."""
        value = self.fields.get(name)
        return None if value is None else str(value)

    def number(self, name: str) -> float | None:
        """Return a field as a number; None when it is none."""
        value = self.fields.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


class Hearing:
    """Understands events in the order in which they come."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._tries = Tries()
        self._clocks = WorkerClocks()

    def read(self, body: object, received: float) -> Heard | None:
        """Return an event that came at this moment; None for one that matters to no run of ours, or is malformed."""
        if not isinstance(body, Mapping):
            return None
        kind, timestamp = body.get("type"), body.get("timestamp")
        worker, pid = body.get("hostname"), body.get("pid")
        if not (isinstance(worker, str) and isinstance(pid, int) and isinstance(timestamp, int | float)):
            return None
        if len(worker) > _LONGEST_NAME or "\x00" in worker:
            return None
        run_id = None
        if kind in _OF_TASKS:
            # That no header is known makes it ours only where the id is of the kind that runs have.
            run_id = run_of(None, body.get("uuid"))
            if run_id is None:
                return None
        elif kind not in _OF_WORKERS:
            return None
        clock = body.get("clock")
        return Heard(
            kind=str(kind),
            worker=worker,
            pid=pid,
            moment=self._clocks.moment(worker, float(timestamp), received),
            timestamp=float(timestamp),
            clock=clock if isinstance(clock, int) else 0,
            run_id=run_id,
            tried=None if run_id is None else self._tried(str(kind), (run_id, worker), body),
            fields=body,
        )

    def _tried(self, kind: str, key: tuple[UUID, str], body: Mapping[str, Any]) -> int | None:
        match kind:
            case "task-received":
                retries = body.get("retries")
                number = retries if isinstance(retries, int) and retries >= 0 else 0
                self._tries.received(key, number)
                return number
            case "task-started":
                return self._tries.started(key)
            case "task-retried":
                return self._tries.retried(key)
            case "task-succeeded" | "task-failed" | "task-revoked":
                return self._tries.ended(key)
            case _:
                return None
