"""Answers that tell of a thing and of what keeps anybody from running it."""

from collections.abc import Sequence

from punctual.api.deps import Services
from punctual.api.schemas import ScheduleOut
from punctual.api.schemas_runs import RunOut
from punctual.domain.run import Run
from punctual.domain.schedule import Schedule


def schedule_out(services: Services, schedule: Schedule) -> ScheduleOut:
    """Return the answer for a schedule."""
    return schedules_out(services, [schedule])[0]


def schedules_out(services: Services, found: Sequence[Schedule]) -> list[ScheduleOut]:
    """Return the answers for some schedules."""
    unserved = services.served.schedules(found)
    return [ScheduleOut.of(schedule, reasons) for schedule, reasons in zip(found, unserved, strict=True)]


def run_out(services: Services, run: Run) -> RunOut:
    """Return the answer for a run."""
    return runs_out(services, [run])[0]


def runs_out(services: Services, found: Sequence[Run]) -> list[RunOut]:
    """Return the answers for some runs."""
    return [RunOut.of(run, notice) for run, notice in zip(found, services.served.runs(found), strict=True)]
