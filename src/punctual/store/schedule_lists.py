"""Lists of schedules: those that people look for, those that are active, those that code declares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Select, func, or_, select

from punctual.domain.schedule import Schedule, ScheduleState
from punctual.store import calendars, labels
from punctual.store.database import Transaction
from punctual.store.paging import Page, decode_cursor, encode_cursor
from punctual.store.schedules import CURRENT, WITH_SPEC, schedule_of
from punctual.store.tables import schedule_versions, schedules


@dataclass(frozen=True, slots=True)
class ActiveSchedule:
    """A schedule that has fire times to come. Its `document` and its `skips` have not been validated."""

    id: UUID
    name: str
    document: dict[str, JsonValue]
    next_fire_time: datetime
    run_count: int
    skips: list[JsonValue] | None


@dataclass(frozen=True, slots=True)
class ScheduleFilter:
    """Which schedules are wanted; None and nothing stand for any, and of the labels they have all.

    `query` is looked for in name and task, case aside.
    """

    query: str | None = None
    state: ScheduleState | None = None
    calendar: str | None = None
    service: str | None = None
    labels: Sequence[tuple[str, str]] = ()

    def narrow(self, statement: Select[Any]) -> Select[Any]:
        """Return a statement on schedules for those that are wanted."""
        if self.query:
            statement = statement.where(_contains(self.query))
        if self.state is not None:
            statement = _in_state(statement, self.state)
        if self.calendar is not None:
            statement = statement.where(schedules.c.id.in_(calendars.users(self.calendar)))
        if self.service is not None:
            statement = statement.where(schedules.c.service == self.service)
        for key, value in self.labels:
            statement = statement.where(schedules.c.id.in_(labels.bearers(key, value)))
        return statement


def list_page(tx: Transaction, wanted: ScheduleFilter, *, limit: int, cursor: str | None) -> Page[Schedule]:
    """Return living schedules by name."""
    statement = WITH_SPEC.where(schedules.c.deleted_at.is_(None)).order_by(schedules.c.name).limit(limit + 1)
    statement = wanted.narrow(statement)
    if cursor is not None:
        statement = statement.where(schedules.c.name > decode_cursor(cursor, parts=1)[0])
    rows = tx.connection.execute(statement).all()
    items = [schedule_of(row) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1].spec.name) if len(rows) > limit else None)


def list_active(tx: Transaction, *, query: str | None, after: UUID | None, limit: int) -> list[ActiveSchedule]:
    """Return the active schedules that follow the id `after`, by id; `query` is as for `list_page`."""
    statement: Select[Any] = (
        select(
            schedules.c.id,
            schedules.c.name,
            schedule_versions.c.spec,
            schedules.c.next_fire_time,
            schedules.c.run_count,
            schedules.c.skips,
        )
        .join(schedule_versions, CURRENT)
        .where(schedules.c.deleted_at.is_(None))
        .order_by(schedules.c.id)
        .limit(limit)
    )
    statement = _in_state(statement, ScheduleState.ACTIVE)
    if query:
        statement = statement.where(_contains(query))
    if after is not None:
        statement = statement.where(schedules.c.id > after)
    return [ActiveSchedule(*row) for row in tx.connection.execute(statement)]


def count_in_state(tx: Transaction, state: ScheduleState, *, query: str | None) -> int:
    """Return how many living schedules are in a state; `query` is as for `list_page`."""
    statement: Select[Any] = select(func.count()).select_from(schedules).where(schedules.c.deleted_at.is_(None))
    if query:
        statement = statement.where(_contains(query))
    count: int = tx.connection.execute(_in_state(statement, state)).scalar_one()
    return count


def list_declared(tx: Transaction, app: str) -> list[Schedule]:
    """Return the living schedules that the code of an app declares."""
    statement = WITH_SPEC.where(schedules.c.deleted_at.is_(None), schedules.c.declared_by == app)
    return [schedule_of(row) for row in tx.connection.execute(statement.order_by(schedules.c.name))]


def _contains(query: str) -> ColumnElement[bool]:
    """Return whether name or task contains the text, case aside."""
    return or_(schedules.c.name.icontains(query, autoescape=True), schedules.c.task.icontains(query, autoescape=True))


def _in_state(statement: Select[Any], state: ScheduleState) -> Select[Any]:
    paused, error, next_fire_time = schedules.c.paused, schedules.c.error, schedules.c.next_fire_time
    match state:
        case ScheduleState.PAUSED:
            return statement.where(paused)
        case ScheduleState.ERROR:
            return statement.where(~paused, error.is_not(None))
        case ScheduleState.FINISHED:
            return statement.where(~paused, error.is_(None), next_fire_time.is_(None))
        case ScheduleState.ACTIVE:
            return statement.where(~paused, error.is_(None), next_fire_time.is_not(None))
