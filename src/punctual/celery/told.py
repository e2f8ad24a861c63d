"""What a task gave or raised, as data that the ledger can keep."""

from collections.abc import Callable
from typing import NamedTuple

from celery.utils.serialization import UnpickleableExceptionWrapper
from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, from_json, to_json

from punctual.domain.masking import DEFAULT_MASKING, NOTHING_HIDDEN, Hidden, Masking
from punctual.domain.preview import preview
from punctual.domain.run import RunError
from punctual.settings import RESULT_LIMIT

_TRACEBACK_LIMIT = 64 * 1024
_MESSAGE_LIMIT = 4 * 1024


class Kept(NamedTuple):
    """What is kept of a result; with a `size`, the first part of what was so many bytes of JSON."""

    value: JsonValue
    size: int | None = None


def kept_result(
    result: object, hidden: Hidden = NOTHING_HIDDEN, *, masking: Masking = DEFAULT_MASKING, limit: int = RESULT_LIMIT
) -> Kept:
    """Return a task's result as JSON data of its own, without secrets; of one of more than `limit` bytes, a preview.

    What JSON cannot hold becomes a text that says so.
    """
    try:
        value, size = _as_json(result)
    except ValueError as error:
        return Kept(f"{hidden.text(storable(_shown(result, repr)))[:_MESSAGE_LIMIT]} ({error}: this is its repr)")
    masked = masking.value(value, hidden)
    return Kept(masked) if size <= limit else Kept(preview(masked, limit), size)


def json_of(result: object) -> JsonValue:
    """Return a task's result as JSON data of its own; raises ValueError, with the reason, where it cannot be kept."""
    value, size = _as_json(result)
    if size > RESULT_LIMIT:
        message = f"{size} bytes are too many"
        raise ValueError(message)
    return value


def _as_json(result: object) -> tuple[JsonValue, int]:
    """Return a result as JSON data of its own, and how many bytes that is."""
    try:
        encoded = to_json(result, inf_nan_mode="strings")
    except (PydanticSerializationError, ValueError, TypeError, RecursionError):
        message = "not JSON"
        raise ValueError(message) from None
    if b"\\u0000" in encoded:
        message = "holds a NUL character"
        raise ValueError(message)
    return from_json(encoded), len(encoded)


def error_of(exception: BaseException, traceback: object, hidden: Hidden = NOTHING_HIDDEN) -> RunError:
    """Return the exception as data, each text within its bound and without secrets; of a long traceback the end."""
    if isinstance(exception, UnpickleableExceptionWrapper):
        name, message = str(exception.exc_cls_name), _shown(exception.text)
    else:
        kind = type(exception)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        message = _shown(exception)
    return bounded_error(name, message, None if traceback is None else _shown(traceback), hidden)


def bounded_error(kind: str, message: str, traceback: str | None, hidden: Hidden = NOTHING_HIDDEN) -> RunError:
    """Return an error of texts that can be stored, each within its bound and without secrets."""
    text = None if traceback is None else hidden.text(storable(traceback))
    if text is not None and len(text) > _TRACEBACK_LIMIT:
        text = f"[{len(text) - _TRACEBACK_LIMIT} characters left out]\n{text[-_TRACEBACK_LIMIT:]}"
    return RunError(type=storable(kind), message=hidden.text(storable(message))[:_MESSAGE_LIMIT], traceback=text)


def _shown(value: object, how: Callable[[object], str] = str) -> str:
    try:
        return how(value)
    # What a user's class does to show itself may fail too.
    except Exception:  # noqa: BLE001
        return f"<{type(value).__qualname__} that cannot be shown>"


def storable(text: str) -> str:
    """Replace what PostgreSQL cannot store: NUL characters and lone surrogates."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
