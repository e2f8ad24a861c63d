"""Pages by key, not by number: a page stays right while rows come and go."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from punctual.domain.errors import Fault, InvalidInputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the opaque cursor of the next page (None: there is none)."""

    items: list[T]
    next_cursor: str | None


def encode_cursor(*key: str) -> str:
    """Return the opaque text that stands for the key of a page's last row."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *, parts: int) -> list[str]:
    """Return the key that a cursor stands for; raises InvalidInputError for a cursor that we did not make."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        fault = Fault("cursor", "invalid_cursor", "is not a cursor of this list", "Leave it out to start again.")
        raise InvalidInputError([fault])
    return key
