"""What all schedules will send, minute by minute."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from punctual.api.deps import ServicesDep
from punctual.api.schemas_forecast import ForecastOut

router = APIRouter(tags=["schedules"])

_LONGEST_HOURS = 31 * 24


class ForecastQuery(BaseModel):
    """Which window to forecast, and how to spread schedules out in it."""

    model_config = ConfigDict(extra="forbid")

    start: AwareDatetime | None = Field(
        default=None, description="RFC 3339; the window starts with its minute. Without it, now."
    )
    hours: Annotated[int, Field(ge=1, le=_LONGEST_HOURS, description="The length of the window.")] = 24
    step: Annotated[
        int, Field(ge=60, le=3600, multiple_of=60, description="Seconds that one count is for: whole minutes.")
    ] = 60
    jitter: Annotated[
        float, Field(ge=0, le=86_400, allow_inf_nan=False, description="Seconds of jitter to try, for all schedules.")
    ] = 300
    q: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="Only schedules with this text in name or task, case aside."
    )


@router.get("/forecast", summary="Forecast the runs of all schedules")
def get_forecast(services: ServicesDep, query: Annotated[ForecastQuery, Query()]) -> ForecastOut:
    """Return the runs to come, counted per minute by when they are due, and the busiest minutes; nothing is stored.

    It also tells what `H` or jitter would make of them. Fire times that were decided on already are no longer to come:
    the runs tell about them. Where two fire times of a schedule are at most a minute apart, jitter between them is
    left out of the count, which changes it by at most one per minute and schedule.
    """
    found = services.forecasts.forecast(
        start=query.start,
        length=timedelta(hours=query.hours),
        jitter=timedelta(seconds=query.jitter),
        query=query.q,
    )
    return ForecastOut.of(found, step=timedelta(seconds=query.step))
