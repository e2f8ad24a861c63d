"""The documents about calendars."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from punctual.api.schemas import Answer, Instant, NextCursor
from punctual.domain.calendars.calendar import Calendar
from punctual.domain.calendars.rule_hours import Weekday
from punctual.domain.calendars.stretch import Stretch
from punctual.store.calendars import StoredCalendar

Label = Annotated[str, Field(description="What people are told; empty where the rule tells it by itself.")]


class DatesRuleOut(Answer):
    """Whole days."""

    kind: Literal["dates"]
    dates: list[str]
    label: Label


class YearlyRuleOut(Answer):
    """Whole days of every year."""

    kind: Literal["yearly"]
    days: list[str]
    label: Label


class WeeklyRuleOut(Answer):
    """Hours of the days of every week, or these days as a whole."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    kind: Literal["weekly"]
    days: list[Weekday]
    from_: str | None = Field(alias="from")
    until: str | None
    label: Label


class RangeRuleOut(Answer):
    """From one day to another, both included, or from one date and time to another."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    kind: Literal["range"]
    from_: str = Field(alias="from")
    until: str
    label: Label


class HolidaysRuleOut(Answer):
    """Public holidays of a country or one of its regions."""

    kind: Literal["holidays"]
    country: str
    region: str | None
    categories: list[str]
    observed: bool


class RecurringRuleOut(Answer):
    """What recurs, as an imported event does."""

    kind: Literal["recurring"]
    expression: str
    duration: str | None
    days: int | None
    label: Label


RuleOut = Annotated[
    DatesRuleOut | YearlyRuleOut | WeeklyRuleOut | RangeRuleOut | HolidaysRuleOut | RecurringRuleOut,
    Field(discriminator="kind"),
]
_RULES: TypeAdapter[list[RuleOut]] = TypeAdapter(list[RuleOut])


class CalendarOut(Answer):
    """A calendar: its document, and what is kept beside it."""

    name: str
    description: str
    timezone: str
    rules: list[RuleOut]
    version: int = Field(description="Counts the changes; also the ETag.")
    created_at: Instant
    updated_at: Instant
    updated_by: str
    schedule_count: int = Field(description="How many schedules use it.")

    @classmethod
    def of(cls, stored: StoredCalendar) -> "CalendarOut":
        """Return the answer for a stored calendar."""
        document = stored.calendar.model_dump(mode="json")
        return cls(
            name=stored.calendar.name,
            description=stored.calendar.description,
            timezone=stored.calendar.timezone,
            rules=_RULES.validate_python(document["rules"]),
            version=stored.version,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
            updated_by=stored.updated_by,
            schedule_count=stored.schedule_count,
        )


class CalendarPageOut(Answer):
    """Some calendars, by name."""

    items: list[CalendarOut]
    next_cursor: NextCursor


class ImportedCalendarOut(Answer):
    """A calendar made of an .ics file."""

    calendar: CalendarOut
    notes: list[str] = Field(description="What of the file was left out, and why.")


class StretchOut(Answer):
    """A stretch of time that a calendar holds."""

    start: Instant
    end: Instant = Field(description="The first instant after it.")
    label: str

    @classmethod
    def of(cls, stretch: Stretch) -> "StretchOut":
        """Return the answer for a stretch."""
        return cls(start=stretch.start, end=stretch.end, label=stretch.label)


class StretchesOut(Answer):
    """The stretches of a calendar that touch a window, in order."""

    items: list[StretchOut]


class StretchesIn(BaseModel):
    """A calendar that is not stored, and the window to look at."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    calendar: Calendar
    from_: AwareDatetime = Field(alias="from", description="RFC 3339.")
    until: AwareDatetime = Field(description="RFC 3339; at most 400 days later.")

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The window to look at."""
        return self.from_, self.until


class CalendarImportIn(BaseModel):
    """An iCalendar file (RFC 5545) whose events become a calendar."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="The name of the new calendar.")
    timezone: str | None = Field(
        default=None, description="IANA zone of the new calendar; without it, the one that the file names, else UTC."
    )
    include_free: bool = Field(
        default=False,
        description="Take events that are shown as free too, as calendars of public holidays often mark theirs.",
    )
    ics: str = Field(description="The text of the file.")
