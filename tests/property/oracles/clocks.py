"""The clocks of every time zone, read only from UTC to wall time: what the oracles know of time zones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONGEST_SHIFT = 3 * HOUR
"""A longer gap leaves out a part of the calendar, and shifts nothing."""

ZONES = sorted(available_timezones() - {"Factory", "localtime", "posixrules"})
"""All names but those that stand for no place, or for another one on each machine."""

_NOON_OF_EACH_DAY = [datetime(1970, 1, 1, 12) + number * DAY for number in range(68 * 365 + 17)]  # noqa: DTZ001 - wall times
_SPREAD = 5

Reading = tuple[datetime, datetime]
"""An instant, and the wall time (naive) that a zone's clocks show at it."""


@dataclass(frozen=True)
class Change:
    """A change of a zone's offset: `before` holds up to the instant, `after` from it on."""

    timezone: str
    instant: datetime
    before: timedelta
    after: timedelta

    @property
    def size(self) -> timedelta:
        return abs(self.after - self.before)

    @property
    def is_gap(self) -> bool:
        return self.after > self.before

    @property
    def wall_from(self) -> datetime:
        """The first wall time (naive) that is left out or comes twice."""
        return self.instant.replace(tzinfo=None) + min(self.before, self.after)

    @property
    def wall_to(self) -> datetime:
        """The first wall time (naive) after them."""
        return self.wall_from + self.size

    @property
    def step(self) -> timedelta:
        """The step with which a scan meets every wall time that is a whole minute."""
        return MINUTE if not (self.before % MINUTE or self.after % MINUTE) else SECOND

    def whole(self, reach: timedelta) -> list[Reading]:
        """What a scan sees from `reach` before the first pass of the wall times at stake to as much after the last."""
        return readings(self.timezone, self.instant - self.size - reach, self.instant + self.size + reach, self.step)

    def edges(self, reach: timedelta) -> list[list[Reading]]:
        """What is seen second by second around the start and the end of each pass of the wall times at stake."""
        middles = sorted({self.instant - self.size, self.instant, self.instant + self.size})
        return [readings(self.timezone, middle - reach, middle + reach, SECOND) for middle in middles]


def readings(timezone: str, first: datetime, last: datetime, step: timedelta) -> list[Reading]:
    """Every instant from the first to the last, with the wall time shown at it."""
    zone = ZoneInfo(timezone)
    instants = (first + number * step for number in range((last - first) // step + 1))
    return [(instant, instant.astimezone(zone).replace(tzinfo=None, fold=0)) for instant in instants]


@lru_cache(maxsize=1024)
def changes_of(timezone: str) -> tuple[Change, ...]:
    """Some changes of a zone from 1970 to 2037: the first of every size and direction, and others spread evenly.

    Found by looking at every day at noon, and by halving the time in between. A zone without changes is given a
    moment at which nothing changes.
    """
    zone = ZoneInfo(timezone)
    offsets = [zone.utcoffset(noon) or timedelta(0) for noon in _NOON_OF_EACH_DAY]
    days = [day for day, (before, after) in enumerate(pairwise(offsets)) if before != after]
    if not days:
        return (Change(timezone, datetime(2000, 2, 29, tzinfo=UTC), offsets[0], offsets[0]),)
    first_of_shape = {(offsets[day], offsets[day + 1]): day for day in reversed(days)}
    chosen = sorted({*first_of_shape.values(), *days[:: len(days) // _SPREAD + 1]})
    return tuple(_located(timezone, day, offsets[day], offsets[day + 1]) for day in chosen)


def _located(timezone: str, day: int, before: timedelta, after: timedelta) -> Change:
    zone, start = ZoneInfo(timezone), (_NOON_OF_EACH_DAY[day - 1] - before).replace(tzinfo=UTC)
    still_before, already_after = 0, 3 * DAY // SECOND  # a noon may itself be in a gap
    while already_after - still_before > 1:
        middle = (still_before + already_after) // 2
        if (start + middle * SECOND).astimezone(zone).utcoffset() == before:
            still_before = middle
        else:
            already_after = middle
    return Change(timezone, start + already_after * SECOND, before, after)
