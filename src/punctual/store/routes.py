"""Routes: which tasks schedules call, by which queues, and where the app's routing sends those without one."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select, update

from punctual.store.database import Transaction
from punctual.store.process_tables import routes
from punctual.store.tables import schedule_versions, schedules

_UNNAMED = ""
_LOOKED_AT_ONCE = 20


def note(tx: Transaction, task: str, queue: str | None, *, at: datetime) -> None:
    """Note that a schedule calls a task, by a queue that it names or by none."""
    row = {"task": task, "queue": queue or _UNNAMED, "goes_to": queue, "checked_at": at}
    tx.dialect.insert_once(tx.connection, routes, [row])


def unnamed(tx: Transaction) -> list[str]:
    """Return the tasks that are called without a queue, by name."""
    query = select(routes.c.task).where(routes.c.queue == _UNNAMED).order_by(routes.c.task)
    return list(tx.connection.execute(query).scalars())


def settle(tx: Transaction, goes_to: Mapping[str, str], *, among: Collection[str]) -> None:
    """Keep where the app's routing sends these tasks; of those that it says nothing of, that it is not known."""
    known = select(routes.c.task, routes.c.goes_to).where(routes.c.queue == _UNNAMED, routes.c.task.in_(list(among)))
    for task, before in tx.connection.execute(known.order_by(routes.c.task)).all():
        if goes_to.get(task) != before:
            where = and_(routes.c.task == task, routes.c.queue == _UNNAMED)
            tx.connection.execute(update(routes).where(where).values(goes_to=goes_to.get(task)))


def destinations(tx: Transaction) -> dict[tuple[str, str | None], str]:
    """Return the queues that messages go to, as far as known, by the task and the queue that the schedule names."""
    query = select(routes.c.task, routes.c.queue, routes.c.goes_to).where(routes.c.goes_to.is_not(None))
    return {(task, queue or None): goes_to for task, queue, goes_to in tx.connection.execute(query)}


def forget_unused(tx: Transaction, *, before: datetime, now: datetime) -> None:
    """Remove routes that no schedule takes any more; looks at some of those that were last looked at before then."""
    looked_at = or_(routes.c.checked_at.is_(None), routes.c.checked_at < before)
    old = select(routes.c.task, routes.c.queue).where(looked_at).order_by(routes.c.task, routes.c.queue)
    for task, queue in tx.connection.execute(old.limit(_LOOKED_AT_ONCE)).all():
        one = and_(routes.c.task == task, routes.c.queue == queue)
        if _is_taken(tx, task, queue):
            tx.connection.execute(update(routes).where(one).values(checked_at=now))
        else:
            tx.connection.execute(delete(routes).where(one))


def _is_taken(tx: Transaction, task: str, queue: str) -> bool:
    named = func.coalesce(schedule_versions.c.spec["queue"].as_string(), _UNNAMED)
    current = and_(
        schedule_versions.c.schedule_id == schedules.c.id, schedule_versions.c.version == schedules.c.version
    )
    taking = (
        select(schedules.c.id)
        .join(schedule_versions, current)
        .where(schedules.c.deleted_at.is_(None), schedules.c.task == task, named == queue)
    )
    return tx.connection.execute(taking.limit(1)).first() is not None
