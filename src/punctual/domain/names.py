"""The names that people give to things, which they look up by name or by id."""

import re
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def parse_id(text: str) -> UUID | None:
    """Return the id that a text is, in the one form we write ids in (RFC 9562, hyphens); None for any other text."""
    return UUID(text) if _UUID.fullmatch(text) else None


def usable_name(name: str) -> str:
    """Return the name; raises ValueError for one that a path or a lookup by name or id would take for another thing."""
    if name != name.strip():
        msg = "must not start or end with a space"
        raise ValueError(msg)
    if "/" in name or not name.isprintable():
        msg = "must not contain a slash or a control character"
        raise ValueError(msg)
    if parse_id(name) is not None:
        msg = "must not look like an id (a UUID), because things are looked up by name or id"
        raise ValueError(msg)
    return name


def printable(text: str) -> str:
    """Return the text; raises ValueError for one with a control character."""
    if not text.isprintable():
        msg = "must not contain a control character"
        raise ValueError(msg)
    return text


LookupName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(usable_name)]

_WORD = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
_LABEL_KEY = r"^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$"

DEFAULT_SERVICE = "default"
ServiceName = Annotated[str, Field(min_length=1, max_length=63, pattern=_WORD)]
"""The owner of a set of schedules."""

LabelKey = Annotated[str, Field(min_length=1, max_length=63, pattern=_LABEL_KEY)]
LabelValue = Annotated[str, Field(max_length=100), AfterValidator(printable)]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=32)]
"""What people find things by: `team=payments`. The key has no `=`, so that the two can be told apart."""
