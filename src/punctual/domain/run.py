"""A run: the ledger's record of one fire time, and the moves it may make."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

from punctual.domain.preview import preview, size_of
from punctual.domain.report import Progress
from punctual.domain.source import Source, not_promised


class Cause(StrEnum):
    """Why a run exists."""

    SCHEDULE = "schedule"
    CATCHUP = "catchup"
    BACKFILL = "backfill"
    MANUAL = "manual"
    RERUN = "rerun"
    ADHOC = "adhoc"
    """It is none of Punctual's: a worker that records all tasks came upon it."""


class RunState(StrEnum):
    """Where a run stands."""

    BUFFERED = "buffered"
    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    MISSED = "missed"


ACTIVE = frozenset({RunState.PENDING, RunState.QUEUED, RunState.RUNNING, RunState.RETRYING})
"""States of a run that takes part: overlap and concurrency count these."""

TERMINAL = frozenset(RunState) - ACTIVE - {RunState.BUFFERED}

_BEFORE_START = frozenset({RunState.PENDING, RunState.QUEUED})
_STARTED = frozenset({RunState.RUNNING, RunState.RETRYING})

ALLOWED_FROM: dict[RunState, frozenset[RunState]] = {
    RunState.BUFFERED: frozenset(),
    RunState.PENDING: frozenset({RunState.BUFFERED}),
    RunState.QUEUED: frozenset({RunState.PENDING}),
    RunState.RUNNING: _BEFORE_START | _STARTED,
    RunState.RETRYING: _BEFORE_START | _STARTED,
    RunState.SUCCEEDED: _BEFORE_START | _STARTED,
    RunState.FAILED: _BEFORE_START | _STARTED,
    RunState.CANCELLED: _BEFORE_START | _STARTED | {RunState.BUFFERED},
    RunState.LOST: _BEFORE_START | _STARTED,
    RunState.EXPIRED: _BEFORE_START | {RunState.BUFFERED},
    RunState.SKIPPED: _BEFORE_START | _STARTED | {RunState.BUFFERED},
    RunState.MISSED: frozenset(),
}
"""For each state, the states a run may come from. Nothing leaves a terminal state: the first one wins.

A worker may be faster than the node that marks the message as sent, and its records may arrive out of order;
so `running` and the ends are allowed from `pending` too, and `running` from itself: another attempt. A task that finds
its lock held ends `skipped`, after its worker has told of its start.
"""


REPEATED_WITHIN = timedelta(microseconds=50)
"""Reruns and backfills of a fire time that is taken already come a microsecond apart; so long after it they are its."""


class Stop(StrEnum):
    """How a worker is asked to stop a run: `cancel` lets the task clean up, `terminate` kills its process."""

    CANCEL = "cancel"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class StopRequest:
    """A run that workers are to stop, up to and with its attempt of this number; None is all of them.

    Attempts that follow may run, unless the run is `over`.
    """

    run_id: UUID
    stop: Stop
    attempt: int | None = None
    over: bool = False


class Arguments(BaseModel):
    """What one run calls its task with; None where it is as the version of the schedule has it."""

    model_config = ConfigDict(frozen=True)

    args: list[JsonValue] | None = None
    kwargs: dict[str, JsonValue] | None = None


class RunError(BaseModel):
    """What a failed run says: the exception's type and text, and the traceback where one is known."""

    model_config = ConfigDict(frozen=True)

    type: str
    message: str
    traceback: str | None = None


class Run(BaseModel):
    """One record of the ledger.

    One that is `missed` or `skipped` may cover many fire times: `fire_time` is the first, `covered_until` the last,
    `covered_count` their number (a lower bound when `covered_count_exact` is false). `origin_id` is the run that a
    rerun repeats, `backfill_id` the backfill that it is part of. One that is `retrying` has the error of its last
    attempt, and `next_attempt_at` until the message of the next one is sent. `received_by` is the worker
    that the message of its last attempt came to; `worker` is the one that runs it. `expires_at` is set until it starts,
    `times_out_at` while it runs. `source` is who told its state last; None where nobody did. With `preview_of`, the
    result is the first part of one of so many bytes.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    schedule_id: UUID
    schedule: str
    schedule_version: int
    cause: Cause
    state: RunState
    reason: str | None = None
    fire_time: datetime
    due_time: datetime
    task: str
    args: list[JsonValue]
    kwargs: dict[str, JsonValue]
    queue: str | None = None
    exchange: str | None = None
    origin_id: UUID | None = None
    backfill_id: UUID | None = None
    expires_at: datetime | None = None
    queued_at: datetime | None = None
    next_attempt_at: datetime | None = None
    received_at: datetime | None = None
    received_by: str | None = None
    started_at: datetime | None = None
    times_out_at: datetime | None = None
    finished_at: datetime | None = None
    worker: str | None = None
    attempt: int = 0
    progress: Progress | None = None
    result: JsonValue = None
    preview_of: int | None = None
    error: RunError | None = None
    covered_until: datetime | None = None
    covered_count: int | None = None
    covered_count_exact: bool = True
    source: Source | None = None

    @property
    def not_promised(self) -> list[str]:
        """What cannot be relied on, as sentences, because of who tells of the run."""
        state = self.state
        return not_promised(
            self.source,
            is_sent=state is RunState.QUEUED,
            is_over=state in TERMINAL,
            has_result=state is RunState.SUCCEEDED,
        )

    @property
    def result_is_preview(self) -> bool:
        """Whether the result is the first part of a bigger one."""
        return self.preview_of is not None

    @property
    def result_size(self) -> int | None:
        """How many bytes the whole result is as JSON; None while there is none."""
        return self.preview_of or (None if self.result is None else size_of(self.result))

    def brief(self) -> "Run":
        """Return the run as a list shows it: the first part of a big result, and no traceback."""
        update: dict[str, object] = {}
        size = self.result_size
        if size is not None and size > _BRIEF_RESULT:
            update |= {"result": preview(self.result, _BRIEF_RESULT), "preview_of": size}
        if self.error is not None and self.error.traceback is not None:
            update["error"] = self.error.model_copy(update={"traceback": None})
        return self.model_copy(update=update) if update else self


_BRIEF_RESULT = 2048
