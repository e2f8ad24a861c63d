"""The once trigger: a single instant, or a single wall time in a time zone."""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timezone
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.base import (
    Timezone,
    WrittenTrigger,
    as_utc,
    built,
    located,
    on_fold_field,
    on_gap_field,
    shown,
    text_field,
)
from punctual.domain.triggers.text_tail import knobs_text, split_words
from punctual.domain.triggers.zone import OnFold, OnGap, instants_of, load_zone

_LONGEST_SHOWN = 50
_MONTHS, _HOURS = 12, 24
_KNOBS = ("on_gap", "on_fold")
_AT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_EXAMPLE = 'Write for example "2026-12-24T18:00" or "2026-12-24T18:00:00+01:00".'


def _read_at(value: object) -> datetime:
    """Return the date and time; one with an offset keeps it as a fixed offset."""
    if isinstance(value, str):
        value = _parse_at(value.strip()[:_LONGEST_SHOWN])
    if not isinstance(value, datetime):
        raise TriggerError(message="at must be a date with a time", fix=_EXAMPLE, field="at", text=shown(value))
    offset = value.utcoffset()
    if offset is None:
        return value.replace(tzinfo=None, fold=0)
    if as_utc(value) is None:
        raise TriggerError(
            message="at is outside the years 1 to 9999 in UTC", fix=_EXAMPLE, field="at", text=value.isoformat()
        )
    return value.replace(tzinfo=timezone(offset) if offset else UTC, fold=0)


def _parse_at(text: str) -> datetime:
    match = _AT.fullmatch(text)
    if match is None:
        raise TriggerError(message=f'"{text}" is no date with a time', fix=_EXAMPLE, field="at", text=text, position=0)
    if match[2] is None:
        raise TriggerError(
            message=f'"{text}" has no time of day',
            fix=f'Write "{text}T00:00" for midnight.',
            field="at",
            text=text,
            position=len(text),
        )
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise _not_in_calendar(text) from None


def _not_in_calendar(text: str) -> TriggerError:
    """Return the error for numbers of a date and time that have the right form, by the first that is too large."""
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    fix = "Use a date and a time that exist."
    if not year:
        what, position = "year must be 1\u20139999, got 0000", 0
    elif not 1 <= month <= _MONTHS:
        what, position = f"month must be 1\u201312, got {month:02}", 5
        if 1 <= day <= _MONTHS:
            fix = f'The month comes first: did you mean "{text[:4]}-{day:02}-{month:02}{text[10:]}"?'
    elif not 1 <= day <= (last := monthrange(year, month)[1]):
        what, position = f"day must be 1\u2013{last} in {text[:7]}, got {day:02}", 8
    elif int(text[11:13]) >= _HOURS:
        what, position, fix = f"hour must be 0\u201323, got {text[11:13]}", 11, "Midnight is 00:00 of the next day."
    else:
        what, position = f"{text[11:]} is no time of day", 14
    return TriggerError(f'"{text}" is not in the calendar: {what}', fix=fix, field="at", text=text, position=position)


At = Annotated[
    datetime,
    BeforeValidator(_read_at),
    WithJsonSchema({"type": "string", "examples": ["2026-12-24T18:00:00", "2026-12-24T17:00:00Z"]}),
]


class Once(WrittenTrigger):
    """Fires once: at the instant `at` when that has a UTC offset, else when the clocks of the time zone show it."""

    kind: Literal["once"] = "once"
    at: At = Field(description="Date and time (ISO 8601), with a UTC offset or as local time in the time zone.")
    timezone: Timezone = Field(
        default="UTC",
        description="IANA name of the time zone of `at`; when `at` has an offset, only the zone to show it in.",
        examples=["Europe/Berlin"],
    )
    on_gap: OnGap | None = on_gap_field("it shifts")
    on_fold: OnFold | None = on_fold_field("it fires the first time")
    text: str = text_field()

    @model_validator(mode="after")
    def _comes(self) -> Self:
        if not self._instants():
            error = TriggerError(
                message=(
                    f"{self.at.isoformat(timespec='minutes')} does not exist in {self.timezone}: "
                    "its clocks are put forward over it"
                ),
                fix='Use a time before or after the change, or on_gap "shift".',
                field="at",
                text=self.at.isoformat(),
            )
            raise located(error, "at", self.at)
        return self

    @classmethod
    def fields_of(cls, text: str) -> dict[str, Any]:
        """Return the fields that a text such as `2026-12-24T18:00 Europe/Berlin` names, unchecked."""
        return _fields_of(text)

    @classmethod
    def text_of(cls, fields: Mapping[str, Any]) -> str:
        """Return the short text for all fields before `text`."""
        return _text_of(fields)

    @property
    def timezone_name(self) -> str:
        """The zone of `at`."""
        return self.timezone

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the fire time if it is strictly after the instant."""
        utc = as_utc(instant)
        return next((at for at in self._instants() if utc is not None and at > utc), None)

    def previous_before(self, instant: datetime) -> datetime | None:
        """Return the fire time if it is strictly before the instant."""
        utc = as_utc(instant)
        return next((at for at in reversed(self._instants()) if utc is not None and at < utc), None)

    def _instants(self) -> tuple[datetime, ...]:
        if self.at.tzinfo is not None:
            return (self.at.astimezone(UTC),)
        try:
            return instants_of(load_zone(self.timezone), self.at, self.on_gap or "shift", self.on_fold or "first")
        except OverflowError:  # no year for it in UTC
            return ()


def once(at: datetime | str, timezone: str | None = None) -> Once:
    """Return the trigger of one instant: `once("2026-12-24T18:00", "Europe/Berlin")`, or an aware datetime.

    Without a time zone, a local time is in UTC. Raises TriggerError, naming the field, for anything not understood.
    """
    return built(Once, at=at, timezone="UTC" if timezone is None else timezone)


def _fields_of(text: str) -> dict[str, str]:
    """Return the fields of `Once` that a text such as `2026-12-24T18:00 Europe/Berlin` names, unchecked.

    Raises TriggerError for options it does not know and for words it has no use for.
    """
    words = split_words(text, _KNOBS)
    date, *rest = words.words
    taken = 1
    if rest and ":" in rest[0]:
        date = f"{date}T{rest.pop(0)}"
        taken = 2
    fields = {**words.knobs, "at": date}
    if rest:
        fields["timezone"] = rest.pop(0)
        taken += 1
    if rest:
        raise TriggerError(
            message=f'"{text}": unexpected "{rest[0]}"',
            fix='A date is followed by a time and a time zone: "2026-12-24T18:00 Europe/Berlin".',
            field="at",
            text=text,
            position=words.starts[taken],
        )
    return fields


def _text_of(fields: Mapping[str, Any]) -> str:
    at: datetime = fields["at"]
    precise = at.second or at.microsecond
    date = at.isoformat(timespec="auto" if precise else "minutes").replace("+00:00", "Z")
    zone = "" if fields["timezone"] == "UTC" else f" {fields['timezone']}"
    return f"{date}{zone}" + knobs_text(on_gap=fields["on_gap"], on_fold=fields["on_fold"])
