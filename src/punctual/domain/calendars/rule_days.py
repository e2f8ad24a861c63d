"""The rules that name whole days: dates, and days of every year."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from punctual.domain.calendars.rule import Label, RuleModel, listed, read_date, shown
from punctual.domain.errors import CalendarError

MOST_DATES = 1000
"""Dates that one rule may list."""

_LEAP_YEAR = 2000
_A_DAY = timedelta(days=1)
_YEARLY = re.compile(r"([0-9]{2})-([0-9]{2})(?:\s*\.\.\s*([0-9]{2})-([0-9]{2}))?")
_YEARLY_EXAMPLE = 'Write month and day, for example "12-24", or a range such as "12-24..01-02".'


class Dates(RuleModel):
    """Whole days: midnight to midnight on the clocks of the calendar's time zone, however long they are."""

    kind: Literal["dates"]
    dates: Annotated[
        tuple[
            Annotated[date, BeforeValidator(read_date), WithJsonSchema({"type": "string", "format": "date"})],
            ...,
        ],
        Field(min_length=1, max_length=MOST_DATES, description="The days (ISO 8601).", examples=[["2026-12-24"]]),
    ]
    label: Label = ""

    def labelled(self) -> Iterator[tuple[date, str]]:
        """Yield each day with its label."""
        return ((day, self.label or day.isoformat()) for day in self.dates)


def _yearly_day(text: str) -> str:
    match = _YEARLY.fullmatch(text)
    if match is None:
        raise CalendarError(message=f"{shown(text)} is no day of the year", fix=_YEARLY_EXAMPLE)
    months_and_days = [int(each) for each in match.groups() if each]
    for month, day in zip(months_and_days[::2], months_and_days[1::2], strict=True):
        if not 1 <= month <= 12 or not 1 <= day <= monthrange(_LEAP_YEAR, month)[1]:  # noqa: PLR2004 - months
            fix = "Months are 01 to 12, and days start at 01."
            raise CalendarError(message=f"{shown(text)}: {month:02}-{day:02} is no day of the year", fix=fix)
    return "..".join(part.strip() for part in text.split(".."))


class Yearly(RuleModel):
    """Whole days of every year; 02-29 exists only in leap years."""

    kind: Literal["yearly"]
    days: Annotated[
        tuple[Annotated[str, AfterValidator(_yearly_day)], ...],
        BeforeValidator(listed),
        Field(
            min_length=1,
            max_length=366,
            description=(
                "Days of the year as month and day, and ranges of them with both ends included, which may go past "
                "the end of the year."
            ),
            examples=[["12-24..01-02", "05-01"]],
        ),
        WithJsonSchema(
            {
                "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
                "description": (
                    "Days of the year as month and day, and ranges of them with both ends included, which may go "
                    "past the end of the year: a list, or a text with commas."
                ),
                "examples": [["12-24..01-02", "05-01"]],
            },
            mode="validation",
        ),
    ]
    label: Label = ""

    def labelled(self) -> Iterator[tuple[tuple[int, int], str]]:
        """Yield each month and day that the rule names, with its label."""
        for text in self.days:
            label = self.label or f"every year on {text}"
            first, _, last = text.partition("..")
            day, end = _in_leap_year(first), _in_leap_year(last or first)
            yield (day.month, day.day), label
            while day != end:
                day = (day + _A_DAY).replace(year=_LEAP_YEAR)
                yield (day.month, day.day), label


def _in_leap_year(month_and_day: str) -> date:
    return date.fromisoformat(f"{_LEAP_YEAR}-{month_and_day}")
