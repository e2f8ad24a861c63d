"""How the messages of a schedule are sent, where that is not left to the task and to the app's routing."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field, JsonValue
from pydantic_core import to_json

from punctual.domain.names import printable

_LONGEST_NAME = 128
_LARGEST = 32_768
"""Bytes as JSON: RabbitMQ takes all headers of a message in one frame of 128 KiB, Celery's among them."""

_INT64 = range(-(2**63), 2**63)

_CELERY_HEADERS = frozenset(
    (  # noqa: SIM905 - a list would take a line each
        "args argsrepr as_execution_options callbacks called_directly chain children chord clear compression "
        "correlation_id delivery_info errbacks eta execution_options expires get group group_index headers hostname id "
        "ignore_result is_eager kwargs kwargsrepr lang logfile loglevel origin parent_id properties "
        "replaced_task_nesting reply_to retries root_id shadow soft_time_limit stamped_headers stamps task taskset "
        "time_limit timelimit update utc"
    ).split()
)
"""What message protocol 2, and the request that a worker makes of a message, use themselves."""


class MessageOptions(NamedTuple):
    """Options of one message beside its queue; None and no headers leave the option to the task and to the routing.

    The time limits are in seconds. A `priority` means what the broker makes of it.
    """

    exchange: str | None = None
    routing_key: str | None = None
    priority: int | None = None
    headers: Mapping[str, JsonValue] = {}
    soft_time_limit: float | None = None
    time_limit: float | None = None

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "MessageOptions":
        """Return the options that a stored spec names; it was validated when it was written."""
        given = {name: document.get(name) for name in cls._fields}
        return cls(**{name: value for name, value in given.items() if value is not None})

    @property
    def key(self) -> tuple[object, ...]:
        """What two messages with the same options have in common, to be compared and hashed."""
        headers = to_json(self.headers) if self.headers else b""
        return (self.exchange, self.routing_key, self.priority, self.soft_time_limit, self.time_limit, headers)


NO_OPTIONS = MessageOptions()


def _usable_headers(headers: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name, value in headers.items():
        problem = _problem_of(name) or _problem_in(value)
        if problem is not None:
            msg = f"the header {name[:_LONGEST_NAME]!r} {problem}"
            raise ValueError(msg)
    if len(to_json(headers)) > _LARGEST:
        msg = f"the headers are larger than {_LARGEST} bytes together: send what is large as an argument"
        raise ValueError(msg)
    return headers


def _problem_of(name: str) -> str | None:
    if name in _CELERY_HEADERS or name.startswith("_"):
        return "is Celery's own: choose another name"
    if name.startswith("punctual"):
        return "is Punctual's own: choose a name that does not begin with punctual"
    if not name or not name.isascii() or not name.isprintable() or len(name) > _LONGEST_NAME:
        return f"needs a name of 1 to {_LONGEST_NAME} printable ASCII characters"
    return None


def _problem_in(value: JsonValue) -> str | None:
    """Return why a value cannot be a header; RabbitMQ's whole numbers have 64 bits, and its keys 255 bytes."""
    if isinstance(value, int) and value not in _INT64:
        return "has a number of more than 64 bits: send it as a text"
    nested = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and any(not key.isascii() or len(key) > _LONGEST_NAME for key in value):
        return f"has a key that is not ASCII, or longer than {_LONGEST_NAME} characters"
    return next((problem for each in nested if (problem := _problem_in(each)) is not None), None)


Headers = Annotated[dict[str, JsonValue], AfterValidator(_usable_headers)]
"""Headers of a message beside those of Celery and of Punctual."""

ExchangeName = Annotated[str, Field(min_length=1, max_length=127), AfterValidator(printable)]
RoutingKey = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(printable)]
