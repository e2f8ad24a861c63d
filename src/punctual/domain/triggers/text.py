"""A trigger from its text, and the type of any field that takes a trigger."""

from typing import Annotated

from pydantic import BaseModel, Field

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.any_of import LONGEST_UNION_TEXT, SEPARATOR, AnyOf, parse_members
from punctual.domain.triggers.base import built
from punctual.domain.triggers.single import SINGLE_KINDS, AnySingle, TextOrObject, parse_single, read_value

AnyTrigger = AnySingle | AnyOf

_KINDS = {**SINGLE_KINDS, "any_of": AnyOf}


def parse_trigger(text: str) -> AnyTrigger:
    """Return the trigger that a short text means; the text is kept.

    A cron expression or alias, a date, a recurrence set and a solar event may be followed by an IANA time zone, and by
    options: `0 2 * * * Europe/Berlin on_gap=skip`. ` | ` joins several triggers to their union. Raises TriggerError
    with the field, the position and a fix.
    """
    stripped = text.strip()
    if SEPARATOR not in stripped:
        return parse_single(stripped)
    if len(stripped) > LONGEST_UNION_TEXT:
        raise TriggerError(
            message=f"a trigger of {len(stripped)} characters is too long",
            fix=f"Use at most {LONGEST_UNION_TEXT} characters.",
            text=stripped[:LONGEST_UNION_TEXT],
        )
    return built(AnyOf, triggers=parse_members(stripped)).model_copy(update={"text": stripped})


def _read(value: object) -> BaseModel:
    return read_value(value, _KINDS, parse_trigger)


_TEXT = {
    "maxLength": LONGEST_UNION_TEXT,
    "description": (
        "A cron expression or alias, a date and time, a recurrence set (RFC 5545) or a solar event, each optionally "
        "followed by an IANA time zone; or an interval. Several are joined by |."
    ),
    "examples": [
        "0 2 * * * Europe/Berlin",
        "*/15 9-17 * * mon-fri",
        "@daily",
        "H H * * *",
        "every 90s",
        "2026-12-24T18:00",
        "RRULE:FREQ=MONTHLY;BYDAY=-1FR",
        "sunset at 52.52,13.41",
        "0 9 * * mon-fri | 0 11 * * sat,sun",
    ],
}
Trigger = Annotated[Annotated[AnyTrigger, Field(discriminator="kind")], TextOrObject(_read, _TEXT)]
"""The type of a field that holds a trigger; it accepts a short text or an object."""
