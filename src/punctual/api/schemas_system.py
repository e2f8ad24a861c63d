"""The documents about processes, health and sessions that the API answers with or takes."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from punctual.api.schemas import Answer, Instant, Seconds
from punctual.api.schemas_workers import WorkerOut
from punctual.control.system import Check, NodeView


class CheckOut(Answer):
    """Whether one thing that Punctual needs is there."""

    name: str = Field(description="`database`, `scheduler`, `broker` or `worker`.")
    ok: bool
    message: str


class ReadinessOut(Answer):
    """Whether due runs can be sent and run."""

    ready: bool
    checks: list[CheckOut]

    @classmethod
    def of(cls, checks: Sequence[Check]) -> "ReadinessOut":
        """Return the answer for the checks."""
        return cls(
            ready=all(check.ok for check in checks),
            checks=[CheckOut(name=check.name, ok=check.ok, message=check.message) for check in checks],
        )


class LivenessOut(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class NodeOut(Answer):
    """A process that runs an engine."""

    id: UUID
    host: str
    pid: int
    version: str
    started_at: Instant
    seen_at: Instant
    live: bool
    tzdata_version: str | None = Field(description="The release of its time zones: `2026f`; null where it is older.")
    lag: Seconds = Field(description="How late it sent what was due last; 0 while nothing is.")
    sent_per_second: float = Field(description="Runs that it sent, over the last half minute.")
    busy: float = Field(description="Share of the last half minute that it worked: 0 to 1.")
    clock_offset: float = Field(description="Seconds that its machine's clock is ahead of the database's.")
    database_error: str | None = Field(description="Why it cannot fire; null while it can.")
    broker_error: str | None = Field(description="Why it cannot send; null while it can.")
    following_error: str | None = Field(
        description="Why it cannot follow runs on workers without the plug-in; null while it can."
    )
    runs_removed: int = Field(description="How many old runs it has removed since it started.")

    warnings: list[str] = Field(description="What people should look at, in sentences; empty for a node that is gone.")

    @classmethod
    def of(cls, view: NodeView) -> "NodeOut":
        """Return the answer for a node."""
        return cls(**view.node.model_dump(), live=view.live, warnings=view.warnings)


class SystemOut(Answer):
    """What runs: this server's version and that of its time zones, the nodes and the workers."""

    version: str
    tzdata_version: str = Field(description="The release of the IANA time zone database in use: `2026f`.")
    keep_runs_for: Seconds | None = Field(
        description="How long runs that have ended are kept, by the settings of this server; null for ever."
    )
    keep_runs_per_schedule: int | None = Field(description="How many records of each schedule are kept; null for all.")
    nodes: list[NodeOut]
    workers: list[WorkerOut]


class WhoamiOut(Answer):
    """Who the request comes from."""

    actor: str


class SignInLinkOut(Answer):
    """An address that opens one session in a browser."""

    url: str
    expires_at: Instant


class SignInIn(BaseModel):
    """The code of a sign-in link."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(min_length=1, max_length=200)]
