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
