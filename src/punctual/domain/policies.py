"""Policies of a schedule: late fire times, runs that meet each other, and attempts that fail."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from punctual.domain.names import printable
from punctual.domain.spans import Span


class CatchUpPolicy(StrEnum):
    """Which of the late fire times still run."""

    NONE = "none"
    LATEST = "latest"
    ALL = "all"


class KeepRuns(BaseModel):
    """How long runs that have ended are kept, and how many records of each schedule; None is for ever, and all.

    What is too old or too many goes, whichever comes first; a run that has not ended stays.
    """

    model_config = ConfigDict(frozen=True)

    age: timedelta | None = timedelta(days=90)
    per_schedule: int | None = None


class CatchUp(BaseModel):
    """How late a fire time may be met and still run.

    A fire time met within `grace` counts as on time and always runs. Of the later ones, `policy` chooses among
    those within `window`, at most the newest `limit` of them; the others become one `missed` record.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: CatchUpPolicy = Field(default=CatchUpPolicy.LATEST, description="Which of the late fire times still run.")
    grace: Span = Field(default=timedelta(seconds=60), description="As late as this still counts as on time.")
    window: Span = Field(default=timedelta(days=1), description="A fire time that is later than this never runs.")
    limit: int = Field(default=100, ge=1, le=10_000, description="With `all`: so many at most, the newest.")


class Overlap(StrEnum):
    """What becomes of a run while another run of its schedule has not ended; backfills do not count."""

    ALLOW = "allow"
    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    BUFFER_ALL = "buffer_all"
    CANCEL_OTHER = "cancel_other"
    TERMINATE_OTHER = "terminate_other"

    @property
    def exclusive(self) -> bool:
        """Whether a run waits until the others have ended."""
        return self not in {Overlap.ALLOW, Overlap.TERMINATE_OTHER}


class Concurrency(BaseModel):
    """At most `limit` runs at once of all schedules with the same `key`; the others wait for their turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Annotated[
        str,
        Field(min_length=1, max_length=200, description="What they share: a database, a machine, a contract."),
        AfterValidator(printable),
    ]
    limit: int = Field(default=1, ge=1, le=10_000, description="So many run at once, of all schedules with the key.")


class Retry(BaseModel):
    """How often a run is attempted, and how long after a failure the next attempt is sent.

    `attempts` counts the first one too. The n-th pause is `delay` times `backoff` to the power of n - 1, at most
    `max_delay`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempts: int = Field(default=1, ge=1, le=100, description="How often in all; 1 is: never again.")
    delay: Span = Field(default=timedelta(seconds=10), description="The pause after the first attempt.")
    backoff: float = Field(default=2.0, ge=1.0, le=10.0, description="By what each further pause grows; 1 is: not.")
    max_delay: Span = Field(default=timedelta(hours=1), description="No pause is longer.")

    def pause_after(self, attempt: int) -> timedelta | None:
        """Return how long to wait after this attempt (the first is 1) has failed; None when it was the last."""
        if attempt >= self.attempts:
            return None
        longest = self.max_delay.total_seconds()
        return timedelta(seconds=min(self.delay.total_seconds() * self.backoff ** (attempt - 1), longest))


class OnLost(StrEnum):
    """What becomes of a run whose worker died: it ends, or is attempted again."""

    FAIL = "fail"
    RERUN = "rerun"


@dataclass(frozen=True, slots=True)
class RunRules:
    """What the ledger heeds when it takes in a run of a schedule."""

    overlap: Overlap = Overlap.ALLOW
    concurrency: Concurrency | None = None
    expires: timedelta | None = None


NO_RULES = RunRules()
