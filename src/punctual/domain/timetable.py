"""When a schedule fires: its trigger within its bounds, against its calendars, and with its jitter."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from punctual.domain.calendars.use import Closure, OpenTimes, WhenClosed
from punctual.domain.identity import stable_number
from punctual.domain.skip import Skip
from punctual.domain.triggers import Trigger

_TICK = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_FAR = timedelta(days=5 * 366)
"""How long a closure that has no known end counts."""


@dataclass(frozen=True, slots=True)
class Fires:
    """The fire time runs, and is sent at `due_time`; `closure` is why it waits for an opening, if it does."""

    due_time: datetime
    closure: Closure | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """The fire time is skipped, and so is every later one up to `last`; `reason` is a sentence."""

    last: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Timetable:
    """The fire times of one schedule, and what becomes of each; pure, and the same on every node.

    `start_at` and `end_at` bound the fire times, both included. `key` is what the jitter depends on: the schedule's id.
    `skips` are fire times that people chose not to run.
    """

    trigger: Trigger
    key: str = ""
    start_at: datetime | None = None
    end_at: datetime | None = None
    jitter: timedelta = timedelta(0)
    open_times: OpenTimes | None = None
    when_closed: WhenClosed = WhenClosed.SKIP
    skips: tuple[Skip, ...] = ()

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first fire time strictly after the instant; None when there is none."""
        if self.start_at is not None and instant < self.start_at:
            instant = self.start_at - _TICK
        found = self.trigger.next_after(instant)
        return None if found is None or (self.end_at is not None and found > self.end_at) else found

    def previous_before(self, instant: datetime) -> datetime | None:
        """Return the last fire time strictly before the instant; None when there is none."""
        if self.end_at is not None and instant > self.end_at:
            instant = self.end_at + _TICK
        found = self.trigger.previous_before(instant)
        return None if found is None or (self.start_at is not None and found < self.start_at) else found

    def has(self, instant: datetime) -> bool:
        """Tell whether an instant is a fire time, asked from the side that the calendar of years has room on."""
        if instant > datetime.min.replace(tzinfo=UTC):
            return self.next_after(instant - _TICK) == instant
        return self.previous_before(instant + _TICK) == instant

    def count_between(self, first: datetime, last: datetime, limit: int) -> tuple[int, bool]:
        """Count the fire times from `first` to `last` as a trigger does, `first` being one of them."""
        return self.trigger.count_between(first, last if self.end_at is None else min(last, self.end_at), limit)

    def decide(self, fire_time: datetime) -> Fires | Closed:
        """Return what becomes of a fire time; an instant that is none is the caller's mistake.

        Of the fire times in one closed stretch, `next_open` moves the last to the opening, unless the trigger fires at
        the opening itself: so a stretch ends in one run, not in many.
        """
        for skip in self.skips:
            if skip.fire_time == fire_time:
                return Closed(fire_time, skip.reason)
        closure = None if self.open_times is None else self.open_times.closure_at(fire_time)
        if closure is None:
            return Fires(fire_time if not self.jitter else self._jittered(fire_time, fire_time))
        last = self.previous_before(closure.until or fire_time + _FAR) or fire_time
        if self.when_closed is WhenClosed.SKIP or closure.until is None:
            return Closed(last, f"{_sentence(closure)}.")
        if self.next_after(last) == closure.until:
            return Closed(last, f"{_sentence(closure)}; the fire time at the opening runs instead.")
        if fire_time < last:
            earlier = self.previous_before(last) or fire_time
            return Closed(earlier, f"{_sentence(closure)}; the last fire time before the opening runs instead.")
        return Fires(self._jittered(fire_time, closure.until), closure)

    def wake_time(self, fire_time: datetime | None) -> datetime | None:
        """Return when to decide on a fire time: when it is due, or at once where it meets closed calendars.

        A calendar that changes afterwards finds it decided on.
        """
        if fire_time is None or (self.open_times is None and not self.jitter):
            return fire_time
        decision = self.decide(fire_time)
        return decision.due_time if isinstance(decision, Fires) and decision.closure is None else fire_time

    def next_open(self, instant: datetime, *, until: datetime) -> datetime | None:
        """Return the first fire time after an instant that runs; None when there is none up to `until`."""
        fire_time = self.next_after(instant)
        while fire_time is not None and fire_time <= until:
            decision = self.decide(fire_time)
            if isinstance(decision, Fires):
                return fire_time
            fire_time = self.next_after(decision.last)
        return None

    def previous_open(self, instant: datetime, *, since: datetime) -> datetime | None:
        """Return the last fire time before an instant that runs; None when there is none back to `since`."""
        fire_time = self.previous_before(instant)
        while fire_time is not None and fire_time >= since:
            if isinstance(self.decide(fire_time), Fires):
                return fire_time
            closed = self.open_times is not None and self.open_times.closure_at(fire_time) is not None
            start = self.open_times.closed_since(fire_time) if self.open_times is not None and closed else fire_time
            fire_time = self.previous_before(start)
        return None

    def _jittered(self, fire_time: datetime, base: datetime) -> datetime:
        """Return `base`, put off by a time that depends on key and fire time alone; without a key it is not known.

        It never reaches the next fire time, nor closed time: what may not run then is not sent then.
        """
        if not self.key:
            return base
        limit = base + self.jitter
        following = self.trigger.next_after(base)
        if following is not None:
            limit = min(limit, following)
        if self.open_times is not None:
            limit = self.open_times.open_until(base, limit)
        room = (limit - base) // _MILLISECOND
        if room <= 0:
            return base
        return base + drawn_jitter(self.key, fire_time.isoformat(), room) * _MILLISECOND


def drawn_jitter(key: str, fire_time: str, room: int) -> int:
    """Return by how many milliseconds, fewer than `room`, a fire time (ISO 8601 in UTC) is put off."""
    return stable_number(f"{key}/{fire_time}") % room


def _sentence(closure: Closure) -> str:
    return closure.reason[:1].upper() + closure.reason[1:]
