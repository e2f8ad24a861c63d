"""The runs of many schedules in a window: how many each minute brings, and how `H` or jitter would spread them.

Nothing is listed that can be counted: a pattern of runs is found once for all schedules of the same timing, and the
runs of a dense trigger are counted by the minute. An `H` and a jitter are worked out for each schedule, as they would
be when it fires. Only where the next fire time comes within a minute is jitter left out: it could then move no more
than one run of a schedule from one minute to the next.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from punctual.domain.errors import UNPLANNABLE
from punctual.domain.forecast_pattern import Pattern, Window, pattern_of
from punctual.domain.forecast_rows import dense_interval_key, same_fire_times_key, with_hash
from punctual.domain.forecast_tally import Member, Outlook, Tally
from punctual.domain.timetable import Timetable
from punctual.domain.timing import Timing

"""What a timing may raise that cannot be worked out; it is left out, and the others go on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work a forecast may take: some seconds, whatever the schedules are.

    A step is a search for a fire time, a draw is the jitter of one run; each of the three outlooks has as many.
    `held` is how many schedules are held at once to find those of the same timing.
    """

    steps: int = 400_000
    steps_per_timing: int = 100_000
    draws: int = 1_000_000
    held: int = 10_000


@dataclass(frozen=True, slots=True)
class Upcoming:
    """An active schedule: `first` is its first fire time not yet decided on, `runs_left` how many runs it may make."""

    name: str
    timing: Timing
    timetable: Timetable
    first: datetime
    runs_left: int | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The runs to come in a window as things are, and what they would be with `H` or with jitter.

    `with_hash` has an `H` in place of each plain minute of a cron expression, `with_jitter` has at least a `jitter` for
    every schedule; so many schedules would be changed. `skipped` is how many fire times fall into closed time and do
    not run.
    """

    window: Window
    as_is: Outlook
    skipped: int
    with_hash: Outlook
    hash_changes: int
    with_jitter: Outlook
    jitter_changes: int
    jitter: timedelta


@dataclass(slots=True)
class _Group:
    """Schedules of the same timing; `hashed` are those that have it with an `H`, be it that they have none to take."""

    timetable: Timetable
    first: datetime
    runs_left: int | None
    as_is: list[Member] = field(default_factory=list)
    hashed: list[Member] = field(default_factory=list)


class Forecaster:
    """Takes schedules one after another, and holds no more than a bounded number of them."""

    def __init__(self, window: Window, *, now: datetime, jitter: timedelta, limits: Limits | None = None) -> None:
        """Forecast this window; a trigger with an `H` that is not there yet fires from `now` on."""
        self._limits = limits or Limits()
        self._window = window
        self._now = now
        self._jitter = jitter
        self._as_is, self._with_hash, self._with_jitter = (
            Tally(window, steps_left=self._limits.steps, draws_left=self._limits.draws) for _ in range(3)
        )
        self._skipped = 0
        self._hash_changes = self._jitter_changes = 0
        self._groups: dict[Hashable, _Group] = {}
        self._held = 0

    def add(self, schedule: Upcoming) -> None:
        """Count a schedule in; one that cannot be worked out is left out."""
        timetable, first = schedule.timetable, schedule.first
        member = Member(timetable.key, schedule.name, timetable.jitter)
        trigger = with_hash(timetable.trigger, timetable.key)
        changed = trigger is not timetable.trigger
        try:
            if changed:
                timetable = replace(timetable, trigger=trigger)
                first = timetable.next_after(self._now) or self._window.end
            hashed = self._group(schedule, timetable, first)
            as_is = self._group(schedule, schedule.timetable, schedule.first) if changed else hashed
        except UNPLANNABLE:
            self.leave_out()
            return
        as_is.as_is.append(member)
        hashed.hashed.append(member)
        self._hash_changes += changed
        self._jitter_changes += member.jitter < self._jitter
        self._held += 1
        if self._held >= self._limits.held:
            self._work_out()

    def leave_out(self) -> None:
        """Count a schedule that cannot be worked out."""
        for tally in (self._as_is, self._with_hash, self._with_jitter):
            tally.errors += 1

    def result(self) -> Forecast:
        """Return the forecast of all schedules so far."""
        self._work_out()
        return Forecast(
            self._window,
            self._as_is.outlook(),
            self._skipped,
            self._with_hash.outlook(),
            self._hash_changes,
            self._with_jitter.outlook(),
            self._jitter_changes,
            self._jitter,
        )

    def _group(self, schedule: Upcoming, timetable: Timetable, first: datetime) -> _Group:
        key = self._key(schedule, timetable, first)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(timetable, first, schedule.runs_left)
        return group

    def _key(self, schedule: Upcoming, timetable: Timetable, first: datetime) -> Hashable:
        end_at, runs_left = timetable.end_at, schedule.runs_left
        if end_at is not None and end_at >= self._window.end:
            end_at = None
        if runs_left is None and end_at is None and timetable.open_times is None and not timetable.skips:
            dense = dense_interval_key(timetable.trigger, first, self._window.start)
            if dense is not None:
                return dense
        same = same_fire_times_key(timetable.trigger)
        return same, first, end_at, schedule.timing.calendars, runs_left, timetable.skips

    def _work_out(self) -> None:
        for group in self._groups.values():
            pattern = self._pattern(group)
            if pattern is None:
                continue
            self._skipped += pattern.skipped * len(group.as_is)
            self._as_is.add(pattern, group.as_is)
            self._with_hash.add(pattern, group.hashed)
            jittered = (each._replace(jitter=max(each.jitter, self._jitter)) for each in group.as_is)
            self._with_jitter.add(pattern, jittered)
        self._groups.clear()
        self._held = 0

    def _pattern(self, group: _Group) -> Pattern | None:
        """Return the pattern of a group, on the account of the first outlook that needs it."""
        payer = self._as_is if group.as_is else self._with_hash
        steps = min(payer.steps_left, self._limits.steps_per_timing)
        tallies = ((self._as_is, group.as_is), (self._with_hash, group.hashed), (self._with_jitter, group.as_is))
        if steps <= 0:
            for tally, members in tallies:
                tally.give_up(len(members))
            return None
        try:
            pattern = pattern_of(
                group.timetable, self._window, first=group.first, runs_left=group.runs_left, most_steps=steps
            )
        except UNPLANNABLE:
            for tally, members in tallies:
                tally.errors += len(members)
            return None
        payer.steps_left -= pattern.steps
        return pattern
