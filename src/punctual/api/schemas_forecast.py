"""The documents about the runs to come of all schedules."""

from datetime import timedelta

from pydantic import Field

from punctual.api.schemas import Answer, Instant, Seconds
from punctual.control.forecast import SystemForecast
from punctual.domain.forecast_rows import MINUTE
from punctual.domain.forecast_tally import BusyMinute, Outlook


class BusyMinuteOut(Answer):
    """A minute with its runs, and some of the schedules that have them."""

    minute: Instant
    runs: int
    schedules: list[str] = Field(description="Names of schedules with runs in this minute, at most five.")
    more: int = Field(description="How many other schedules have runs in this minute.")

    @classmethod
    def of(cls, busy: BusyMinute) -> "BusyMinuteOut":
        """Return the answer for a busy minute."""
        return cls(minute=busy.minute, runs=busy.runs, schedules=busy.schedules, more=busy.more)


class OutlookOut(Answer):
    """The runs of a window, counted by when they are due."""

    runs: int
    peak: int = Field(description="The runs of the busiest minute.")
    mean: float = Field(description="Runs per minute.")
    schedules: int = Field(description="The schedules that are counted.")
    over_budget: int = Field(description="The schedules that are not, because it would have taken too much work.")
    complete: bool = Field(description="False where counts are lower bounds, because all would be too much work.")
    complete_until: Instant = Field(description="Where the lower bounds begin; the end of the window otherwise.")
    counts: list[int] = Field(description="The runs of each step of the window; the last step may be a shorter one.")
    peaks: list[int] = Field(description="Of each step, the runs of its busiest minute.")
    busiest: list[BusyMinuteOut] = Field(description="The ten busiest minutes, the busiest first.")

    @classmethod
    def of(cls, outlook: Outlook, *, end: Instant, step: timedelta) -> "OutlookOut":
        """Return the answer for an outlook of a window that ends at `end`, in steps of whole minutes."""
        minutes = step // MINUTE
        steps = [outlook.counts[first : first + minutes] for first in range(0, len(outlook.counts), minutes)]
        return cls(
            runs=outlook.runs,
            peak=outlook.peak,
            mean=outlook.mean,
            schedules=outlook.schedules,
            over_budget=outlook.over_budget,
            complete=outlook.complete_until == end,
            complete_until=outlook.complete_until,
            counts=[sum(each) for each in steps],
            peaks=[max(each) for each in steps],
            busiest=[BusyMinuteOut.of(busy) for busy in outlook.busiest],
        )


class WhatIfOut(Answer):
    """The same window, if schedules were spread out."""

    changed: int = Field(description="How many schedules would be other than they are.")
    outlook: OutlookOut


class WhatIfsOut(Answer):
    """The ways to spread schedules out."""

    h: WhatIfOut = Field(description="With `H` for each plain number in the minute field of a cron expression.")
    jitter: WhatIfOut = Field(description="With at least the jitter asked for in every schedule.")


class LeftOutOut(Answer):
    """How many schedules are left out, by the reason."""

    paused: int
    error: int = Field(description="They cannot be planned.")


class ForecastOut(Answer):
    """The runs to come of all active schedules in a window: as things are, and if they were spread out."""

    start: Instant
    end: Instant = Field(description="The end of the window, which is not in it.")
    step: Seconds
    jitter: Seconds
    skipped: int = Field(description="Fire times in closed time, which do not run.")
    left_out: LeftOutOut
    as_is: OutlookOut
    what_if: WhatIfsOut

    @classmethod
    def of(cls, found: SystemForecast, *, step: timedelta) -> "ForecastOut":
        """Return the answer for a forecast, in steps of whole minutes."""
        forecast, end = found.forecast, found.forecast.window.end
        as_is, hashed, jittered = (
            OutlookOut.of(each, end=end, step=step)
            for each in (forecast.as_is, forecast.with_hash, forecast.with_jitter)
        )
        return cls(
            start=forecast.window.start,
            end=end,
            step=step.total_seconds(),
            jitter=forecast.jitter.total_seconds(),
            skipped=forecast.skipped,
            left_out=LeftOutOut(paused=found.paused, error=found.errors),
            as_is=as_is,
            what_if=WhatIfsOut(
                h=WhatIfOut(changed=forecast.hash_changes, outlook=hashed),
                jitter=WhatIfOut(changed=forecast.jitter_changes, outlook=jittered),
            ),
        )
