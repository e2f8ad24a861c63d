"""What keeps schedules and runs from being run by anybody, told where people look at them."""

from collections.abc import Sequence

from punctual.domain.clock import Clock
from punctual.domain.run import Run, RunState
from punctual.domain.schedule import Schedule, ScheduleState
from punctual.domain.serving import Unserved
from punctual.store import serving
from punctual.store.database import Database


class Served:
    """Whether the living workers would run what schedules and runs send."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read this database, by this time."""
        self._database = database
        self._clock = clock

    def schedules(self, found: Sequence[Schedule]) -> list[list[Unserved]]:
        """Return for each schedule why nobody would run its task; nothing for one that is finished."""
        with self._database.read() as tx:
            known = serving.read(tx, [schedule.spec.task for schedule in found], now=self._clock.now())
        return [
            []
            if schedule.status.state is ScheduleState.FINISHED
            else known.unserved(schedule.spec.task, schedule.spec.queue, exchange=schedule.spec.exchange)
            for schedule in found
        ]

    def runs(self, found: Sequence[Run]) -> list[str | None]:
        """Return for each run whose message waits why nobody starts it; None where nothing keeps it."""
        waiting = [run for run in found if run.state is RunState.QUEUED]
        if not waiting:
            return [None] * len(found)
        with self._database.read() as tx:
            known = serving.read(tx, [run.task for run in waiting], now=self._clock.now())
        reasons = {run.id: known.unserved(run.task, run.queue, exchange=run.exchange) for run in waiting}
        return [_notice(reasons.get(run.id, [])) for run in found]


def _notice(reasons: Sequence[Unserved]) -> str | None:
    if not reasons:
        return None
    return "It waits in its queue. " + " ".join(f"{reason.message} {reason.fix}" for reason in reasons)
