"""Queues: what nodes measured of them, and which run has waited longest in each."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, func, select

from punctual.domain.queues import Queue
from punctual.domain.run import RunState
from punctual.store import routes
from punctual.store.database import Transaction
from punctual.store.paging import Page, decode_cursor, encode_cursor
from punctual.store.process_tables import queues
from punctual.store.tables import is_open, runs, schedule_versions

_CHANGING = tuple(column.name for column in queues.c if column.name != "name")


def replace(tx: Transaction, measured: Sequence[Queue]) -> None:
    """Keep what was measured, and forget all other queues."""
    tx.connection.execute(delete(queues).where(queues.c.name.not_in([queue.name for queue in measured])))
    if measured:
        statement = tx.dialect.upsert(queues, key="name", change=_CHANGING)
        tx.connection.execute(statement, [queue.model_dump() for queue in measured])


def list_all(tx: Transaction) -> list[Queue]:
    """Return all queues by name."""
    rows = tx.connection.execute(select(queues).order_by(queues.c.name))
    return [Queue(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's documented name


def list_page(tx: Transaction, *, limit: int, cursor: str | None) -> Page[Queue]:
    """Return queues by name."""
    statement = select(queues).order_by(queues.c.name).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(queues.c.name > decode_cursor(cursor, parts=1)[0])
    rows = tx.connection.execute(statement).all()
    items = [Queue(**row._mapping) for row in rows[:limit]]  # noqa: SLF001 - SQLAlchemy's documented name
    return Page(items, encode_cursor(items[-1].name) if len(rows) > limit else None)


def oldest_sent(tx: Transaction) -> dict[str, datetime]:
    """Return when that run was sent which has waited longest for a worker, by the queue that it went to."""
    waiting = (
        select(runs.c.schedule_id, runs.c.schedule_version, func.min(runs.c.queued_at).label("since"))
        .where(is_open(runs), runs.c.state == RunState.QUEUED.value)
        .group_by(runs.c.schedule_id, runs.c.schedule_version)
        .subquery()
    )
    version = and_(
        schedule_versions.c.schedule_id == waiting.c.schedule_id,
        schedule_versions.c.version == waiting.c.schedule_version,
    )
    named = schedule_versions.c.spec["queue"].as_string()
    query = select(schedule_versions.c.task, named, waiting.c.since).join(waiting, version)
    query = query.where(schedule_versions.c.spec["exchange"].as_string().is_(None))  # it alone knows its queues
    destinations = routes.destinations(tx)
    found: dict[str, datetime] = {}
    for task, queue, since in tx.connection.execute(query):
        name = queue or destinations.get((task, None))
        if name is not None and since is not None:
            found[name] = min(since, found.get(name, since))
    return found
