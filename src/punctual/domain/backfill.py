"""A backfill: the fire times of a span of the past, run because somebody asked for them."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from punctual.domain.run import REPEATED_WITHIN, TERMINAL, RunState
from punctual.domain.timetable import Closed, Timetable

MOST_PARALLEL = 1000
"""So many runs of one backfill may be active at once, at most."""

MOST_COUNTED = 20_000
"""Fire times of a span are counted up to here; beyond it the number is a lower bound."""

_TICK = timedelta(microseconds=1)


class Reprocess(StrEnum):
    """Which fire times run again: none of those that have run, those whose last run went wrong, or every one."""

    NONE = "none"
    FAILED = "failed"
    ALL = "all"


class Order(StrEnum):
    """Which fire times of the span come first."""

    OLDEST = "oldest"
    NEWEST = "newest"


class BackfillState(StrEnum):
    """Where a backfill stands; it is done once all its runs are made and have ended."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for: the fire times from `since` on and before `until` (None: up to now)."""

    since: datetime
    until: datetime | None = None
    reprocess: Reprocess = Reprocess.NONE
    parallelism: int = 1
    order: Order = Order.OLDEST


class Tally(BaseModel):
    """How many fire times were made into runs, and how many were left out, by reason."""

    model_config = ConfigDict(frozen=True)

    made: int = 0
    has_run: int = 0
    closed: int = 0
    skipped: int = 0

    @property
    def looked_at(self) -> int:
        """How many fire times were decided on."""
        return self.made + self.has_run + self.closed + self.skipped

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum of both."""
        return Tally(
            made=self.made + other.made,
            has_run=self.has_run + other.has_run,
            closed=self.closed + other.closed,
            skipped=self.skipped + other.skipped,
        )


class Backfill(BaseModel):
    """A backfill of one schedule, by the version that it had at the start.

    Its span is from `since` on and before `until`. `next_fire_time` is the first one not decided on yet, None after
    the last. `fire_times` is how many the span has, a lower bound unless `fire_times_exact`. `error` says why it
    cannot go on; it is tried again. `reason` says why it ended before its time.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    schedule_id: UUID
    schedule: str
    schedule_version: int
    since: datetime
    until: datetime
    reprocess: Reprocess
    parallelism: int
    order: Order
    state: BackfillState
    actor: str
    created_at: datetime
    finished_at: datetime | None = None
    reason: str | None = None
    error: str | None = None
    next_fire_time: datetime | None = None
    fire_times: int
    fire_times_exact: bool
    tally: Tally = Tally()


@dataclass(frozen=True, slots=True)
class Span:
    """The fire times of a timetable from `since` on and before `until`, in an order."""

    timetable: Timetable
    since: datetime
    until: datetime
    order: Order

    def first(self) -> datetime | None:
        """Return the fire time to begin with; None when there is none."""
        return self._inside(
            self.timetable.next_after(self.since - _TICK)
            if self.order is Order.OLDEST
            else self.timetable.previous_before(self.until)
        )

    def following(self, fire_time: datetime) -> datetime | None:
        """Return the fire time that comes next in the order; None after the last."""
        return self._inside(
            self.timetable.next_after(fire_time)
            if self.order is Order.OLDEST
            else self.timetable.previous_before(fire_time)
        )

    def stretch(self, fire_time: datetime | None, limit: int) -> list[datetime]:
        """Return at most `limit` fire times in the order, from `fire_time` on."""
        found: list[datetime] = []
        while fire_time is not None and len(found) < limit:
            found.append(fire_time)
            fire_time = self.following(fire_time)
        return found

    def ends(self) -> tuple[datetime, datetime, int, bool] | None:
        """Return the oldest and the newest fire time, how many there are, and whether that is exact; None: none."""
        oldest = self._inside(self.timetable.next_after(self.since - _TICK))
        newest = self._inside(self.timetable.previous_before(self.until))
        if oldest is None or newest is None:
            return None
        return oldest, newest, *self.timetable.count_between(oldest, newest, MOST_COUNTED)

    def _inside(self, fire_time: datetime | None) -> datetime | None:
        return None if fire_time is None or not self.since <= fire_time < self.until else fire_time


@dataclass(frozen=True, slots=True)
class Record:
    """What the ledger has: of a fire time, or of many up to `covered_until`.

    `started`: an attempt was begun. `on_purpose`: people chose to skip what it covers.
    """

    fire_time: datetime
    due_time: datetime
    state: RunState
    started: bool = False
    covered_until: datetime | None = None
    on_purpose: bool = False

    @property
    def ran(self) -> bool:
        """Whether its task was tried, and has ended."""
        match self.state:
            case RunState.SUCCEEDED | RunState.FAILED | RunState.LOST:
                return True
            case RunState.CANCELLED:
                return self.started
            case _:
                return False


class History:
    """The records of consecutive fire times, each with those of the runs that repeat it."""

    def __init__(self, fire_times: Iterable[datetime], records: Iterable[Record]) -> None:
        """Give each record to its fire time; those of other instants are left out."""
        times = sorted(fire_times)
        self._of: dict[datetime, list[Record]] = {fire_time: [] for fire_time in times}
        self._on_purpose: list[tuple[datetime, datetime]] = []
        for record in records:
            if record.on_purpose:
                self._on_purpose.append((record.fire_time, record.covered_until or record.fire_time))
            place = bisect_right(times, record.fire_time) - 1
            if place >= 0 and record.fire_time - times[place] < REPEATED_WITHIN:
                self._of[times[place]].append(record)

    def skipped_on_purpose(self, fire_time: datetime) -> bool:
        """Tell whether people chose not to run a fire time."""
        return any(first <= fire_time <= last for first, last in self._on_purpose)

    def is_to_run(self, fire_time: datetime, reprocess: Reprocess) -> bool:
        """Tell whether a fire time is to run, by what has become of it so far."""
        records = self._of[fire_time]
        if reprocess is Reprocess.ALL:
            return True
        if any(record.state not in TERMINAL for record in records):
            return False
        ran = [record for record in records if record.ran]
        if not ran:
            return True
        last = max(ran, key=lambda record: (record.due_time, record.fire_time))
        return reprocess is Reprocess.FAILED and last.state is not RunState.SUCCEEDED


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of consecutive fire times: those to run, in order, how many of each kind, and the first one left."""

    to_run: tuple[datetime, ...]
    tally: Tally
    next_fire_time: datetime | None


def choose(
    span: Span, stretch: Sequence[datetime], history: History, reprocess: Reprocess, *, room: int | None
) -> Choice:
    """Decide on a stretch of the span, in order, up to the first fire time that runs but finds no room.

    At most `room` of them run; None is any number. All of the others are counted, each with one reason.
    """
    to_run: list[datetime] = []
    left_out = {"has_run": 0, "closed": 0, "skipped": 0}
    for fire_time in stretch:
        reason = _left_out(span.timetable, fire_time, history, reprocess)
        if reason is not None:
            left_out[reason] += 1
        elif room is not None and len(to_run) >= room:
            return Choice(tuple(to_run), Tally(made=len(to_run), **left_out), fire_time)
        else:
            to_run.append(fire_time)
    following = span.following(stretch[-1]) if stretch else None
    return Choice(tuple(to_run), Tally(made=len(to_run), **left_out), following)


def _left_out(timetable: Timetable, fire_time: datetime, history: History, reprocess: Reprocess) -> str | None:
    """Return the reason for which a fire time is left out; None when it is to run."""
    if history.skipped_on_purpose(fire_time):
        return "skipped"
    if isinstance(timetable.decide(fire_time), Closed):
        return "closed"
    return None if history.is_to_run(fire_time, reprocess) else "has_run"
