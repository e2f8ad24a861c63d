"""Lengths of time in documents: seconds as a number, or a text such as `90s` or `1h30m`; seconds as a number out."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.duration import read_length


def _not_nothing(length: timedelta) -> timedelta:
    if not length:
        message = "must be longer than nothing"
        raise ValueError(message)
    return length


def _read(value: object) -> object:
    """Return the length that a text names; what is no text is left to pydantic, and ISO 8601 (`PT90S`) as well."""
    if not isinstance(value, str) or value.lstrip("+-").upper().startswith("P"):
        return value
    try:
        return read_length(value.strip())
    except TriggerError as error:  # the path of the document names the field already
        raise TriggerError(error.message, fix=error.fix, text=error.text, position=error.position) from None


_TEXT = {"type": "string", "examples": ["90s", "1h30m"]}

Span = Annotated[
    timedelta,
    Field(ge=timedelta(0), le=timedelta(days=366)),
    BeforeValidator(_read),
    PlainSerializer(timedelta.total_seconds, return_type=float, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 31_622_400}, _TEXT]}, mode="validation"),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 31_622_400}, mode="serialization"),
]
"""From nothing to 366 days."""

SomeTime = Annotated[Span, AfterValidator(_not_nothing)]
"""The same, but not nothing."""
