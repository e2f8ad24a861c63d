"""The documents about what a timing would do: previews of fire times, and explanations of instants."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from punctual.api.schemas import Answer, Instant
from punctual.api.schemas_runs import RunOut
from punctual.control.preview import ExplainedInstant, FirePreview, Preview
from punctual.control.recorded import RecordedInstant
from punctual.domain.timing import Timing

Notes = Annotated[
    list[str],
    Field(description="What clocks, calendars and jitter mean for it, and which triggers of a union; mostly none."),
]
Words = Annotated[str, Field(description="When it fires, in words.")]


class FireTimeOut(Answer):
    """One fire time, as an instant and on the clock of the trigger's time zone."""

    utc: Instant
    local: str = Field(description="RFC 3339 with the offset of the time zone at that instant.")
    timezone: str
    due_time: Instant | None = Field(description="When its run would be sent; null where it would be skipped.")
    notes: Notes

    @classmethod
    def of(cls, time: FirePreview) -> "FireTimeOut":
        """Return the answer for a fire time."""
        return cls(
            utc=time.utc,
            local=time.local.isoformat(),
            timezone=time.timezone,
            due_time=time.due_time,
            notes=time.notes,
        )


class PreviewOut(Answer):
    """The next fire times of a timing, and those before; fewer than asked for where it gives no more."""

    trigger_text: str
    words: Words
    fire_times: list[FireTimeOut]
    previous: list[FireTimeOut] = Field(description="The fire times before, the last one at the end.")

    @classmethod
    def of(cls, preview: Preview) -> "PreviewOut":
        """Return the answer for a preview."""
        return cls(
            trigger_text=preview.trigger_text,
            words=preview.words,
            fire_times=[FireTimeOut.of(time) for time in preview.fire_times],
            previous=[FireTimeOut.of(time) for time in preview.previous],
        )


class ExplanationOut(Answer):
    """Whether a timing fires at an instant, and why not."""

    trigger_text: str
    words: Words
    instant: Instant
    local: str = Field(description="The instant on the clock of the trigger's time zone, RFC 3339 with its offset.")
    timezone: str
    fires: bool = Field(description="Whether the instant is a fire time that runs.")
    due_time: Instant | None = Field(description="When its run would be sent; null where it does not fire.")
    reasons: list[str] = Field(description="Why it does not fire, each reason by itself; empty where it does.")
    notes: Notes
    previous: FireTimeOut | None = Field(description="The last fire time before the instant.")
    next: FireTimeOut | None = Field(description="The first fire time after the instant.")

    @classmethod
    def of(cls, explained: ExplainedInstant) -> "ExplanationOut":
        """Return the answer for an explained instant."""
        explanation = explained.explanation
        return cls(
            trigger_text=explained.trigger_text,
            words=explanation.words,
            instant=explanation.instant,
            local=explanation.local.isoformat(),
            timezone=explanation.timezone,
            fires=explanation.fires,
            due_time=explained.due_time,
            reasons=list(explanation.reasons),
            notes=list(explanation.notes),
            previous=None if explained.previous is None else FireTimeOut.of(explained.previous),
            next=None if explained.next is None else FireTimeOut.of(explained.next),
        )


class ScheduleExplanationOut(ExplanationOut):
    """Whether a schedule fires at an instant, by its present version, and what the ledger has for that instant."""

    records: list[RunOut] = Field(
        description="What happened at the instant, or instead: the runs of that fire time and their reruns, or the "
        "record of many fire times that it is one of."
    )
    no_record: str | None = Field(description="Where there is none: why, in a sentence.")

    @classmethod
    def with_records(cls, explained: ExplainedInstant, recorded: RecordedInstant) -> "ScheduleExplanationOut":
        """Return the answer for an explained instant of a schedule."""
        return cls(
            **dict(ExplanationOut.of(explained)),
            records=[RunOut.of(run) for run in recorded.records],
            no_record=recorded.why_none,
        )


class PreviewOptions(BaseModel):
    """What to preview of a timing."""

    after: AwareDatetime | None = Field(default=None, description="Fire times after this instant; without it, now.")
    count: Annotated[int, Field(ge=1, le=100)] = 5
    previous: Annotated[int, Field(ge=0, le=100, description="How many fire times before that instant.")] = 0
    schedule: Annotated[str, Field(max_length=200)] | None = Field(
        default=None,
        description="Id or name of the schedule that would get it: H, jitter and the runs made are its own then.",
    )


class PreviewIn(PreviewOptions, Timing):
    """The timing to preview."""


class ExplainOptions(BaseModel):
    """What to explain of a timing."""

    instant: AwareDatetime = Field(description="RFC 3339.")


class ExplainIn(ExplainOptions, Timing):
    """The timing and the instant to explain."""
