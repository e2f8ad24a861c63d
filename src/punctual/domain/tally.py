"""Counting runs as they end: how many, how late they were sent, how long they waited and ran."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from punctual.domain.run import Cause

BOUNDS = (0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 21600.0)
"""Upper bounds of the buckets of each measure, in seconds; one more bucket has what is above all of them."""

MEASURES = ("lateness", "queue_wait", "run_time")

NUMBERS = (
    "ended",
    *(f"{measure}_sum" for measure in MEASURES),
    *(f"{measure}_{bucket}" for measure in MEASURES for bucket in range(len(BOUNDS) + 1)),
)
"""What is counted, by name: runs; then for each measure the sum of its seconds, and the runs in each bucket alone."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has just ended, by its version of the schedule."""

    schedule_id: UUID
    schedule_version: int
    cause: str
    state: str
    due_time: datetime
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime
    attempt: int

    def measures(self) -> Iterator[tuple[str, float]]:
        """Yield what was measured, in seconds.

        How late it was sent and how long it waited are known of runs with one attempt: later ones overwrite when. A
        worker may be faster than the node that notes when it sent the message; then that is when the run started. Of
        runs that Punctual did not send, neither is known.
        """
        sent = min((at for at in (self.queued_at, self.started_at) if at is not None), default=None)
        if sent is not None and self.attempt <= 1 and self.cause != Cause.ADHOC:
            yield "lateness", _seconds(self.due_time, sent)
            if self.started_at is not None:
                yield "queue_wait", _seconds(sent, self.started_at)
        if self.started_at is not None:
            yield "run_time", _seconds(self.started_at, self.finished_at)


@dataclass(slots=True)
class Counts:
    """The numbers of some runs, and when the last of them ended."""

    numbers: dict[str, float] = field(default_factory=lambda: dict.fromkeys(NUMBERS, 0))
    last: datetime | None = None

    def add(self, ended: Ended) -> None:
        """Count one more run."""
        numbers = self.numbers
        numbers["ended"] += 1
        for measure, seconds in ended.measures():
            numbers[f"{measure}_sum"] += seconds
            numbers[f"{measure}_{_bucket(seconds)}"] += 1
        self.last = ended.finished_at if self.last is None else max(self.last, ended.finished_at)

    def add_all(self, numbers: Mapping[str, float], last: datetime | None) -> None:
        """Count what others have counted."""
        for name in NUMBERS:
            self.numbers[name] += numbers[name]
        if last is not None:
            self.last = last if self.last is None else max(self.last, last)


@dataclass(slots=True)
class Tally:
    """The runs that ended in one transaction, by schedule, version and state."""

    counts: dict[tuple[UUID, int, str], Counts] = field(default_factory=dict)

    def add(self, ended: Ended) -> None:
        """Count a run."""
        key = (ended.schedule_id, ended.schedule_version, ended.state)
        self.counts.setdefault(key, Counts()).add(ended)


def _seconds(since: datetime, until: datetime) -> float:
    return max((until - since).total_seconds(), 0.0)


def _bucket(seconds: float) -> int:
    return next((number for number, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
