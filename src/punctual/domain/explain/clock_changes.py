"""What clocks that are changed, and wall times in general, mean for triggers of every kind that follows them."""

from datetime import datetime

from punctual.domain.explain.phrases import clock_words, date_words
from punctual.domain.triggers.wall_clock import WallClock

_GAP = {
    "shift": "when clocks go forward, a time left out runs right after the gap",
    "skip": "when clocks go forward, a time left out is skipped",
}
_FOLD = {
    "first": "when clocks go back, a repeated time runs only the first time",
    "second": "when clocks go back, a repeated time runs only the second time",
    "both": "when clocks go back, a repeated time runs both times",
}


def knob_phrases(clock: WallClock, *, elapsed: bool) -> list[str]:
    """Return how changed clocks are met, where it is not what words for times, or for elapsed time, lead to expect."""
    if clock.zone.utcoffset(None) is not None:  # its clocks never change
        return []
    parts = []
    if clock.on_gap != ("skip" if elapsed else "shift"):
        parts.append(_GAP[clock.on_gap])
    if clock.on_fold != ("both" if elapsed else "first"):
        parts.append(_FOLD[clock.on_fold])
    return parts


def fraction_reason(local: datetime, what: str) -> list[str]:
    """Return why such a kind of trigger does not fire within a second; nothing at a whole one."""
    if not local.microsecond:
        return []
    fraction = f"{local.microsecond:06}".rstrip("0")
    return [f"it is 0.{fraction} seconds past a whole second, and {what} fires on whole seconds"]


def pass_reason(local: datetime) -> str:
    """Return why a local time that the rule matches is no fire time: it comes twice, and this is the other time."""
    this, other = ("second", "first") if local.fold else ("first", "second")
    return (
        f"{clock_words(local)} comes twice on {date_words(local)}; this is the {this} time, "
        f"and it fires only the {other} time"
    )
