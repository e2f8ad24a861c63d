"""How many there are of what is counted as it is: schedules by state, and runs that have not ended."""

from sqlalchemy import case, func, select

from punctual.domain.schedule import ScheduleState
from punctual.store.database import Transaction
from punctual.store.tables import is_open, runs, schedules


def schedules_by_state(tx: Transaction) -> dict[str, int]:
    """Return how many living schedules are in each state."""
    state = case(
        (schedules.c.paused, ScheduleState.PAUSED.value),
        (schedules.c.error.is_not(None), ScheduleState.ERROR.value),
        (schedules.c.next_fire_time.is_(None), ScheduleState.FINISHED.value),
        else_=ScheduleState.ACTIVE.value,
    )
    living = select(state.label("state")).where(schedules.c.deleted_at.is_(None)).subquery()
    query = select(living.c.state, func.count()).group_by(living.c.state)
    return {row[0]: row[1] for row in tx.connection.execute(query)}


def open_runs_by_state(tx: Transaction) -> dict[str, int]:
    """Return how many runs that have not ended are in each state."""
    query = select(runs.c.state, func.count()).where(is_open(runs)).group_by(runs.c.state)
    return {row[0]: row[1] for row in tx.connection.execute(query)}
