"""What there is to do next: one look, however many schedules and runs there are."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ScalarSelect, exists, func, select

from punctual.domain.run import RunState
from punctual.store import backfills
from punctual.store.database import Transaction
from punctual.store.tables import runs, schedules


@dataclass(frozen=True, slots=True)
class Agenda:
    """When a node has to look again, by kind of work (None: nothing is known to come), and what it can do at once."""

    due: datetime | None
    send: datetime | None
    deadline: datetime | None
    buffered: bool
    stops: bool
    backfills: bool

    def earliest(self, send: datetime | None) -> datetime | None:
        """Return the first instant at which there is something to do, with sending put off to `send`."""
        return min((at for at in (self.due, send, self.deadline) if at is not None), default=None)


def read(tx: Transaction) -> Agenda:
    """Look at every schedule and every run, locked or not."""
    query = select(
        _least(schedules.c.next_due_time),
        _least(runs.c.send_at),
        _least(runs.c.deadline),
        exists(select(runs.c.id).where(runs.c.state == RunState.BUFFERED.value)),
        exists(select(runs.c.id).where(runs.c.stop.is_not(None))),
        backfills.are_running(),
    )
    due, send, deadline, buffered, stops, running = tx.connection.execute(query).one()
    return Agenda(due, send, deadline, bool(buffered), bool(stops), bool(running))


def _least(column: Column[datetime]) -> ScalarSelect[datetime]:
    """Select the least value; that it is not null is said because SQLite reads the whole table otherwise."""
    return select(func.min(column)).where(column.is_not(None)).scalar_subquery()
