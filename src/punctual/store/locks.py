"""Locks that tasks hold: taken up to a limit for each key, renewed, released, and shown."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from punctual.domain.lock import Claim, Holder, Lock
from punctual.store.database import Transaction
from punctual.store.paging import Page, decode_cursor, encode_cursor
from punctual.store.process_tables import locks


def acquire(tx: Transaction, claim: Claim, holder: Holder, *, at: datetime, lease: timedelta) -> int | None:
    """Take a lock and return its id; None while as many as its limit are held.

    Ids grow: of two locks of a key, the later one has the greater id.
    """
    key = (locks.c.purpose == claim.purpose.value, locks.c.key == claim.key)
    tx.dialect.hold(tx.connection, f"{claim.purpose.value} {claim.key}")
    tx.connection.execute(delete(locks).where(*key, locks.c.expires_at <= at))
    held = tx.connection.execute(select(func.count()).select_from(locks).where(*key)).scalar_one()
    if held >= claim.limit:
        return None
    row = {"purpose": claim.purpose.value, "key": claim.key, "acquired_at": at, "expires_at": at + lease}
    taken = tx.connection.execute(locks.insert().values(**row, **holder.model_dump()).returning(locks.c.id))
    lock_id: int = taken.scalar_one()
    return lock_id


def renew(tx: Transaction, ids: Collection[int], *, at: datetime, lease: timedelta) -> set[int]:
    """Hold locks for another lease, and return those that are still held.

    One whose lease is over is held again, for as long as the row is there nobody has taken its place.
    """
    renewed = update(locks).where(locks.c.id.in_(ids)).values(expires_at=at + lease).returning(locks.c.id)
    return set(tx.connection.execute(renewed).scalars())


def release(tx: Transaction, lock_id: int) -> bool:
    """Give a lock up; False: it was not held any more."""
    return tx.connection.execute(delete(locks).where(locks.c.id == lock_id)).rowcount == 1


def list_page(tx: Transaction, *, at: datetime, limit: int, cursor: str | None) -> Page[Lock]:
    """Return the locks that are held, the one held for longest first."""
    query = select(locks).where(locks.c.expires_at > at).order_by(locks.c.id).limit(limit + 1)
    if cursor is not None:
        query = query.where(locks.c.id > _id_in(cursor))
    rows = tx.connection.execute(query).all()
    items = [Lock(**row._mapping) for row in rows[:limit]]  # noqa: SLF001 - SQLAlchemy's documented name
    return Page(items, encode_cursor(str(items[-1].id)) if len(rows) > limit else None)


def get(tx: Transaction, lock_id: int, *, at: datetime) -> Lock | None:
    """Return a lock; None when nobody holds it."""
    query = select(locks).where(locks.c.id == lock_id, locks.c.expires_at > at)
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else Lock(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name


def remove_expired(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Remove locks whose lease ended before an instant; return how many."""
    query = select(locks.c.id).where(locks.c.expires_at < before).limit(limit)
    ids = list(tx.connection.execute(tx.dialect.claim(query, locks)).scalars())
    if not ids:
        return 0
    return tx.connection.execute(delete(locks).where(locks.c.id.in_(ids))).rowcount


def _id_in(cursor: str) -> int:
    (text,) = decode_cursor(cursor, parts=1)
    return int(text) if text.isdecimal() else 0
