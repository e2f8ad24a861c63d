"""The rules that name hours: of every week, or from one moment to another."""

import re
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from punctual.domain.calendars.rule import Label, RuleModel, closest, listed, read_date, shown
from punctual.domain.calendars.stretch import Stretch, first_instant, last_instant, whole_days
from punctual.domain.errors import CalendarError
from punctual.domain.triggers.base import as_utc

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_SHORT: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBERS = {name: number for names in (_SHORT, WEEKDAYS) for number, name in enumerate(names)}
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_MINUTES_OF_DAY = 1440


def _read_days(value: object) -> object:
    """Return the days, in the order of the week, of a text such as `mon-fri, sun` or of a list of such texts."""
    parts = listed(value)
    if not isinstance(parts, (list, tuple)):
        return value
    numbers: set[int] = set()
    for part in parts:
        first, dash, last = str(part).partition("-")
        number = start = _number_of(first, part)
        end = _number_of(last, part) if dash else start
        numbers.add(start)
        while number != end:
            number = (number + 1) % 7
            numbers.add(number)
    return tuple(_SHORT[number] for number in sorted(numbers))


def _number_of(name: str, part: object) -> int:
    number = _NUMBERS.get(name.strip().casefold())
    if number is None:
        meant = closest(name, _NUMBERS)
        fix = f'Did you mean "{meant[:3]}"?' if meant else 'Write for example "mon-fri", or "sat, sun".'
        raise CalendarError(message=f"{shown(part)} names no day of the week", fix=fix)
    return number


def _minutes(text: str) -> int:
    match = _TIME.fullmatch(text)
    hours, minutes = (int(match[1]), int(match[2])) if match else (99, 0)
    if minutes > 59 or hours * 60 + minutes > _MINUTES_OF_DAY:  # noqa: PLR2004 - minutes of an hour
        fix = 'Write hours and minutes with two digits each, from "00:00" to "24:00".'
        raise CalendarError(message=f"{shown(text)} is no time of day", fix=fix)
    return hours * 60 + minutes


def _time_of_day(text: str) -> str:
    _minutes(text)
    return text


_TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


class Weekly(RuleModel):
    """Hours of the days of every week, or these days as a whole."""

    kind: Literal["weekly"]
    days: Annotated[
        tuple[Weekday, ...],
        BeforeValidator(_read_days),
        Field(min_length=1),
        WithJsonSchema(
            {
                "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
                "description": "Days of the week and ranges of them, which may go past Sunday: a list, or a text.",
                "examples": ["mon-fri", ["sat", "sun"]],
            },
            mode="validation",
        ),
    ]
    from_: _TimeOfDay | None = Field(
        default=None,
        alias="from",
        description="Hours and minutes at which the hours of each day begin; without it, the whole days.",
        examples=["18:00"],
    )
    until: _TimeOfDay | None = Field(
        default=None,
        description='When they end: on the next day where this is before their beginning; at most "24:00".',
        examples=["06:00"],
    )
    label: Label = ""

    @model_validator(mode="after")
    def _are_hours(self) -> Self:
        if (self.from_ is None) != (self.until is None):
            missing, given = ("until", "from") if self.until is None else ("from", "until")
            message = f'is missing, though "{given}" is given'
            raise CalendarError(message, fix="Give both, or none for the whole day.", field=missing)
        if self.from_ is not None and _minutes(self.from_) == _MINUTES_OF_DAY:
            raise CalendarError(message="the hours begin at 24:00", fix='Write "00:00", on the next day.', field="from")
        if self.from_ is not None and self.from_ == self.until:
            fix = 'For whole days leave both out; for hours that end at midnight write "24:00".'
            raise CalendarError(message=f'the hours begin and end at "{self.until}"', fix=fix, field="until")
        return self

    @cached_property
    def minutes(self) -> tuple[int, int]:
        """The beginning and the end in minutes since midnight; an end on the next day is greater than 1440."""
        if self.from_ is None or self.until is None:
            return 0, _MINUTES_OF_DAY
        start, end = _minutes(self.from_), _minutes(self.until)
        return start, end if end > start else end + _MINUTES_OF_DAY

    @property
    def weekdays(self) -> tuple[int, ...]:
        """The days as numbers; Monday is 0."""
        return tuple(_NUMBERS[day] for day in self.days)


def _read_moment(value: object) -> date:
    """Return the day, or the date and time with or without offset, that a value is or that its text names."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError as error:
            message = f"{shown(value)} is not in the calendar: {error}"
            raise CalendarError(message, fix="Use a date and a time that exist.") from None
    if isinstance(value, datetime):
        if value.utcoffset() is not None and as_utc(value) is None:
            raise CalendarError(
                message=f"{shown(value)} is outside the years 1 to 9999 in UTC", fix="Use a nearer one."
            )
        return value
    try:
        return read_date(value)
    except CalendarError as error:
        fix = 'Write for example "2026-12-24", "2026-12-24T18:00" or "2026-12-24T18:00:00+01:00".'
        raise CalendarError(message=f"{error.message} and no date with a time", fix=fix) from None


def _written(moment: date) -> str:
    return moment.isoformat().replace("+00:00", "Z")


_Moment = Annotated[
    date,
    PlainValidator(_read_moment),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema({"type": "string", "examples": ["2026-12-24", "2026-12-24T18:00"]}),
]


class Range(RuleModel):
    """From one day to another, both included, or from one date and time to another."""

    kind: Literal["range"]
    from_: _Moment = Field(
        alias="from",
        description="The first day; or a date and time, local in the calendar's time zone unless it has an offset.",
    )
    until: _Moment = Field(
        description="The last day, which is included; or, in the same form as the beginning, the end."
    )
    label: Label = ""

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        first, last = self.from_, self.until
        if isinstance(first, datetime) != isinstance(last, datetime):
            fix = "Write a time of day in both, or in none for whole days."
            raise CalendarError(
                message='"from" and "until" are not both days, or both dates with times', fix=fix, field="until"
            )
        if isinstance(first, datetime) and isinstance(last, datetime):
            if (first.tzinfo is None) != (last.tzinfo is None):
                fix = "Write the UTC offset in both, or in none for local times."
                raise CalendarError(message='only one of "from" and "until" has a UTC offset', fix=fix, field="until")
            in_order = first < last
        else:
            in_order = first <= last
        if not in_order:
            raise CalendarError(message=f"{last} does not come after {first}", fix="Swap the two.", field="until")
        return self

    def placed(self, zone: ZoneInfo) -> Stretch:
        """Return the stretch on the clocks of the zone; one that they leave out ends where it starts, or before."""
        first, last = self.from_, self.until
        if not isinstance(first, datetime) or not isinstance(last, datetime):
            start, end = whole_days(zone, first, last)
        elif first.tzinfo is None:
            start, end = first_instant(zone, first), last_instant(zone, last)
        else:
            start, end = first.astimezone(UTC), last.astimezone(UTC)
        return Stretch(start, end, self.label or f"{_said(first)} to {_said(last)}")


def _said(moment: date) -> str:
    if isinstance(moment, datetime):
        return moment.isoformat(sep=" ", timespec="minutes").replace("+00:00", "Z")
    return moment.isoformat()
