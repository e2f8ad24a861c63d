"""The fire times of a rule for wall times on the clocks of a time zone, with the changes of those clocks.

Between two changes wall time and real time go together, so the search runs on wall times and only its answer is
placed on the time line. Where clocks are put forward a match may fall into the gap; where they are put back the same
wall times pass twice, and a search that starts in between must look at both passes.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from punctual.domain.triggers.cron_search import Wall, wall_of
from punctual.domain.triggers.zone import OnFold, OnGap, changeover_around, instants_of, offset_at

_SECOND = timedelta(seconds=1)
_FIRST_WALL: Wall = (1, 1, 1, 0, 0, 0)
_LAST_WALL: Wall = (9999, 12, 31, 23, 59, 59)
_MOST_SKIPPED = 400
"""Fire times in a row that may fall into gaps: with one change a year, that is the whole cycle of the calendar."""


Search = Callable[[Wall], Wall | None]


class WallClock(NamedTuple):
    """A rule in a zone, with both knobs decided.

    The rule is two searches for the nearest wall time that it matches, at or after and at or before a given one, whose
    second may be 60 or -1.
    """

    at_or_after: Search
    at_or_before: Search
    zone: ZoneInfo
    on_gap: OnGap
    on_fold: OnFold

    @classmethod
    def following(
        cls,
        rule: tuple[Search, Search],
        zone: ZoneInfo,
        on_gap: OnGap | None,
        on_fold: OnFold | None,
        *,
        elapsed: bool,
    ) -> Self:
        """Return the clock of a rule; a knob that is None is as Debian cron has it for fixed, or for elapsed, times."""
        return cls(
            *rule,
            zone,
            on_gap or ("skip" if elapsed else "shift"),
            on_fold or ("both" if elapsed else "first"),
        )

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first fire time strictly after the UTC instant, or None."""
        zone = self.zone
        try:
            local = instant.astimezone(zone)
        except OverflowError:  # the zone's wall time is in year 0 or 10000
            match = self.at_or_after(_FIRST_WALL) if instant.year == 1 else None
        else:
            year, month, day, hour, minute, second = wall_of(local)
            match = self.at_or_after((year, month, day, hour, minute, second + 1))
            if self.on_fold != "first" and not local.fold:
                second_pass = datetime(year, month, day, hour, minute, second, fold=1)  # noqa: DTZ001 - a wall time
                if zone.utcoffset(second_pass) != local.utcoffset():
                    return self._next_in_fold(second_pass, match, instant)
        return self._first_placed(match, instant)

    def _next_in_fold(self, wall: datetime, match: Wall | None, instant: datetime) -> datetime | None:
        """Return the first fire time after an instant in the first pass of a fold, when the second pass counts."""
        fold = changeover_around(self.zone, wall)
        if self.on_fold == "both" and match is not None and match < wall_of(fold.wall_to):
            return datetime(*match, tzinfo=UTC) - fold.before
        match = self.at_or_after(wall_of(fold.wall_from))
        if match is not None and match < wall_of(fold.wall_to):
            return datetime(*match, tzinfo=UTC) - fold.after
        return self._first_placed(match, instant)

    def _first_placed(self, match: Wall | None, instant: datetime) -> datetime | None:
        """Return the first instant after the given one among those of this match and the matches after it."""
        zone = self.zone
        for _ in range(_MOST_SKIPPED):
            if match is None:
                return None
            wall = datetime(*match, tzinfo=UTC)  # labelled UTC, so that taking the offset off gives the instant
            offset = offset_at(zone, wall)
            if offset == zone.utcoffset(datetime(*match, fold=1)):  # noqa: DTZ001 - a wall time
                try:
                    return wall - offset
                except OverflowError:  # no year for it
                    return None
            for fire_time in instants_of(zone, wall, self.on_gap, self.on_fold):
                if fire_time > instant:
                    return fire_time
            match = self.at_or_after(wall_of(changeover_around(zone, wall).wall_to))
        return None

    def previous_before(self, instant: datetime) -> datetime | None:
        """Return the last fire time strictly before the UTC instant, or None."""
        try:
            local = instant.astimezone(self.zone)
        except OverflowError:  # the zone's wall time is in year 0 or 10000
            return self._last_placed(None if instant.year == 1 else self.at_or_before(_LAST_WALL), instant)
        year, month, day, hour, minute, second = wall_of(local)
        match = self.at_or_before((year, month, day, hour, minute, second if local.microsecond else second - 1))
        if self.on_fold != "second" and local.fold:
            fold = changeover_around(self.zone, local)
            if self.on_fold == "both" and match is not None and match >= wall_of(fold.wall_from):
                return datetime(*match, tzinfo=UTC) - fold.after
            match = self.at_or_before(wall_of(fold.wall_to - _SECOND))
            if match is not None and match >= wall_of(fold.wall_from):
                return datetime(*match, tzinfo=UTC) - fold.before
        return self._last_placed(match, instant)

    def _last_placed(self, match: Wall | None, instant: datetime) -> datetime | None:
        """Return the last instant before the given one among those of this match and the matches before it."""
        zone = self.zone
        for _ in range(_MOST_SKIPPED):
            if match is None:
                return None
            wall = datetime(*match, tzinfo=UTC)  # labelled UTC, so that taking the offset off gives the instant
            offset = offset_at(zone, wall)
            if offset == zone.utcoffset(datetime(*match, fold=1)):  # noqa: DTZ001 - a wall time
                try:
                    return wall - offset
                except OverflowError:  # no year for it
                    return None
            for fire_time in reversed(instants_of(zone, wall, self.on_gap, self.on_fold)):
                if fire_time < instant:
                    return fire_time
            match = self.at_or_before(wall_of(changeover_around(zone, wall).wall_from - _SECOND))
        return None
