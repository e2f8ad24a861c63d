"""What every trigger can be asked."""

import reprlib
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.config import JsonDict
from pydantic_core import InitErrorDetails

from punctual.domain.errors import TriggerError

LONGEST_EXPRESSION = 500
"""Characters; one beyond it is a mistake, and the bound keeps reading fast."""

LONGEST_TEXT = 750
"""Characters: room for the longest expression with its time zone and every option."""

_LONGEST_SHOWN = 50
_Kind = TypeVar("_Kind", bound="TriggerModel")
_SMALLEST_STEP = timedelta(microseconds=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)


def as_utc(instant: datetime) -> datetime | None:
    """Return the instant in UTC, or None where UTC has no year for it (before year 1, after year 9999).

    Raises TriggerError for a naive datetime: without an offset it names no instant.
    """
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise TriggerError(
            message=f"{instant.isoformat()} has no UTC offset, so it names no instant",
            fix="Pass an aware datetime, for example datetime.now(UTC).",
        )
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return None


def shown(value: object) -> str:
    """Return the beginning of a value of any type and size, however deep it is nested."""
    return (value if isinstance(value, str) else reprlib.repr(value))[:_LONGEST_SHOWN]


def located(error: TriggerError, field: str, value: object) -> ValidationError:
    """Return the error as pydantic's own, at `field`: for faults that only the whole object shows."""
    return ValidationError.from_exception_data(
        "Trigger",
        [InitErrorDetails(type="value_error", loc=(field,), input=value, ctx={"error": error})],
    )


def built(kind: type[_Kind], **fields: object) -> _Kind:
    """Return a trigger of this kind; raises TriggerError, with the field, where pydantic would raise its own error."""
    try:
        return kind(**fields)
    except ValidationError as invalid:
        fault = invalid.errors()[0]
        error = fault.get("ctx", {}).get("error")
        if isinstance(error, TriggerError):
            raise error from None
        field = str(fault["loc"][0]) if fault["loc"] else ""
        raise TriggerError(
            message=f"{field or 'trigger'}: {fault['msg']}",
            fix="Correct this value.",
            field=field,
            text=shown(fault["input"]),
        ) from None


def _require_kind(schema: JsonDict) -> None:
    """Say in the JSON schema that `kind` is needed, though Python code may leave it to the class."""
    required = schema.setdefault("required", [])
    if isinstance(required, list) and "kind" not in required:
        required.insert(0, "kind")


class TriggerModel(BaseModel, ABC):
    """A pure rule that gives fire times: no state, no wall clock.

    All instants given are aware datetimes (TriggerError otherwise); all instants returned are aware and in UTC.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_serialization_defaults_required=True, json_schema_extra=_require_kind
    )

    @property
    @abstractmethod
    def timezone_name(self) -> str:
        """The IANA name of the time zone in which people read this trigger's fire times."""

    @abstractmethod
    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first fire time strictly after the instant; None when there is none up to year 9999."""

    @abstractmethod
    def previous_before(self, instant: datetime) -> datetime | None:
        """Return the last fire time strictly before the instant; None when there is none back to year 1."""

    def count_between(self, first: datetime, last: datetime, limit: int) -> tuple[int, bool]:
        """Count the fire times from `first` to `last`, both included.

        Returns the count and whether it is exact; counting stops at `limit`, and then the count is a lower bound.
        """
        start, end = as_utc(first), as_utc(last)
        if start is None or end is None:
            return 0, True
        count = 0
        if start > _EARLIEST:
            following = self.next_after(start - _SMALLEST_STEP)
        else:  # no instant comes before it, to search after
            following = self.previous_before(start + _SMALLEST_STEP) or self.next_after(start)
        while following is not None and following <= end:
            if count >= limit:
                return count, False
            count += 1
            following = self.next_after(following)
        return count, True

    def anchored(self, now: datetime) -> Self:
        """Return this trigger with its phase fixed; only an interval without an anchor changes (it takes `now`)."""
        as_utc(now)
        return self

    def identified(self, seed: str) -> Self:
        """Return this trigger bound to an identity; only a cron expression with an H changes, and only once."""
        del seed
        return self
