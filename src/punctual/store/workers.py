"""Workers and the tasks that they serve."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, delete, func, select, update

from punctual.domain.processes import Task, Worker, WorkerLoad
from punctual.domain.run import RunState
from punctual.store.database import Transaction
from punctual.store.paging import Page, decode_cursor, encode_cursor
from punctual.store.process_tables import tasks, worker_tasks, workers
from punctual.store.tables import runs, schedule_versions, schedules

_FORGET_AFTER = timedelta(days=1)
_MOST_RUNNING = 1000


@dataclass(frozen=True, slots=True)
class RunningAttempt:
    """A run that a worker runs now."""

    id: UUID
    schedule_id: UUID
    schedule: str
    task: str
    attempt: int
    started_at: datetime


def announce(tx: Transaction, worker: Worker, served: Sequence[Task]) -> None:
    """Store a worker that has started, with all tasks it serves; what it said before is replaced."""
    _note_last_seen(tx, workers.c.name == worker.name)
    _note_last_seen(tx, workers.c.seen_at < worker.seen_at - _FORGET_AFTER)
    changed = tuple(column.name for column in workers.c if column.name != "name")
    tx.connection.execute(tx.dialect.upsert(workers, key="name", change=changed).values(worker.model_dump()))
    tx.connection.execute(delete(worker_tasks).where(worker_tasks.c.worker == worker.name))
    tx.connection.execute(delete(workers).where(workers.c.seen_at < worker.seen_at - _FORGET_AFTER))
    if not served:
        return
    # In one order everywhere, so that two workers that start at once do not wait for each other in a circle.
    ordered = sorted(served, key=lambda task: task.name)
    statement = tx.dialect.upsert(tasks, key="name", change=("description", "signature", "seen_at"))
    tx.connection.execute(statement, [task.model_dump(exclude={"queues"}) for task in ordered])
    tx.connection.execute(worker_tasks.insert(), [{"worker": worker.name, "task": task.name} for task in ordered])


def heartbeat(tx: Transaction, name: str, at: datetime, load: WorkerLoad) -> bool:
    """Note that a worker lives, and its load; False when it is not known (any more) and should announce itself."""
    told = update(workers).where(workers.c.name == name, workers.c.plugin).values(seen_at=at, **load.model_dump())
    return tx.connection.execute(told).rowcount == 1


def leave(tx: Transaction, name: str) -> None:
    """Remove a worker that stopped in good order; its tasks stay known, and when it served them last."""
    _note_last_seen(tx, workers.c.name == name)
    tx.connection.execute(delete(workers).where(workers.c.name == name))


def list_all(tx: Transaction) -> list[Worker]:
    """Return all known workers by name."""
    rows = tx.connection.execute(select(workers).order_by(workers.c.name))
    return [Worker(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's documented name


def list_page(tx: Transaction, *, limit: int, cursor: str | None) -> Page[Worker]:
    """Return known workers by name."""
    statement = select(workers).order_by(workers.c.name).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(workers.c.name > decode_cursor(cursor, parts=1)[0])
    rows = tx.connection.execute(statement).all()
    items = [Worker(**row._mapping) for row in rows[:limit]]  # noqa: SLF001 - SQLAlchemy's documented name
    return Page(items, encode_cursor(items[-1].name) if len(rows) > limit else None)


def running(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[RunningAttempt]]:
    """Return the runs that these lives of workers run, by the id of the life, the longest first; at most a thousand."""
    version = (schedule_versions.c.schedule_id == runs.c.schedule_id) & (
        schedule_versions.c.version == runs.c.schedule_version
    )
    query = (
        select(
            runs.c.worker_id,
            runs.c.id,
            runs.c.schedule_id,
            schedules.c.name,
            schedule_versions.c.task,
            runs.c.attempt,
            runs.c.started_at,
        )
        .join(schedules, schedules.c.id == runs.c.schedule_id)
        .join(schedule_versions, version)
        .where(runs.c.state == RunState.RUNNING.value, runs.c.worker_id.in_(ids))
        .order_by(runs.c.started_at)
        .limit(_MOST_RUNNING)
    )
    found: dict[UUID, list[RunningAttempt]] = {}
    for worker_id, *facts in tx.connection.execute(query):
        found.setdefault(worker_id, []).append(RunningAttempt(*facts))
    return found


def get(tx: Transaction, name: str) -> Worker | None:
    """Return one worker; None when it never announced itself, or left."""
    row = tx.connection.execute(select(workers).where(workers.c.name == name)).one_or_none()
    return None if row is None else Worker(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name


def list_tasks(tx: Transaction, *, limit: int, cursor: str | None) -> Page[Task]:
    """Return the tasks that any worker ever announced, by name."""
    statement = select(tasks).order_by(tasks.c.name).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(tasks.c.name > decode_cursor(cursor, parts=1)[0])
    rows = tx.connection.execute(statement).all()
    items = _with_queues(tx, rows[:limit])
    return Page(items, encode_cursor(items[-1].name) if len(rows) > limit else None)


def get_task(tx: Transaction, name: str) -> Task | None:
    """Return one task; None when no worker ever announced it."""
    found = _with_queues(tx, tx.connection.execute(select(tasks).where(tasks.c.name == name)).all())
    return found[0] if found else None


def consumed(tx: Transaction, *, since: datetime) -> list[list[str]]:
    """Return the queues of each worker seen since then."""
    return list(tx.connection.execute(select(workers.c.queues).where(workers.c.seen_at >= since)).scalars())


def signatures(tx: Transaction, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the signatures of tasks by name, as far as they are known."""
    query = select(tasks.c.name, tasks.c.signature).where(tasks.c.name.in_(list(names)), tasks.c.signature.is_not(None))
    return {row.name: row.signature for row in tx.connection.execute(query)}


def task_names(tx: Transaction) -> list[str]:
    """Return the names of all tasks that were ever announced."""
    return list(tx.connection.execute(select(tasks.c.name).order_by(tasks.c.name)).scalars())


def served_since(tx: Transaction, names: Iterable[str], *, since: datetime) -> set[str]:
    """Return those of the tasks that a worker seen since then serves."""
    query = (
        select(worker_tasks.c.task)
        .distinct()
        .join(workers, workers.c.name == worker_tasks.c.worker)
        .where(worker_tasks.c.task.in_(list(names)), workers.c.seen_at >= since, workers.c.plugin)
    )
    return set(tx.connection.execute(query).scalars())


def _note_last_seen(tx: Transaction, gone: ColumnElement[bool]) -> None:
    """Keep when workers that are about to be forgotten last served their tasks.

    The tasks are locked in one order, so that two workers that stop at once do not wait for each other in a circle.
    """
    served = (
        select(worker_tasks.c.task, func.max(workers.c.seen_at).label("seen_at"))
        .join(workers, workers.c.name == worker_tasks.c.worker)
        .where(gone)
        .group_by(worker_tasks.c.task)
        .subquery()
    )
    query = select(tasks.c.name, served.c.seen_at).join(served, served.c.task == tasks.c.name)
    query = query.where(tasks.c.seen_at < served.c.seen_at).order_by(tasks.c.name)
    found = [{"key": name, "at": at} for name, at in tx.connection.execute(tx.dialect.lock(query, tasks))]
    if found:
        seen_at = bindparam("at", type_=tasks.c.seen_at.type)
        tx.connection.execute(update(tasks).where(tasks.c.name == bindparam("key")).values(seen_at=seen_at), found)


def _with_queues(tx: Transaction, rows: Sequence[Row[Any]]) -> list[Task]:
    query = (
        select(worker_tasks.c.task, workers.c.queues, workers.c.seen_at)
        .join(workers, workers.c.name == worker_tasks.c.worker)
        .where(worker_tasks.c.task.in_([row.name for row in rows]))
    )
    queues: dict[str, set[str]] = {}
    seen: dict[str, datetime] = {}
    for task, names, at in tx.connection.execute(query):
        queues.setdefault(task, set()).update(names)
        seen[task] = max(at, seen.get(task, at))
    return [
        Task(
            name=row.name,
            description=row.description,
            signature=row.signature,
            queues=sorted(queues.get(row.name, ())),
            seen_at=max(row.seen_at, seen.get(row.name, row.seen_at)),
        )
        for row in rows
    ]
