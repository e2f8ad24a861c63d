"""A calendar: the document that people write, and the stretches of time it is made of."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from punctual.domain.calendars.coverage import Coverage
from punctual.domain.calendars.rule import calendar_errors
from punctual.domain.calendars.rule_recurring import Recurring, check_counts
from punctual.domain.calendars.rules import AnyRule
from punctual.domain.calendars.stretch import Stretch
from punctual.domain.errors import CalendarError
from punctual.domain.names import LookupName
from punctual.domain.triggers.base import as_utc
from punctual.domain.triggers.rrule_text import LONGEST_SET
from punctual.domain.triggers.zone import LONGEST_ZONE_NAME, load_zone

CalendarName = LookupName

MOST_RULES = 500
MOST_OCCURRENCES_A_DAY = 500
"""As often as the recurring rules of a calendar may occur on one day, together."""


class Calendar(BaseModel):
    """A named set of stretches of time: those of all its rules, on the wall clock of one time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: CalendarName
    description: str = Field(default="", max_length=2000)
    timezone: str = Field(
        default="UTC",
        max_length=LONGEST_ZONE_NAME,
        description="IANA name of the time zone whose clocks the rules read.",
        examples=["Europe/Berlin"],
    )
    rules: list[AnyRule] = Field(
        min_length=1,
        max_length=MOST_RULES,
        description="What the calendar holds: everything that at least one rule names.",
        examples=[[{"kind": "weekly", "days": "mon-fri", "from": "09:00", "until": "17:00"}]],
    )

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, timezone: str) -> str:
        with calendar_errors():
            load_zone(timezone)
        return timezone

    @field_validator("rules", mode="before")
    @classmethod
    def _are_countable(cls, rules: object) -> object:
        if isinstance(rules, (list, tuple)):
            documents = (rule for rule in rules if isinstance(rule, Mapping))
            check_counts(str(rule.get("expression", ""))[:LONGEST_SET] for rule in documents)
        return rules

    @model_validator(mode="after")
    def _is_sparse(self) -> Self:
        count = sum(rule.most_a_day for rule in self.rules if isinstance(rule, Recurring))
        if count > MOST_OCCURRENCES_A_DAY:
            raise CalendarError(
                message=f"recurring rules give up to {count} occurrences a day, more than {MOST_OCCURRENCES_A_DAY}",
                fix="Use weekly rules with hours where something comes many times a day.",
                field="rules",
            )
        return self

    @cached_property
    def coverage(self) -> Coverage:
        """The instants that the rules cover."""
        return Coverage(load_zone(self.timezone), self.rules)

    def stretch_at(self, instant: datetime) -> Stretch | None:
        """Return the stretch that holds the aware instant, or None; of several, that of the first rule.

        It may be the part, about a day long, of a longer one. Raises TriggerError for a naive datetime.
        """
        utc = as_utc(instant)
        if utc is None:
            return None
        day = self.coverage.day(utc.toordinal())
        if not day.covers(utc):
            return None
        return next(stretch for stretch in day.stretches if stretch.start <= utc < stretch.end)
