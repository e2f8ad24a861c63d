"""What the rules of a calendar have in common, and the reading of the values in them."""

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from punctual.domain.errors import CalendarError, TriggerError
from punctual.domain.names import printable

_LONGEST_SHOWN = 50
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Label = Annotated[
    str,
    Field(
        max_length=200,
        description="What people are told when the calendar closes or opens a schedule then.",
        examples=["Company holidays"],
    ),
    AfterValidator(printable),
]


class RuleModel(BaseModel):
    """A rule of a calendar; it reads the wall clock of the calendar's time zone."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", serialize_by_alias=True, validate_by_alias=True, validate_by_name=True
    )


def shown(value: object) -> str:
    """Return the value as an error shows it: quoted, and cut where it is long."""
    return f'"{str(value)[:_LONGEST_SHOWN]}"'


def closest(wanted: str, known: Iterable[str]) -> str | None:
    """Return the known word that was most likely meant, or None when none is like it."""
    by_form = {word.casefold(): word for word in known}
    found = difflib.get_close_matches(wanted.strip().casefold()[:_LONGEST_SHOWN], by_form, n=1)
    return by_form[found[0]] if found else None


@contextmanager
def calendar_errors() -> Iterator[None]:
    """Raise the errors of what triggers and calendars share as those of the calendar's field that is being read."""
    try:
        yield
    except TriggerError as error:
        raise CalendarError(error.message, fix=error.fix) from None


def read_date(value: object) -> date:
    """Return the day that a value is or that its text names; raises CalendarError for all others."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            message = f"{shown(value)} is not in the calendar: {error}"
            raise CalendarError(message, fix="Use a date that exists.") from None
    raise CalendarError(message=f"{shown(value)} is no date", fix='Write for example "2026-12-24".')


def listed(value: object) -> object:
    """Return the parts of a text that are separated by commas, and of anything else itself."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value
