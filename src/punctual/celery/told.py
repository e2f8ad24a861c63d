"""What a task gave or raised, as data that the ledger can keep."""

from collections.abc import Callable

from celery.utils.serialization import UnpickleableExceptionWrapper
from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, from_json, to_json

from punctual.domain.run import RunError

_RESULT_LIMIT = 64 * 1024
_TRACEBACK_LIMIT = 64 * 1024
_MESSAGE_LIMIT = 4 * 1024


def as_json(result: object) -> JsonValue:
    """Return a task's result as JSON data of its own; what JSON cannot hold becomes a text that says so."""
    try:
        return json_of(result)
    except ValueError as error:
        return f"{storable(_shown(result, repr))[:_MESSAGE_LIMIT]} ({error}: this is its repr)"


def json_of(result: object) -> JsonValue:
    """Return a task's result as JSON data of its own; raises ValueError, with the reason, where it cannot be kept."""
    try:
        encoded = to_json(result, inf_nan_mode="strings")
    except (PydanticSerializationError, ValueError, TypeError, RecursionError):
        message = "not JSON"
        raise ValueError(message) from None
    if len(encoded) > _RESULT_LIMIT:
        message = f"{len(encoded)} bytes are too many"
        raise ValueError(message)
    if b"\\u0000" in encoded:
        message = "holds a NUL character"
        raise ValueError(message)
    return from_json(encoded)  # type: ignore[no-any-return] # pydantic does not say that it gives JSON


def error_of(exception: BaseException, traceback: object) -> RunError:
    """Return the exception as data, each text within its bound; of a long traceback the end is kept."""
    if isinstance(exception, UnpickleableExceptionWrapper):
        name, message = str(exception.exc_cls_name), _shown(exception.text)
    else:
        kind = type(exception)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        message = _shown(exception)
    return bounded_error(name, message, None if traceback is None else _shown(traceback))


def bounded_error(kind: str, message: str, traceback: str | None) -> RunError:
    """Return an error of texts that can be stored, each within its bound."""
    text = None if traceback is None else storable(traceback)
    if text is not None and len(text) > _TRACEBACK_LIMIT:
        text = f"[{len(text) - _TRACEBACK_LIMIT} characters left out]\n{text[-_TRACEBACK_LIMIT:]}"
    return RunError(type=storable(kind), message=storable(message)[:_MESSAGE_LIMIT], traceback=text)


def _shown(value: object, how: Callable[[object], str] = str) -> str:
    try:
        return how(value)
    # What a user's class does to show itself may fail too.
    except Exception:  # noqa: BLE001
        return f"<{type(value).__qualname__} that cannot be shown>"


def storable(text: str) -> str:
    """Replace what PostgreSQL cannot store: NUL characters and lone surrogates."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
