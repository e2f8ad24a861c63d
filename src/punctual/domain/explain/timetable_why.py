"""What becomes of one instant of a timetable: notes on a fire time, and why another instant is none."""

from dataclasses import replace
from datetime import datetime

from punctual.domain.explain.notes import notes_on
from punctual.domain.explain.timing_words import jitter_words, moment_words
from punctual.domain.explain.why import Explanation, explain
from punctual.domain.timetable import Closed, Fires, Timetable


def timetable_notes(timetable: Timetable, fire_time: datetime) -> list[str]:
    """Return the notes on a fire time: of its trigger, of the calendars that skip or move it, and of the jitter.

    Sentences without a full stop. Without a key the jitter is not known, and the note tells its bound.
    """
    notes = notes_on(timetable.trigger, fire_time)
    decision = timetable.decide(fire_time)
    zone = timetable.trigger.timezone_name
    if isinstance(decision, Closed):
        return [*notes, f"skipped: {decision.reason.rstrip('.')}"]
    if decision.closure is not None:
        opening = decision.closure.until or decision.due_time
        notes.append(f"moved to {moment_words(opening, zone)}: {decision.closure.reason}")
    if timetable.jitter and not timetable.key:
        notes.append(f"sent up to {jitter_words(timetable.jitter)} later, by jitter")
    elif timetable.jitter:
        notes.append(f"sent at {moment_words(decision.due_time, zone)}, by jitter")
    return notes


def explain_timetable(timetable: Timetable, instant: datetime) -> Explanation:
    """Return whether and why a timetable fires at an aware instant, or does not: by trigger, bounds and calendars.

    Raises TriggerError as `explain` does.
    """
    found = explain(timetable.trigger, instant)
    zone = timetable.trigger.timezone_name
    reasons = list(found.reasons)
    if timetable.start_at is not None and found.instant < timetable.start_at:
        reasons.append(f"It is before the start, {moment_words(timetable.start_at, zone)}")
    if timetable.end_at is not None and found.instant > timetable.end_at:
        reasons.append(f"It is after the end, {moment_words(timetable.end_at, zone)}")
    notes: list[str] = []
    if not reasons:
        decision = timetable.decide(found.instant)
        if isinstance(decision, Closed):
            reasons.append(decision.reason.rstrip("."))
        else:
            notes = timetable_notes(timetable, found.instant)
    return replace(
        found,
        fires=not reasons,
        reasons=tuple(reasons),
        notes=tuple(notes),
        previous=timetable.previous_before(found.instant),
        next=timetable.next_after(found.instant),
    )


def due_time(timetable: Timetable, fire_time: datetime) -> datetime | None:
    """Return when the run of a fire time is sent; None where it is skipped."""
    decision = timetable.decide(fire_time)
    return decision.due_time if isinstance(decision, Fires) else None
