"""A schedule: the document people write, and the state the engine keeps beside it."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from punctual.domain.policies import CatchUp
from punctual.domain.triggers import Trigger

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def parse_id(text: str) -> UUID | None:
    """Return the id that a text is, in the one form we write ids in (RFC 9562, hyphens); None for any other text."""
    return UUID(text) if _UUID.fullmatch(text) else None


def _usable_name(name: str) -> str:
    if name != name.strip():
        msg = "must not start or end with a space"
        raise ValueError(msg)
    if "/" in name or not name.isprintable():
        msg = "must not contain a slash or a control character"
        raise ValueError(msg)
    if parse_id(name) is not None:
        msg = "must not look like an id (a UUID), because schedules are looked up by name or id"
        raise ValueError(msg)
    return name


def _printable(text: str) -> str:
    if not text.isprintable():
        msg = "must not contain a control character"
        raise ValueError(msg)
    return text


_CeleryName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)]
ScheduleName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_usable_name)]


class ScheduleSpec(BaseModel):
    """What should run and when: the document that the API takes and each version keeps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ScheduleName
    task: Annotated[_CeleryName, Field(description="Name of the Celery task to send.")]
    trigger: Trigger
    args: list[JsonValue] = Field(default=[], description="Positional arguments of the task.")
    kwargs: dict[str, JsonValue] = Field(default={}, description="Keyword arguments of the task.")
    queue: _CeleryName | None = Field(
        default=None, description="Celery queue to send to; without one, the app's own routing decides."
    )
    description: str = Field(default="", max_length=2000)
    catchup: CatchUp = CatchUp()


class ScheduleState(StrEnum):
    """Where a schedule stands, in one word."""

    ACTIVE = "active"
    PAUSED = "paused"
    ERROR = "error"
    FINISHED = "finished"


class ScheduleStatus(BaseModel):
    """What the engine and the operators made of a schedule so far.

    `error` says why the schedule cannot be planned; it is tried again at `next_due_time`.
    Without a `next_fire_time`, a schedule that is not paused is finished: its trigger gives no further one.
    """

    model_config = ConfigDict(frozen=True)

    paused: bool = False
    pause_note: str | None = None
    next_fire_time: datetime | None = None
    next_due_time: datetime | None = None
    last_fire_time: datetime | None = None
    error: str | None = None

    def at(self, next_fire_time: datetime | None) -> "ScheduleStatus":
        """Return this status with the next fire time moved, and without an error."""
        return self.model_copy(
            update={"next_fire_time": next_fire_time, "next_due_time": next_fire_time, "error": None}
        )

    @property
    def state(self) -> ScheduleState:
        """The state in one word; paused wins over an error, an error over finished."""
        if self.paused:
            return ScheduleState.PAUSED
        if self.error is not None:
            return ScheduleState.ERROR
        return ScheduleState.FINISHED if self.next_fire_time is None else ScheduleState.ACTIVE


class Schedule(BaseModel):
    """A stored schedule: its identity, its spec at one version, and its status.

    `declared_by` names the Celery app whose code declares the schedule; None for one made by people or programs.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    version: int
    spec: ScheduleSpec
    status: ScheduleStatus
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    declared_by: str | None = None
