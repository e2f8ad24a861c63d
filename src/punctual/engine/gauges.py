"""What a node can tell about its work: how late it is, how much it sends, how busy it is."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from punctual.domain.clock import monotonic

_BEATS = 6
"""Heartbeats that the rates are taken over."""


@dataclass(frozen=True, slots=True)
class Load:
    """The work since the last heartbeats: seconds late, runs sent per second, share of the time spent working."""

    lag: float
    sent_per_second: float
    busy: float


class NodeGauges:
    """Counts the work of one node; may be used by several threads."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        """Begin with nothing done."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._lag = 0.0
        self._sent = 0
        self._busy = 0.0
        self._working_since: float | None = None
        self._beats: deque[tuple[float, int, float]] = deque([(seconds(), 0, 0.0)], maxlen=_BEATS + 1)

    def fired(self, count: int, due: datetime | None, now: datetime) -> None:
        """Note that so many runs are sent by `now`, the longest due of which was due at `due`."""
        with self._lock:
            self._sent += count
            if count and due is not None:
                self._lag = max(self._lag, (now - due).total_seconds())

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count the time of what is done inside as busy."""
        with self._lock:
            self._working_since = self._seconds()
        try:
            yield
        finally:
            with self._lock:
                self._busy, self._working_since = self._busy_until(self._seconds()), None

    def beat(self) -> Load:
        """Return the load, and begin the next heartbeat."""
        with self._lock:
            now = self._seconds()
            self._beats.append((now, self._sent, self._busy_until(now)))
            lag, self._lag = self._lag, 0.0
            began, sent, busy = self._beats[0]
            span = max(now - began, 0.001)
            return Load(lag, (self._sent - sent) / span, min((self._beats[-1][2] - busy) / span, 1.0))

    def _busy_until(self, now: float) -> float:
        return self._busy if self._working_since is None else self._busy + now - self._working_since
