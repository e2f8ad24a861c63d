"""The rule that names the occurrences of a recurrence set of RFC 5545, as events of other calendars do."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from punctual.domain.calendars.rule import Label, RuleModel, calendar_errors
from punctual.domain.calendars.stretch import LATEST, whole_days
from punctual.domain.errors import CalendarError
from punctual.domain.triggers.duration import read_duration
from punctual.domain.triggers.rrule import Rrule, rrule
from punctual.domain.triggers.rrule_search import HOURLY
from punctual.domain.triggers.rrule_text import LONGEST_SET, Rule, read_set

LONGEST = timedelta(days=366)
"""The longest that one occurrence may last."""

MOST_COUNTED = 10_000
"""The sum of all COUNTs in a calendar: where a rule with one ends is found by counting its occurrences."""

_A_DAY = timedelta(days=1)
_COUNT = re.compile(r"\bCOUNT=([0-9]{1,9})", re.IGNORECASE)


class Recurring(RuleModel):
    """From each occurrence of a recurrence set on: a length of time, or whole days."""

    kind: Literal["recurring"]
    expression: Annotated[
        str,
        Field(
            max_length=LONGEST_SET,
            description=(
                "RRULE, DTSTART, RDATE and EXDATE properties of RFC 5545, separated by spaces or line breaks. Local "
                "times are in the zone that a TZID names, else in the time zone of the calendar."
            ),
            examples=["DTSTART:20260105T090000 RRULE:FREQ=WEEKLY;INTERVAL=2"],
        ),
    ]
    duration: str | None = Field(
        default=None,
        description="How long each occurrence lasts in elapsed time.",
        examples=["1h30m"],
    )
    days: int | None = Field(
        default=None,
        ge=1,
        le=LONGEST // _A_DAY,
        description="How many whole days each occurrence lasts, its own day the first; instead of a duration.",
    )
    label: Label = ""

    @field_validator("expression")
    @classmethod
    def _is_a_set(cls, expression: str) -> str:
        with calendar_errors():
            _trigger(expression, "UTC")
        return " ".join(expression.split())

    @field_validator("duration")
    @classmethod
    def _is_a_duration(cls, duration: str | None) -> str | None:
        if duration is not None:
            with calendar_errors():
                length = read_duration(duration)
            if length > LONGEST:
                raise CalendarError(
                    message=f"{duration} is longer than a year", fix=f"Use at most {LONGEST // _A_DAY}d."
                )
        return duration

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if (self.duration is None) == (self.days is None):
            message = "is missing" if self.days is None else 'is given besides "days"'
            fix = 'Give either a duration such as "1h30m", or a number of whole days.'
            raise CalendarError(message, fix=fix, field="duration")
        if self.days is not None and any(rule.freq >= HOURLY for rule in read_set(self.expression).rules):
            fix = "Give a duration, or a rule that is daily or less frequent."
            raise CalendarError(message="whole days do not go with a rule that names hours", fix=fix, field="days")
        return self

    @property
    def most_a_day(self) -> int:
        """As many occurrences as one day may have, or more."""
        read = read_set(self.expression)
        listed = Counter(wall.date() for wall in read.dates)
        return sum(map(_most_a_day, read.rules)) + max(listed.values(), default=0)

    def trigger(self, timezone: str) -> Rrule:
        """Return the trigger whose fire times begin the occurrences, in a calendar of this time zone."""
        return _trigger(self.expression, timezone)

    def lasting(self, start: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the start and the end, in UTC, of the occurrence at a fire time of the trigger in this zone."""
        if self.days is None:
            return start, start + min(read_duration(self.duration or ""), LATEST - start)
        first = start.astimezone(zone).date()
        return whole_days(zone, first, first + timedelta(days=self.days - 1))


def check_counts(expressions: Iterable[str]) -> None:
    """Raise CalendarError for rules that count too far together, before any of them is read."""
    count = sum(int(found) for expression in expressions for found in _COUNT.findall(expression))
    if count > MOST_COUNTED:
        raise CalendarError(
            message=f"recurring rules count {count} occurrences, more than {MOST_COUNTED} together",
            fix="Use UNTIL instead of COUNT in some of them.",
        )


def _trigger(expression: str, timezone: str) -> Rrule:
    return rrule(expression, "UTC" if read_set(expression).start_in_utc else timezone)


def _most_a_day(rule: Rule) -> int:
    count = 1
    for freq, named, most in (
        (HOURLY, rule.byhour, 24),
        (HOURLY + 1, rule.byminute, 60),
        (HOURLY + 2, rule.bysecond, 60),
    ):
        count *= len(named) if named else most if rule.freq >= freq else 1
    return count
