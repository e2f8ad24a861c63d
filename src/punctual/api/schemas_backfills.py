"""The documents about backfills."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from punctual.api.schemas import Answer, Instant, NextCursor
from punctual.control.backfills import BackfillPreview, BackfillView
from punctual.domain.backfill import MOST_PARALLEL, BackfillState, Order, Reprocess, Request, Tally
from punctual.domain.run import ACTIVE, RunState

_OPEN = ACTIVE | {RunState.BUFFERED}


class BackfillIn(BaseModel):
    """The span of the past to run, and how."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    from_: AwareDatetime = Field(alias="from", description="The first fire time (RFC 3339).")
    until: AwareDatetime | None = Field(
        default=None, description="Fire times before this (RFC 3339); without it, up to now."
    )
    reprocess: Reprocess = Field(
        default=Reprocess.NONE,
        description="`none`: only fire times that have not run; `failed`: also those whose last run failed, was lost "
        "or was cancelled; `all`: every one.",
    )
    parallelism: Annotated[int, Field(ge=1, le=MOST_PARALLEL)] = Field(
        default=1, description="So many of its runs may be active at once."
    )
    order: Order = Field(default=Order.OLDEST, description="Which fire times come first.")
    dry_run: bool = Field(default=False, description="Only tell what it would do.")

    @property
    def request(self) -> Request:
        """What is asked for."""
        return Request(self.from_, self.until, self.reprocess, self.parallelism, self.order)


class CancelBackfillIn(BaseModel):
    """What becomes of the runs that workers have started."""

    model_config = ConfigDict(extra="forbid")

    terminate: bool = Field(default=False, description="Let workers terminate them; otherwise they go on.")


class LeftOutOut(Answer):
    """Fire times that a backfill does not run, by reason."""

    has_run: int = Field(description="They have run already, or are about to.")
    closed: int = Field(description="The calendars are closed then.")
    skipped: int = Field(description="People chose to skip them.")

    @classmethod
    def of(cls, tally: Tally) -> "LeftOutOut":
        """Return the answer for a tally."""
        return cls(has_run=tally.has_run, closed=tally.closed, skipped=tally.skipped)


class BackfillPreviewOut(Answer):
    """What a backfill would do; nothing was written."""

    schedule_version: int
    until: Instant
    first: Instant = Field(description="The oldest fire time of the span.")
    last: Instant = Field(description="The newest fire time of the span.")
    fire_times: int
    fire_times_exact: bool = Field(description="False where `fire_times` is a lower bound: counting was given up.")
    looked_at: int = Field(
        description="For so many of them, in the order asked for, the following tells what would become of them."
    )
    would_run: int
    left_out: LeftOutOut

    @classmethod
    def of(cls, preview: BackfillPreview) -> "BackfillPreviewOut":
        """Return the answer for a preview."""
        return cls(
            schedule_version=preview.schedule_version,
            until=preview.until,
            first=preview.first,
            last=preview.last,
            fire_times=preview.fire_times,
            fire_times_exact=preview.fire_times_exact,
            looked_at=preview.tally.looked_at,
            would_run=preview.tally.made,
            left_out=LeftOutOut.of(preview.tally),
        )


class BackfillProgressOut(Answer):
    """How far a backfill is."""

    fire_times: int = Field(description="How many fire times its span has.")
    fire_times_exact: bool = Field(description="False where `fire_times` is a lower bound.")
    looked_at: int = Field(description="How many of them were decided on.")
    left_out: LeftOutOut
    made: int = Field(description="How many became runs.")
    open: int = Field(description="How many of these have not ended.")
    states: dict[RunState, int] = Field(description="How many of these are in each state that any is in.")
    removed: int = Field(description="How many of these are no longer in the ledger, as old runs are.")


class BackfillOut(Answer):
    """A backfill: the fire times of a span, run because somebody asked for them."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    id: UUID
    schedule_id: UUID
    schedule: str = Field(description="The name of the schedule.")
    schedule_version: int = Field(description="The version at its start: it gives the fire times and the task call.")
    from_: Instant = Field(alias="from")
    until: Instant = Field(description="The span ends before this.")
    reprocess: Reprocess
    parallelism: int
    order: Order
    state: BackfillState
    reason: str | None = Field(description="Why it was cancelled.")
    error: str | None = Field(description="Why it cannot go on; it is tried again every few seconds.")
    actor: str = Field(description="Who asked for it.")
    created_at: Instant
    finished_at: Instant | None
    next_fire_time: Instant | None = Field(
        description="The first fire time not decided on yet, in the order asked for; null where all are."
    )
    progress: BackfillProgressOut

    @classmethod
    def of(cls, view: BackfillView) -> "BackfillOut":
        """Return the answer for a backfill."""
        backfill, states = view.backfill, view.states
        tally = backfill.tally
        facts = backfill.model_dump() | {
            "from": backfill.since,
            "progress": BackfillProgressOut(
                fire_times=backfill.fire_times,
                fire_times_exact=backfill.fire_times_exact,
                looked_at=tally.looked_at,
                left_out=LeftOutOut.of(tally),
                made=tally.made,
                open=sum(count for state, count in states.items() if state in _OPEN),
                states=dict(sorted(states.items())),
                removed=tally.made - sum(states.values()),
            ),
        }
        return cls.model_validate(facts)


class BackfillPageOut(Answer):
    """Some backfills, the newest first."""

    items: list[BackfillOut]
    next_cursor: NextCursor
