"""The part of a spec that says when it fires, as people write it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.calendars.use import CalendarUse, OpenTimes
from punctual.domain.errors import TriggerError
from punctual.domain.spans import Span
from punctual.domain.timetable import Timetable
from punctual.domain.triggers import Trigger
from punctual.domain.triggers.base import located

_LONGEST_JITTER = timedelta(days=1)


class Timing(BaseModel):
    """When something fires: a trigger, within bounds, against calendars, with jitter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trigger: Trigger
    start_at: AwareDatetime | None = Field(default=None, description="No fire time before this instant (RFC 3339).")
    end_at: AwareDatetime | None = Field(default=None, description="No fire time after this instant (RFC 3339).")
    max_runs: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(
        default=None, description="After so many runs it is finished; those that people asked for do not count."
    )
    jitter: Annotated[Span, Field(le=_LONGEST_JITTER)] = Field(
        default=timedelta(0),
        description="Send each run up to so much after its fire time, to spread load; never at the next fire time.",
    )
    calendars: CalendarUse = CalendarUse()

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.start_at is not None and self.end_at is not None and self.end_at < self.start_at:
            error = TriggerError(
                "the end is before the start", fix="Choose a later end, or an earlier start.", field="end_at"
            )
            raise located(error, "end_at", self.end_at)
        return self

    def same_fire_times(self, other: "Timing") -> bool:
        """Whether both fire at the same times, and are due at the same."""
        return all(getattr(self, name) == getattr(other, name) for name in Timing.model_fields)

    def anchored(self, now: datetime) -> Self:
        """Return this timing with the phase of its trigger fixed: counted from `start_at`, or else from `now`."""
        return self.model_copy(update={"trigger": self.trigger.anchored(self.start_at or now)})

    def timetable(self, key: str, calendars: Mapping[str, Calendar]) -> Timetable:
        """Return the fire times; `key` is what the jitter depends on. Raises KeyError for a calendar not given."""
        use = self.calendars
        open_times = None
        if use.names:
            open_times = OpenTimes(
                [calendars[name] for name in use.blackout], [calendars[name] for name in use.allowed]
            )
        return Timetable(
            trigger=self.trigger,
            key=key,
            start_at=self.start_at,
            end_at=self.end_at,
            jitter=self.jitter,
            open_times=open_times,
            when_closed=use.when_closed,
        )
