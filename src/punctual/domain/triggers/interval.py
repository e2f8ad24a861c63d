"""The interval trigger: every so long, counted from an anchor."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, field_validator

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.base import WrittenTrigger, as_utc, built, shown, text_field
from punctual.domain.triggers.duration import (
    LONGEST,
    SHORTEST,
    out_of_bounds,
    read_duration,
    within_bounds,
    write_duration,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_EVERY = "every"


def _read_every(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return within_bounds(value, f"{value.total_seconds():g} seconds")
    if isinstance(value, str):
        return read_duration(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        length = f"{value:g} seconds" if abs(value) < 1 << 53 else "more"
        if not SHORTEST.total_seconds() <= value <= LONGEST.total_seconds():
            raise out_of_bounds(length)
        return timedelta(seconds=value)
    raise TriggerError(
        message="every must be a number of seconds or a text such as 1h30m",
        fix='Write for example 90, "90s" or "1h30m".',
        field="every",
        text=shown(value),
    )


_LIMITS = {"minimum": SHORTEST.total_seconds(), "maximum": LONGEST.total_seconds()}
Every = Annotated[
    timedelta,
    BeforeValidator(_read_every),
    PlainSerializer(timedelta.total_seconds, return_type=float, when_used="json"),
    WithJsonSchema(
        {"anyOf": [{"type": "number", **_LIMITS}, {"type": "string", "examples": ["90s", "1h30m"]}]}, mode="validation"
    ),
    WithJsonSchema({"type": "number", **_LIMITS}, mode="serialization"),
]


class Interval(WrittenTrigger):
    """Fires at `anchor + n * every` for every whole n, before the anchor as well as after it; so it never drifts.

    The anchor only fixes the phase. A trigger without one counts from 1970-01-01T00:00:00Z; a schedule gives its
    trigger one when it is stored (`anchored`).
    """

    not_in_text = frozenset({"anchor"})

    kind: Literal["interval"] = "interval"
    every: Every = Field(
        description="The length of the interval, from 1 second to 10 years: seconds, or a text such as 1h30m.",
        examples=[90],
    )
    anchor: datetime | None = Field(
        default=None,
        description="An instant from which the interval is counted in both directions; set when a schedule is stored.",
        examples=["2026-01-01T00:00:00Z"],
    )
    text: str = text_field(leaves_out="anchor")

    @field_validator("anchor")
    @classmethod
    def _is_an_instant(cls, anchor: datetime | None) -> datetime | None:
        if anchor is None:
            return None
        if anchor.utcoffset() is None:
            raise TriggerError(
                message=f"the anchor {anchor.isoformat()} has no UTC offset",
                fix=f'Add one, for example "{anchor.isoformat()}Z".',
                field="anchor",
                text=anchor.isoformat(),
            )
        utc = as_utc(anchor)
        if utc is None:
            raise TriggerError(
                message="the anchor is outside the years 1 to 9999 in UTC", fix="Use a later one.", field="anchor"
            )
        return utc

    @classmethod
    def fields_of(cls, text: str) -> dict[str, Any]:
        """Return the fields that a text such as `every 90s` names, unchecked."""
        word, length = text[: len(_EVERY)], text[len(_EVERY) :]
        if word.lower() != _EVERY:
            raise TriggerError(
                message=f'"{text}" is no interval', fix=f'Begin with "{_EVERY}".', field="every", text=text
            )
        return {"every": length.strip()}

    @classmethod
    def text_of(cls, fields: Mapping[str, Any]) -> str:
        """Return the short text; it does not name the anchor."""
        return f"{_EVERY} {write_duration(fields['every'])}"

    @property
    def timezone_name(self) -> str:
        """Always UTC: an interval knows no wall clock."""
        return "UTC"

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first fire time strictly after the instant; None when there is none up to year 9999."""
        utc = as_utc(instant)
        if utc is None:
            return None
        anchor = self.anchor or _EPOCH
        try:
            return anchor + ((utc - anchor) // self.every + 1) * self.every
        except OverflowError:
            return None

    def previous_before(self, instant: datetime) -> datetime | None:
        """Return the last fire time strictly before the instant; None when there is none back to year 1."""
        utc = as_utc(instant)
        if utc is None:
            return None
        anchor = self.anchor or _EPOCH
        try:
            return anchor + ((utc - anchor - _TICK) // self.every) * self.every
        except OverflowError:
            return None

    def count_between(self, first: datetime, last: datetime, limit: int) -> tuple[int, bool]:
        """Count the fire times from `first` to `last`, both included; always exact, because it takes no search."""
        del limit
        start, end = as_utc(first), as_utc(last)
        if start is None or end is None or end < start:
            return 0, True
        anchor = self.anchor or _EPOCH
        return (end - anchor) // self.every - (start - anchor - _TICK) // self.every, True

    def anchored(self, now: datetime) -> Self:
        """Return this trigger counted from `now`, unless it has an anchor already."""
        if self.anchor is not None:
            return self
        return self.model_copy(update={"anchor": as_utc(now)})


def every(interval: float | timedelta | str, *, anchor: datetime | None = None) -> Interval:
    """Return the trigger of an interval: `every(90)`, `every("1h30m")`, `every(timedelta(hours=2))`.

    Raises TriggerError, naming the field, for an interval outside 1 second to 10 years or an anchor without UTC offset.
    """
    return built(Interval, every=interval, anchor=anchor)
