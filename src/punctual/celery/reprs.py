"""The text of args and kwargs in a message's headers, which logs and Flower show: what Celery's `saferepr` gives.

`saferepr` takes longer than all else in making a message. For most JSON documents `repr` is sure to give the same.
"""

from collections.abc import Sequence

from pydantic import JsonValue

_SCALARS = frozenset({str, int, float, bool, type(None)})


def plain_repr(value: Sequence[JsonValue] | dict[str, JsonValue], limit: int | None, levels: int) -> str | None:
    """Return what `celery.utils.saferepr.saferepr(value, limit, levels)` returns, or None where only that can tell.

    `saferepr` differs from `repr` in strings (never in double quotes, a backslash only before a quote), in containers
    nested deeper than `levels`, in text of `limit` characters and more, and in types that JSON has not.
    """
    if not limit or not _is_plain(value, levels):
        return None
    text = repr(value)
    # A string of unusual characters has an escape in its repr; one with a quote has that, or stands in double quotes.
    return None if len(text) >= limit or "\\" in text or '"' in text else text


def _is_plain(value: object, levels: int) -> bool:
    """Tell whether a value is a JSON list or object, nested at most `levels` deep."""
    if levels < 1:
        return False
    if type(value) is list:
        items: Sequence[object] = value
    elif type(value) is dict:
        items = [*value, *value.values()]
    else:
        return False
    return all(type(item) in _SCALARS or _is_plain(item, levels - 1) for item in items)
