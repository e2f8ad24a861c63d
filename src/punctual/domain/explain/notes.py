"""What a person must know about one fire time: above all, how the clocks of its time zone changed around it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from punctual.domain.explain.phrases import clock_words, date_words, listed
from punctual.domain.explain.solar_words import solar_notes
from punctual.domain.triggers import AnyOf, Cron, Once, Rrule, Solar
from punctual.domain.triggers.base import TriggerModel
from punctual.domain.triggers.cron import clock_of
from punctual.domain.triggers.cron_search import Wall, wall_of
from punctual.domain.triggers.wall_clock import WallClock
from punctual.domain.triggers.zone import Changeover, OnFold, changeover_around, load_zone, offset_at

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_TICK = timedelta(microseconds=1)
_MOST_LISTED = 3
_MOST_WALLS = 200
"""Bounds the wall times looked at between two neighbours: few, because all but those in gaps are fire times."""


def notes_on(trigger: TriggerModel, fire_time: datetime) -> list[str]:
    """Return the notes on a fire time of the trigger, as sentences without a full stop; mostly there are none.

    They tell that it was moved by clocks put forward, that its wall time comes twice, which times between the fire time
    before it and itself do not exist, that days before it were without the event of the sun, and which triggers of a
    union fire. An instant that is no fire time is the caller's mistake.
    """
    notes: list[str] = []
    try:
        match trigger:
            case Cron():
                notes = _cron_notes(trigger, fire_time)
            case Once():
                notes = _once_notes(trigger, fire_time)
            case Rrule():
                notes = _rrule_notes(trigger, fire_time)
            case Solar():
                notes = solar_notes(trigger, fire_time)
            case AnyOf():
                notes = _union_notes(trigger, fire_time)
    except OverflowError:  # at the calendar's ends some zone has no year for it, and no clocks change
        return []
    return notes


class _Gap(NamedTuple):
    """Clocks put forward, and the rule's wall times that this left out: all, or if many, some and the last."""

    changeover: Changeover
    walls: list[datetime]


def _cron_notes(trigger: Cron, fire_time: datetime) -> list[str]:
    clock = clock_of(
        trigger.expression, trigger.timezone, trigger.day_match, trigger.on_gap, trigger.on_fold, trigger.seed
    )
    why_skipped = "on_gap=skip" if trigger.on_gap else "an expression with * in minute or hour follows elapsed time"
    return _clock_notes(clock, fire_time, clock.previous_before(fire_time), why_skipped)


def _rrule_notes(trigger: Rrule, fire_time: datetime) -> list[str]:
    """Return the notes of those rules, and of the dates, that fire then."""
    why_skipped = "on_gap=skip" if trigger.on_gap else "a rule that is hourly or more frequent follows elapsed time"
    notes: dict[str, None] = {}
    for source in trigger.sources:
        if source.next_after(fire_time - _TICK) == fire_time:
            notes |= dict.fromkeys(
                _clock_notes(source.clock, fire_time, source.previous_before(fire_time), why_skipped)
            )
    return list(notes)


def _union_notes(trigger: AnyOf, fire_time: datetime) -> list[str]:
    """Return by which of the triggers it fires, and the notes of each."""
    firing = [each for each in trigger.triggers if each.next_after(fire_time - _TICK) == fire_time]
    texts = [f'"{each.text}"' for each in firing]
    return [
        f"It fires by {listed(texts)}",
        *dict.fromkeys(note for each in firing for note in notes_on(each, fire_time)),
    ]


def _clock_notes(clock: WallClock, fire_time: datetime, previous: datetime | None, why_skipped: str) -> list[str]:
    """Return what changed clocks did to a fire time, and to the wall times since the fire time before it."""
    notes = []
    for gap in _gaps(clock, previous or _day_before(fire_time), fire_time):
        if gap.changeover.instant == fire_time and clock.on_gap == "shift" and gap.changeover.shiftable:
            notes.append(_shifted(gap.walls, fire_time.astimezone(clock.zone)))
        else:
            notes.append(_skipped(gap, clock, why_skipped))
    return [*notes, *_pass(clock.zone, fire_time, clock.on_fold)]


def _once_notes(trigger: Once, fire_time: datetime) -> list[str]:
    zone = load_zone(trigger.timezone)
    local = fire_time.astimezone(zone)
    wall = trigger.at
    if wall.tzinfo is not None:
        return [_twice(local)] if _comes_twice(zone, local) else []
    if offset_at(zone, wall) < offset_at(zone, wall.replace(fold=1)):
        return [_shifted([wall], local)]
    return _pass(zone, fire_time, trigger.on_fold or "first")


def _gaps(clock: WallClock, previous: datetime, fire_time: datetime) -> list[_Gap]:
    """Return the gaps between two neighbouring fire times in which the rule has times."""
    gaps: list[_Gap] = []
    zone = clock.zone
    end = wall_of(fire_time.astimezone(zone))
    match = clock.at_or_after(_after(previous.astimezone(zone)))
    for _ in range(_MOST_WALLS):
        if match is None or match > end:
            break
        wall = datetime(*match)  # noqa: DTZ001 - a wall time
        if offset_at(zone, wall) < offset_at(zone, wall.replace(fold=1)):
            changeover = changeover_around(zone, wall)
            gaps.append(_Gap(changeover, _walls(clock, match, wall_of(changeover.wall_to))))
            match = clock.at_or_after(wall_of(changeover.wall_to))
        else:
            match = clock.at_or_after(_after(wall))
    return gaps


def _day_before(instant: datetime) -> datetime:
    """Return the instant a day earlier; itself on the first days that have a wall time everywhere."""
    return instant - _DAY if instant.year > 1 else instant


def _walls(clock: WallClock, match: Wall, end: Wall) -> list[datetime]:
    """Return the wall times of the rule from a match up to the end of a gap: a few, and the last."""
    walls: list[datetime] = []
    following: Wall | None = match
    while following is not None and following < end and len(walls) <= _MOST_LISTED:
        walls.append(datetime(*following))  # noqa: DTZ001 - a wall time
        following = clock.at_or_after(_after(walls[-1]))
    last = clock.at_or_before(wall_of(datetime(*end) - _SECOND))  # noqa: DTZ001 - a wall time
    if last is not None and last > wall_of(walls[-1]):
        walls[-1] = datetime(*last)  # noqa: DTZ001 - a wall time
    return walls


def _after(moment: datetime) -> Wall:
    """Return the wall time from which to search strictly after this one."""
    year, month, day, hour, minute, second = wall_of(moment)
    return year, month, day, hour, minute, second + 1


def _shifted(walls: Sequence[datetime], local: datetime) -> str:
    it = "it runs" if len(walls) == 1 else "they run once"
    return f"{_left_out(walls)}; {it} at {clock_words(local)} instead"


def _skipped(gap: _Gap, clock: WallClock, why_skipped: str) -> str:
    by_calendar = not gap.changeover.shiftable and clock.on_gap == "shift"
    reason = "the calendar leaves out more than three hours" if by_calendar else why_skipped
    return f"{_left_out(gap.walls)} and {'is' if len(gap.walls) == 1 else 'are'} skipped: {reason}"


def _left_out(walls: Sequence[datetime]) -> str:
    """Return `02:30 does not exist on 29 March 2026`."""
    date = date_words(walls[0])
    if len(walls) == 1:
        return f"{clock_words(walls[0])} does not exist on {date}"
    if len(walls) <= _MOST_LISTED and walls[0].date() == walls[-1].date():
        return f"{listed([clock_words(wall) for wall in walls])} do not exist on {date}"
    start = clock_words(walls[0]) + ("" if walls[0].date() == walls[-1].date() else f" on {date}")
    return f"The times from {start} to {clock_words(walls[-1])} on {date_words(walls[-1])} do not exist"


def _pass(zone: ZoneInfo, fire_time: datetime, on_fold: OnFold) -> list[str]:
    """Return the note on a wall time that comes twice."""
    local = fire_time.astimezone(zone)
    if not _comes_twice(zone, local):
        return []
    runs = "it runs both times" if on_fold == "both" else f"it runs only the {on_fold} time"
    return [f"{_twice(local)}, and {runs}"]


def _twice(local: datetime) -> str:
    which = "second" if local.fold else "first"
    return f"{clock_words(local)} comes twice on {date_words(local)}; this is the {which} time"


def _comes_twice(zone: ZoneInfo, local: datetime) -> bool:
    return offset_at(zone, local.replace(fold=0)) > offset_at(zone, local.replace(fold=1))
