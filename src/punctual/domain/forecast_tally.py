"""Runs of many schedules, counted per minute of a window, with the names of some schedules behind each count."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from punctual.domain.forecast_pattern import MILLISECOND, Burst, Pattern, Window
from punctual.domain.timetable import drawn_jitter

_MILLISECOND = 1000
_MINUTE = 60_000_000
"""Both in microseconds."""

EXAMPLES = 5
BUSIEST = 10


class Member(NamedTuple):
    """A schedule of a pattern: its jitter, and the key that decides on how much of it each run gets."""

    key: str
    name: str
    jitter: timedelta


@dataclass(frozen=True, slots=True)
class BusyMinute:
    """A minute with its runs, the names of some schedules that have some of them, and how many more have."""

    minute: datetime
    runs: int
    schedules: list[str]
    more: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """Runs per minute of a window, the busiest minutes first the busiest, and how much of all schedules it tells.

    From `complete_until` on counts are lower bounds. `errors` and `over_budget` are numbers of schedules left out.
    """

    counts: list[int]
    busiest: list[BusyMinute]
    complete_until: datetime
    schedules: int
    errors: int
    over_budget: int

    @property
    def runs(self) -> int:
        """All runs."""
        return sum(self.counts)

    @property
    def peak(self) -> int:
        """The runs of the busiest minute."""
        return max(self.counts)

    @property
    def mean(self) -> float:
        """Runs per minute."""
        return self.runs / len(self.counts)


@dataclass(slots=True)
class Tally:
    """Counts runs; it gives up on schedules when finding theirs would take more steps and draws than are left."""

    window: Window
    steps_left: int
    draws_left: int
    complete_until: datetime = field(init=False)
    schedules: int = field(default=0, init=False)
    errors: int = field(default=0, init=False)
    over_budget: int = field(default=0, init=False)
    _runs: list[int] = field(init=False)
    _schedules: list[int] = field(init=False)
    _examples: dict[int, list[str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Start with nothing counted."""
        self.complete_until = self.window.end
        self._runs = [0] * self.window.minutes
        self._schedules = [0] * self.window.minutes

    def give_up(self, schedules: int) -> None:
        """Leave schedules out for want of budget: from now on no minute is told completely."""
        if schedules:
            self.over_budget += schedules
            self.complete_until = self.window.start

    def add(self, pattern: Pattern, members: Iterable[Member]) -> None:
        """Count the runs of these schedules, all of this pattern."""
        by_jitter: dict[timedelta, list[Member]] = {}
        for member in members:
            by_jitter.setdefault(member.jitter, []).append(member)
        for jitter, same in by_jitter.items():
            self.complete_until = min(self.complete_until, pattern.complete_until)
            longest = jitter // MILLISECOND
            drawn = [_drawn(burst, longest) for burst in pattern.bursts] if longest else []
            draws = sum(1 for each in drawn if each.room)
            if not draws:
                self._count([member.name for member in same], ((burst.minute, burst.runs) for burst in pattern.bursts))
                self.schedules += len(same)
                continue
            paid = min(self.draws_left // draws, len(same))
            self.draws_left -= paid * draws
            for member in same[:paid]:
                self._count([member.name], _hits(drawn, member.key))
            self.schedules += paid
            self.give_up(len(same) - paid)

    def _count(self, names: Sequence[str], hits: Iterable[tuple[int, int]]) -> None:
        """Count for each of these schedules so many runs in each of these minutes, which are in order."""
        runs, schedules, examples = self._runs, self._schedules, self._examples
        number, size = len(names), len(runs)
        before = -1
        for minute, count in hits:
            if not 0 <= minute < size:
                continue
            runs[minute] += count * number
            if minute == before:
                continue
            before = minute
            known = schedules[minute]
            schedules[minute] = known + number
            if known < EXAMPLES:
                examples.setdefault(minute, []).extend(names[: EXAMPLES - known])

    def outlook(self) -> Outlook:
        """Return what was counted; of minutes that are as busy, the earlier ones come first."""
        busiest = heapq.nlargest(BUSIEST, range(len(self._runs)), key=lambda minute: (self._runs[minute], -minute))
        return Outlook(
            counts=self._runs,
            busiest=[self._busy_minute(minute) for minute in busiest if self._runs[minute]],
            complete_until=self.complete_until,
            schedules=self.schedules,
            errors=self.errors,
            over_budget=self.over_budget,
        )

    def _busy_minute(self, number: int) -> BusyMinute:
        examples = self._examples[number]
        more = self._schedules[number] - len(examples)
        return BusyMinute(self.window.minute_at(number), self._runs[number], examples, more)


class _Drawn(NamedTuple):
    """A burst under a jitter: the last run is put off by less than `room` milliseconds; not at all, where it is 0.

    Jitter is left out where it could not move a run out of its minute, and in a dense burst.
    """

    minute: int
    runs: int
    offset: int
    room: int
    fire_time: str


def _drawn(burst: Burst, longest: int) -> _Drawn:
    """Return the burst under a jitter of less than so many milliseconds."""
    room = 0 if burst.dense else min(burst.room, longest)
    leaves = burst.offset + room * _MILLISECOND > _MINUTE
    return _Drawn(burst.minute, burst.runs, burst.offset, room if leaves else 0, burst.fire_time)


def _hits(drawn: Iterable[_Drawn], key: str) -> Iterator[tuple[int, int]]:
    for minute, runs, offset, room, fire_time in drawn:
        if not room:
            yield minute, runs
            continue
        if runs > 1:
            yield minute, runs - 1
        yield minute + (offset + drawn_jitter(key, fire_time, room) * _MILLISECOND) // _MINUTE, 1
