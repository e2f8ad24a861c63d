"""What to do with fire times that are met late."""

from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

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

    policy: CatchUpPolicy = CatchUpPolicy.LATEST
    grace: Span = timedelta(seconds=60)
    window: Span = timedelta(days=1)
    limit: int = Field(default=100, ge=1, le=10_000)
