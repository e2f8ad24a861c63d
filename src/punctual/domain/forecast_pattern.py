"""The runs of one timing in a window, by the minute: those of a dense trigger by arithmetic, not one by one.

How far each run is put off by jitter depends on the schedule, so a pattern tells only what all schedules of the same
timing share: in which minute each run falls without jitter, and how much room jitter has there.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from punctual.domain.forecast_rows import MINUTE, TICK, Row, alone, rest_of_minute
from punctual.domain.timetable import Closed, Timetable

MILLISECOND = timedelta(milliseconds=1)
_LONGEST_JITTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Whole minutes from `start` to `end`, the end not included; both in UTC."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """How many minutes it has."""
        return (self.end - self.start) // MINUTE

    def minute_of(self, instant: datetime) -> int:
        """Return the number of the minute that an instant is in: 0 for the first, below it before the window."""
        return (instant - self.start) // MINUTE

    def minute_at(self, number: int) -> datetime:
        """Return the start of a minute."""
        return self.start + number * MINUTE


class Burst(NamedTuple):
    """Runs that are due in one minute without jitter; jitter may put off the last of them beyond it, never the others.

    That is because jitter never reaches the next fire time. Without jitter the last one is due `offset` microseconds
    into the minute, and jitter takes less than `room` milliseconds; its fire time (ISO 8601 in UTC) is what decides on
    how many. A burst is `dense` when the next fire time comes within a minute.
    """

    minute: int
    runs: int
    offset: int
    room: int
    fire_time: str
    dense: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a timing does in a window: its runs in order of time, and how many fire times are skipped.

    It is complete up to `complete_until`, and finding it took so many `steps`.
    """

    bursts: list[Burst]
    skipped: int
    complete_until: datetime
    steps: int


def pattern_of(
    timetable: Timetable, window: Window, *, first: datetime, runs_left: int | None, most_steps: int
) -> Pattern:
    """Return what becomes of the fire times from `first` on, which is one; it ends early when it takes too many steps.

    After `runs_left` runs, counted from `first`, there are no more.
    """
    fixed = replace(timetable, jitter=timedelta(0))
    bursts: list[Burst] = []
    skipped = steps = 0
    shut_until = first - TICK
    fire_time: datetime | None = first
    if runs_left is None and first < window.start:
        fire_time = timetable.previous_before(window.start) or first  # only the last one may be due in the window
    while fire_time is not None and fire_time < window.end and runs_left != 0:
        if steps >= most_steps:
            return Pattern(bursts, skipped, window.minute_at(max(window.minute_of(fire_time), 0)), steps)
        base = fire_time
        if fire_time > shut_until and (timetable.open_times is not None or timetable.skips):
            decision = fixed.decide(fire_time)
            if isinstance(decision, Closed):
                shut_until = decision.last
            else:
                base = decision.due_time
        shut = fire_time <= shut_until
        last = shut_until if shut else fire_time if base != fire_time else None
        row = _row(timetable, fire_time, last, runs_left)
        steps += row.steps
        if not shut:
            if row.following is None or row.following >= window.start:
                bursts.append(_burst(timetable, window, row, base if base != fire_time else row.last))
            runs_left = None if runs_left is None else runs_left - row.size
        elif fire_time >= window.start:
            skipped += row.size
        fire_time = row.following
        if fire_time is not None and timetable.end_at is not None and fire_time > timetable.end_at:
            break
    return Pattern(bursts, skipped, window.end, steps)


def _row(timetable: Timetable, fire_time: datetime, last: datetime | None, runs_left: int | None) -> Row:
    """Return the fire times from this one on, within its minute, that share its fate; none of them is after `last`.

    Without a `last`, those that run: before calendars close, and not more than are left.
    """
    trigger, open_times = timetable.trigger, timetable.open_times
    row = rest_of_minute(trigger, fire_time)
    if row.size == 1:
        return row
    bounds = [bound for bound in (last, timetable.end_at) if bound is not None]
    bounds += [skip.fire_time - TICK for skip in timetable.skips if skip.fire_time > fire_time]
    if last is None and open_times is not None:
        bounds.append(open_times.open_until(fire_time, row.last + TICK) - TICK)
    too_many = last is None and runs_left is not None and row.size > runs_left
    return alone(trigger, fire_time) if too_many or any(row.last > bound for bound in bounds) else row


def _burst(timetable: Timetable, window: Window, row: Row, base: datetime) -> Burst:
    following = row.following if base == row.last else timetable.trigger.next_after(base)
    limit = base + _LONGEST_JITTER
    if following is not None:
        limit = min(limit, following)
    if timetable.open_times is not None:
        limit = timetable.open_times.open_until(base, limit)
    return Burst(
        minute=window.minute_of(base),
        runs=row.size,
        offset=base.second * 1_000_000 + base.microsecond,
        room=(limit - base) // MILLISECOND,
        fire_time=row.last.isoformat(),
        dense=following is not None and following - base <= MINUTE,
    )
