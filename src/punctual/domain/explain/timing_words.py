"""A whole timing in words: its trigger, its bounds, its calendars, its jitter."""

from datetime import datetime, timedelta

from punctual.domain.calendars.use import WhenClosed
from punctual.domain.explain.phrases import clock_words, counted, date_words, listed
from punctual.domain.explain.words import in_words
from punctual.domain.timing import Timing
from punctual.domain.triggers.duration import write_duration
from punctual.domain.triggers.zone import load_zone


def timing_words(timing: Timing) -> str:
    """Return when a timing fires, in English: the words of its trigger, then what bounds it."""
    parts = [in_words(timing.trigger)]
    zone = timing.trigger.timezone_name
    if timing.start_at is not None:
        parts.append(f"from {moment_words(timing.start_at, zone)} on")
    if timing.end_at is not None:
        parts.append(f"until {moment_words(timing.end_at, zone)}")
    if timing.max_runs is not None:
        parts.append(f"at most {counted(timing.max_runs, 'run')}")
    use = timing.calendars
    if use.allowed:
        parts.append(f"only within {listed([repr(name) for name in use.allowed])}")
    if use.blackout:
        parts.append(f"not within {listed([repr(name) for name in use.blackout], 'or')}")
    if use.names and use.when_closed is WhenClosed.NEXT_OPEN:
        parts.append("put off to the next opening where closed")
    if timing.jitter:
        parts.append(f"sent up to {jitter_words(timing.jitter)} later")
    return "; ".join(parts)


def jitter_words(jitter: timedelta) -> str:
    """Return a jitter as people write it: `5m`."""
    return write_duration(jitter)


def moment_words(instant: datetime, zone_name: str) -> str:
    """Return `09:00 on 24 December 2026 CET`, on the clock of a zone."""
    try:
        wall = instant.astimezone(load_zone(zone_name))
    except OverflowError:  # the zone has no year for it
        wall = instant
    return f"{clock_words(wall)} on {date_words(wall)} {wall:%Z}"
