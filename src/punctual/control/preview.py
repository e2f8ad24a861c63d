"""What a trigger would do, before anybody relies on it, and why it does not do it at some instant."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from punctual.control.faults import faults_of
from punctual.domain.errors import Fault, InvalidInputError, TriggerError
from punctual.domain.explain.notes import notes_on
from punctual.domain.explain.why import Explanation, explain
from punctual.domain.explain.words import in_words
from punctual.domain.triggers import Trigger


@dataclass(frozen=True, slots=True)
class FirePreview:
    """One fire time, in UTC and on the wall clock of the trigger's zone, with notes on changed clocks."""

    utc: datetime
    local: datetime
    timezone: str
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """A trigger in its text and in words, with its next and its previous fire times, both in order of time.

    There are fewer than asked for where it ends or begins.
    """

    trigger_text: str
    words: str
    fire_times: list[FirePreview]
    previous: list[FirePreview]


@dataclass(frozen=True, slots=True)
class ExplainedInstant:
    """The explanation for an instant, with the fire times around it."""

    trigger_text: str
    explanation: Explanation
    previous: FirePreview | None
    next: FirePreview | None


class _Holder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    trigger: Trigger


def read_trigger(value: object) -> Trigger:
    """Return the trigger that a text or an object describes; raises InvalidInputError (paths begin with `trigger`)."""
    try:
        return _Holder.model_validate({"trigger": value}).trigger
    except ValidationError as error:
        raise InvalidInputError(faults_of(error, _Holder)) from None


def preview(
    trigger: Trigger, *, after: datetime, count: int, previous: int = 0, now: datetime | None = None
) -> Preview:
    """Return the first `count` fire times after an instant, and the last `previous` ones up to it.

    An interval without an anchor counts from `now`, or else from `after`.
    """
    anchored = trigger.anchored(now or after)
    found: list[FirePreview] = []
    instant = anchored.next_after(after)
    while instant is not None and len(found) < count:
        found.append(_fire_preview(anchored, instant))
        instant = anchored.next_after(instant)
    past: list[FirePreview] = []
    instant = anchored.previous_before(found[0].utc if found else after)
    while instant is not None and len(past) < previous:
        past.append(_fire_preview(anchored, instant))
        instant = anchored.previous_before(instant)
    return Preview(trigger.text or "", in_words(trigger), found, past[::-1])


def explain_instant(trigger: Trigger, instant: datetime) -> ExplainedInstant:
    """Return whether and why a trigger fires at an instant; raises InvalidInputError for one out of the calendar."""
    try:
        explanation = explain(trigger, instant)
    except TriggerError as error:
        raise InvalidInputError([Fault("instant", "out_of_range", error.message, error.fix)]) from None
    previous, following = explanation.previous, explanation.next
    return ExplainedInstant(
        trigger.text or "",
        explanation,
        None if previous is None else _fire_preview(trigger, previous),
        None if following is None else _fire_preview(trigger, following),
    )


def _fire_preview(trigger: Trigger, instant: datetime) -> FirePreview:
    name = trigger.timezone_name
    return FirePreview(instant, instant.astimezone(ZoneInfo(name)), name, notes_on(trigger, instant))
