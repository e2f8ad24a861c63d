"""Schedules and their versions: claim, advance, write, read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Row, Select, or_, select, update
from sqlalchemy.exc import IntegrityError

from punctual.domain.errors import ConflictError
from punctual.domain.names import parse_id
from punctual.domain.schedule import Schedule, ScheduleSpec, ScheduleStatus
from punctual.domain.skip import Skip
from punctual.domain.stored_spec import read_stored
from punctual.store import calendars, labels, routes
from punctual.store.database import Transaction
from punctual.store.tables import schedule_versions, schedules


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A claimed schedule: what is needed to plan it. Its `document` and its `skips` have not been validated."""

    id: UUID
    name: str
    version: int
    document: dict[str, JsonValue]
    next_fire_time: datetime
    last_fire_time: datetime | None
    run_count: int
    error_count: int
    skips: list[JsonValue] | None


@dataclass(frozen=True, slots=True)
class Advance:
    """Where a planned schedule stands afterwards."""

    schedule_id: UUID
    next_fire_time: datetime | None
    next_due_time: datetime | None
    last_fire_time: datetime | None
    run_count: int


CURRENT = (schedule_versions.c.schedule_id == schedules.c.id) & (schedule_versions.c.version == schedules.c.version)
"""Joins a schedule with its present version."""

WITH_SPEC = select(schedules, schedule_versions.c.spec).join(schedule_versions, CURRENT)
"""Schedules with their specs: what `schedule_of` reads."""


def claim_due(tx: Transaction, now: datetime, *, limit: int) -> list[DueSchedule]:
    """Lock and return the schedules due by `now`, the longest due first, at most `limit`.

    A schedule locked by another transaction is left to it. The caller must advance each of them, or set it aside,
    in the same transaction.
    """
    query = (
        select(
            schedules.c.id,
            schedules.c.name,
            schedules.c.version,
            schedule_versions.c.spec,
            schedules.c.next_fire_time,
            schedules.c.last_fire_time,
            schedules.c.run_count,
            schedules.c.error_count,
            schedules.c.skips,
        )
        .join(schedule_versions, CURRENT)
        .where(schedules.c.next_due_time <= now)
        .order_by(schedules.c.next_due_time)
        .limit(limit)
    )
    rows = tx.connection.execute(tx.dialect.claim(query, schedules)).all()
    return [DueSchedule(*row) for row in rows]


def advance_many(tx: Transaction, advances: Sequence[Advance]) -> None:
    """Move claimed schedules on, and clear their errors."""
    if advances:
        rows = [
            {
                "id": each.schedule_id,
                "next_fire_time": each.next_fire_time,
                "next_due_time": each.next_due_time,
                "last_fire_time": each.last_fire_time,
                "run_count": each.run_count,
                "error": None,
                "error_count": 0,
            }
            for each in advances
        ]
        tx.dialect.update_by_id(tx.connection, schedules, rows)


def set_skips(tx: Transaction, schedule_id: UUID, skips: Sequence[Skip]) -> None:
    """Keep these fire times as the ones that a claimed schedule is to skip."""
    tx.connection.execute(update(schedules).where(schedules.c.id == schedule_id).values(skips=_skip_documents(skips)))


def set_aside(tx: Transaction, schedule_id: UUID, *, error: str, error_count: int, retry_at: datetime) -> None:
    """Show why a schedule cannot be planned, and look at it again at `retry_at`; its fire times stay undecided."""
    tx.connection.execute(
        update(schedules)
        .where(schedules.c.id == schedule_id)
        .values(error=error, error_count=error_count, next_due_time=retry_at)
    )


def insert(tx: Transaction, schedule: Schedule, *, actor: str) -> None:
    """Store a new schedule with its first version; raises ConflictError when the name is taken."""
    status = schedule.status
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(
                schedules.insert().values(
                    id=schedule.id,
                    name=schedule.spec.name,
                    task=schedule.spec.task,
                    version=schedule.version,
                    paused=status.paused,
                    next_fire_time=status.next_fire_time,
                    next_due_time=status.next_due_time,
                    run_count=status.run_count,
                    failure_streak=0,
                    error_count=0,
                    declared_by=schedule.declared_by,
                    service=schedule.spec.service,
                    created_at=schedule.created_at,
                    updated_at=schedule.updated_at,
                )
            )
    except IntegrityError as error:
        raise _name_taken(schedule.spec.name) from error
    _insert_version(tx, schedule, actor=actor)
    calendars.set_uses(tx, schedule.id, schedule.spec.calendars.names)
    labels.set_labels(tx, schedule.id, schedule.spec.labels)


def lock(tx: Transaction, ref: UUID | str, *, deleted: bool = False) -> Schedule | None:
    """Lock a schedule by id or name until the transaction ends, and return it; None when there is none.

    Deleted ones are found by id alone, and only when asked for.
    """
    query = tx.dialect.lock(_find(ref, deleted=deleted), schedules)
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else schedule_of(row)


def key_of(ref: str) -> UUID | str:
    """Read a reference as people write it: an id where it looks like one, else a name."""
    return parse_id(ref) or ref


def find_id(tx: Transaction, ref: str) -> UUID | None:
    """Return the id of a schedule by name or id, by id also of a deleted one; None when there is none."""
    key = key_of(ref)
    query = select(schedules.c.id)
    if isinstance(key, UUID):
        query = query.where(schedules.c.id == key)
    else:
        query = query.where(schedules.c.name == key, schedules.c.deleted_at.is_(None))
    found: UUID | None = tx.connection.execute(query).scalar_one_or_none()
    return found


def get(tx: Transaction, ref: UUID | str) -> Schedule | None:
    """Return a schedule by id or name; None when there is none."""
    row = tx.connection.execute(_find(ref, deleted=False)).one_or_none()
    return None if row is None else schedule_of(row)


def version_in_force(tx: Transaction, schedule_id: UUID, instant: datetime) -> tuple[int, ScheduleSpec] | None:
    """Return the version that decided on fire times at an instant, and its spec; None where there is none, or no more.

    A version decides on the fire times after the instant that it was made at, up to that of the next.
    """
    versions = schedule_versions.c
    query = (
        select(versions.version, versions.spec)
        .where(versions.schedule_id == schedule_id, versions.created_at < instant)
        .where(or_(versions.superseded_at.is_(None), versions.superseded_at >= instant))
        .order_by(versions.version.desc())
        .limit(1)
    )
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else (row.version, read_stored(row.spec))


def get_spec(tx: Transaction, schedule_id: UUID, version: int) -> ScheduleSpec:
    """Return the spec of a version that is there; raises ValidationError for what another release wrote."""
    versions = schedule_versions.c
    query = select(versions.spec).where(versions.schedule_id == schedule_id, versions.version == version)
    return ScheduleSpec.model_validate(tx.connection.execute(query).scalar_one())


def save(tx: Transaction, schedule: Schedule, *, actor: str) -> None:
    """Write a locked schedule back; a version that is new is kept. Raises ConflictError when the name is taken."""
    status = schedule.status
    before = tx.connection.execute(select(schedules.c.version).where(schedules.c.id == schedule.id)).scalar_one()
    if schedule.version != before:
        old = (schedule_versions.c.schedule_id == schedule.id) & (schedule_versions.c.version == before)
        tx.connection.execute(update(schedule_versions).where(old).values(superseded_at=schedule.updated_at))
        _insert_version(tx, schedule, actor=actor)
    statement = (
        update(schedules)
        .where(schedules.c.id == schedule.id)
        .values(
            name=schedule.spec.name,
            task=schedule.spec.task,
            version=schedule.version,
            paused=status.paused,
            pause_note=status.pause_note,
            next_fire_time=status.next_fire_time,
            next_due_time=status.next_due_time,
            last_fire_time=status.last_fire_time,
            run_count=status.run_count,
            failure_streak=status.failure_streak,
            skips=_skip_documents(status.skips),
            error=status.error,
            error_count=0,
            declared_by=schedule.declared_by,
            service=schedule.spec.service,
            updated_at=schedule.updated_at,
            deleted_at=schedule.deleted_at,
        )
    )
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(statement)
    except IntegrityError as error:
        raise _name_taken(schedule.spec.name) from error
    living = schedule.deleted_at is None
    calendars.set_uses(tx, schedule.id, schedule.spec.calendars.names if living else ())
    labels.set_labels(tx, schedule.id, schedule.spec.labels if living else {})


def _find(ref: UUID | str, *, deleted: bool) -> Select[Any]:
    if isinstance(ref, UUID):
        query = WITH_SPEC.where(schedules.c.id == ref)
        return query if deleted else query.where(schedules.c.deleted_at.is_(None))
    return WITH_SPEC.where(schedules.c.name == ref, schedules.c.deleted_at.is_(None))


def _insert_version(tx: Transaction, schedule: Schedule, *, actor: str) -> None:
    tx.connection.execute(
        schedule_versions.insert().values(
            schedule_id=schedule.id,
            version=schedule.version,
            task=schedule.spec.task,
            spec=schedule.spec.model_dump(mode="json"),
            actor=actor,
            created_at=schedule.updated_at,
        )
    )
    if schedule.spec.exchange is None:
        routes.note(tx, schedule.spec.task, schedule.spec.queue, at=schedule.updated_at)


def read_skips(documents: Sequence[JsonValue] | None) -> tuple[Skip, ...]:
    """Return skips as they are stored; raises ValidationError for what is none."""
    return tuple(Skip.model_validate(document) for document in documents or ())


def _skip_documents(skips: Sequence[Skip]) -> list[JsonValue] | None:
    return [skip.model_dump(mode="json") for skip in skips] or None


def _name_taken(name: str) -> ConflictError:
    return ConflictError(
        f"There is a schedule named {name!r} already.", fix="Choose another name, or change the schedule that has it."
    )


def schedule_of(row: Row[Any]) -> Schedule:
    """Return the schedule of a row of WITH_SPEC."""
    return Schedule(
        id=row.id,
        version=row.version,
        spec=read_stored(row.spec),
        status=ScheduleStatus(
            paused=row.paused,
            pause_note=row.pause_note,
            next_fire_time=row.next_fire_time,
            next_due_time=row.next_due_time,
            last_fire_time=row.last_fire_time,
            run_count=row.run_count,
            failure_streak=row.failure_streak,
            error=row.error,
            skips=read_skips(row.skips),
        ),
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
        declared_by=row.declared_by,
    )
