"""What every trigger can be asked."""

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.config import JsonDict
from pydantic_core import InitErrorDetails

from punctual.domain.errors import FieldError, TriggerError
from punctual.domain.triggers.zone import LONGEST_ZONE_NAME, load_zone

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


def _is_a_zone(name: str) -> str:
    load_zone(name)
    return name


Timezone = Annotated[str, Field(max_length=LONGEST_ZONE_NAME), AfterValidator(_is_a_zone)]
"""The type of a field with the IANA name of a zone that exists."""


def on_gap_field(default: str) -> Any:  # noqa: ANN401 - as pydantic's Field
    """Return the field of a knob: what becomes of a wall time left out; `default` tells it without the knob."""
    return Field(
        default=None,
        description=(
            "A fire time whose wall time is left out when clocks are put forward: `shift` fires right after the gap, "
            f"`skip` not at all. By default {default}."
        ),
    )


def on_fold_field(default: str) -> Any:  # noqa: ANN401 - as pydantic's Field
    """Return the field of a knob: what becomes of a wall time that comes twice; `default` tells it without the knob."""
    return Field(
        default=None,
        description=(
            "A fire time whose wall time comes twice when clocks are put back: the `first`, the `second`, or `both`. "
            f"By default {default}."
        ),
    )


def text_field(longest: int = LONGEST_TEXT, *, leaves_out: str = "") -> Any:  # noqa: ANN401 - as pydantic's Field
    """Return the field for the one line that a trigger is written as; it comes last in its class."""
    but = f"; it does not name the {leaves_out}" if leaves_out else ""
    return Field(
        default="",
        max_length=longest,
        validate_default=True,
        description=f"The trigger in one line, as it was written or in short form{but}.",
    )


def located(error: FieldError, field: str, value: object) -> ValidationError:
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


class WrittenTrigger(TriggerModel):
    """A kind of trigger that a short text can name; `text`, its last field, always means the same as the others."""

    not_in_text: ClassVar[frozenset[str]] = frozenset()
    """Fields that a text does not name."""

    @classmethod
    @abstractmethod
    def fields_of(cls, text: str) -> dict[str, Any]:
        """Return the fields that a text of this kind names, unchecked; raises TriggerError where it is no such text."""

    @classmethod
    @abstractmethod
    def text_of(cls, fields: Mapping[str, Any]) -> str:
        """Return the short text for all fields before `text`."""

    @classmethod
    def written(cls, text: str) -> Self:
        """Return the trigger that a text of this kind means; the text is kept. Raises TriggerError, with the field."""
        return built(cls, **cls.fields_of(text)).model_copy(update={"text": text})

    @field_validator("text", check_fields=False)
    @classmethod
    def _agrees(cls, text: str, info: ValidationInfo) -> str:
        fields = info.data
        if len(fields) < len(cls.model_fields) - 1:  # another field is at fault
            return text
        short = cls.text_of(fields)
        return text if text and (text == short or cls._means(text, fields)) else short

    @classmethod
    def _means(cls, text: str, fields: Mapping[str, Any]) -> bool:
        try:
            meant = built(cls, **cls.fields_of(text))
        except ValueError:
            return False
        return all(getattr(meant, name) == value for name, value in fields.items() if name not in cls.not_in_text)
