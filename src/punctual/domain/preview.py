"""The first part of a JSON value that is too big to be kept: of the same shape, and shorter."""

from itertools import islice

from pydantic import JsonValue
from pydantic_core import to_json

_CUTS = (
    (20_000, 1_000, 12),
    (5_000, 500, 10),
    (2_000, 200, 8),
    (500, 100, 6),
    (200, 50, 5),
    (100, 20, 4),
    (50, 10, 3),
    (50, 5, 2),
    (20, 3, 1),
    (20, 0, 0),
)
"""The longest text, the most items and the deepest level, each time less."""


def size_of(value: JsonValue) -> int:
    """Return how many bytes a value is as JSON."""
    return len(to_json(value, inf_nan_mode="strings"))


def preview(value: JsonValue, limit: int) -> JsonValue:
    """Return the first part of a value, in at most `limit` bytes (200 or more): texts, lists and objects are cut.

    A text that was cut ends with `…`; what is nested too deep is empty.
    """
    for characters, items, levels in _CUTS:
        cut = _cut(value, characters, items, levels)
        if size_of(cut) <= limit:
            return cut
    return None


def _cut(value: JsonValue, characters: int, items: int, levels: int) -> JsonValue:
    if isinstance(value, str):
        return _cut_text(value, characters)
    if isinstance(value, list):
        first = value[:items] if levels else []
        return [_cut(item, characters, items, levels - 1) for item in first]
    if isinstance(value, dict):
        entries = islice(value.items(), items if levels else 0)
        return {_cut_text(key, characters): _cut(item, characters, items, levels - 1) for key, item in entries}
    return value


def _cut_text(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[:characters]}…"
