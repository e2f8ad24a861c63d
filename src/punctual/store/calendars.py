"""Calendars, and which schedules use them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from punctual.domain.calendars.calendar import Calendar
from punctual.domain.errors import ConflictError
from punctual.store.database import Transaction
from punctual.store.paging import Page, decode_cursor, encode_cursor
from punctual.store.tables import calendar_uses, calendars, schedules


@dataclass(frozen=True, slots=True)
class StoredCalendar:
    """A calendar with what is kept beside it; `schedule_count` is how many living schedules use it."""

    calendar: Calendar
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str
    schedule_count: int = 0


_USES = select(func.count()).where(calendar_uses.c.calendar == calendars.c.name).scalar_subquery()
_FULL = select(calendars, _USES.label("schedule_count"))


def load(tx: Transaction, wanted: Collection[str]) -> dict[str, Calendar]:
    """Return the calendars of these names; those that are not there are left out."""
    if not wanted:
        return {}
    rows = tx.connection.execute(select(calendars.c.name, calendars.c.document).where(calendars.c.name.in_(wanted)))
    return {row.name: _read(row.document) for row in rows}


def names(tx: Transaction) -> list[str]:
    """Return the names of all calendars, in order."""
    return list(tx.connection.execute(select(calendars.c.name).order_by(calendars.c.name)).scalars())


def get(tx: Transaction, name: str) -> StoredCalendar | None:
    """Return a calendar; None when there is none of the name."""
    row = tx.connection.execute(_FULL.where(calendars.c.name == name)).one_or_none()
    return None if row is None else _stored(row)


def lock(tx: Transaction, name: str) -> StoredCalendar | None:
    """Lock a calendar until the transaction ends, and return it; None when there is none of the name."""
    query: Select[Any] = select(calendars.c.name).where(calendars.c.name == name)
    tx.connection.execute(tx.dialect.lock(query, calendars)).one_or_none()
    return get(tx, name)


def list_page(tx: Transaction, *, limit: int, cursor: str | None) -> Page[StoredCalendar]:
    """Return calendars by name."""
    statement = _FULL.order_by(calendars.c.name).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(calendars.c.name > decode_cursor(cursor, parts=1)[0])
    rows = tx.connection.execute(statement).all()
    items = [_stored(row) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1].calendar.name) if len(rows) > limit else None)


def insert(tx: Transaction, stored: StoredCalendar) -> None:
    """Store a new calendar; raises ConflictError when the name is taken."""
    name = stored.calendar.name
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(
                calendars.insert().values(name=name, created_at=stored.created_at, **_changing(stored))
            )
    except IntegrityError as error:
        message = f"There is a calendar named {name!r} already."
        raise ConflictError(message, fix="Choose another name, or change the calendar that has it.") from error


def save(tx: Transaction, stored: StoredCalendar) -> None:
    """Write a locked calendar back."""
    name = stored.calendar.name
    tx.connection.execute(update(calendars).where(calendars.c.name == name).values(**_changing(stored)))


def remove(tx: Transaction, name: str) -> None:
    """Remove a locked calendar that no schedule uses."""
    tx.connection.execute(delete(calendars).where(calendars.c.name == name))


def users(name: str) -> Select[tuple[UUID]]:
    """Return the query for the ids of the schedules that use a calendar."""
    return select(calendar_uses.c.schedule_id).where(calendar_uses.c.calendar == name)


def user_names(tx: Transaction, name: str, *, limit: int) -> list[str]:
    """Return the names of schedules that use a calendar, in order, at most `limit`."""
    query = select(schedules.c.name).where(schedules.c.id.in_(users(name))).order_by(schedules.c.name).limit(limit)
    return list(tx.connection.execute(query).scalars())


def due_users(tx: Transaction, name: str, now: datetime) -> list[UUID]:
    """Return the ids of the schedules that use a calendar and have a fire time up to `now` not yet decided on."""
    query = select(schedules.c.id).where(schedules.c.id.in_(users(name)), schedules.c.next_fire_time <= now)
    return list(tx.connection.execute(query).scalars())


def set_uses(tx: Transaction, schedule_id: UUID, used: Iterable[str]) -> None:
    """Note which calendars a schedule uses."""
    tx.connection.execute(delete(calendar_uses).where(calendar_uses.c.schedule_id == schedule_id))
    rows = [{"schedule_id": schedule_id, "calendar": name} for name in used]
    if rows:
        tx.connection.execute(calendar_uses.insert(), rows)


def _changing(stored: StoredCalendar) -> dict[str, object]:
    return {
        "version": stored.version,
        "document": stored.calendar.model_dump_json(),
        "updated_at": stored.updated_at,
        "updated_by": stored.updated_by,
    }


def _stored(row: Row[Any]) -> StoredCalendar:
    return StoredCalendar(
        calendar=_read(row.document),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        schedule_count=row.schedule_count,
    )


@lru_cache(maxsize=256)
def _read(document: str) -> Calendar:
    """Return the calendar of a document: the same object for the same text, because it remembers days."""
    return Calendar.model_validate_json(document)
