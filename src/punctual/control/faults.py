"""Turning what validation found into faults that name the field and the fix."""

import difflib
from collections.abc import Sequence

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from punctual.domain.errors import Fault, FieldError


def path_of(location: Sequence[str | int]) -> str:
    """Return a location as people write it: `trigger.timezone`, `args[0]`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def faults_of(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Return every fault of a document, in the order of its fields."""
    return [_fault(details, model) for details in error.errors(include_url=False)]


def _fault(details: ErrorDetails, model: type[BaseModel]) -> Fault:
    location = details["loc"]
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, FieldError):
        if cause.field and (not location or location[-1] != cause.field):
            location = (*location, cause.field)
        return cause.fault_at(path_of(location))
    if details["type"] == "extra_forbidden":
        return Fault(path_of(location), "unknown_field", "is not a field here", _nearest(location, model))
    if details["type"] == "missing":
        return Fault(path_of(location), "missing", "is required", "Give it a value.")
    message = str(cause) if isinstance(cause, ValueError) else _lowered(details["msg"])
    return Fault(path_of(location), details["type"], message)


def _nearest(location: Sequence[str | int], model: type[BaseModel]) -> str:
    if len(location) == 1:
        close = difflib.get_close_matches(str(location[0]), model.model_fields, n=1)
        if close:
            return f"Did you mean {close[0]}?"
    return "Remove it."


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
