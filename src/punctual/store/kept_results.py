"""What functions gave that may run once per key: the result of the first success, kept for a while."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import delete, select

from punctual.store.database import Transaction
from punctual.store.process_tables import kept_results


@dataclass(frozen=True, slots=True)
class Kept:
    """A result that is kept."""

    result: JsonValue


def get(tx: Transaction, key: str, *, at: datetime) -> Kept | None:
    """Return the result that is kept under a key; None when there is none, or its time is over."""
    query = select(kept_results.c.result).where(kept_results.c.key == key, kept_results.c.expires_at > at)
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else Kept(row.result)


def keep(tx: Transaction, key: str, result: JsonValue, *, at: datetime, until: datetime) -> Kept:
    """Keep a result, and return what is kept: the first one, where somebody else was faster."""
    if (first := get(tx, key, at=at)) is not None:
        return first
    changing = ("result", "kept_at", "expires_at")
    row = {"key": key, "result": result, "kept_at": at, "expires_at": until}
    tx.connection.execute(tx.dialect.upsert(kept_results, key="key", change=changing).values(row))
    return Kept(result)


def remove_expired(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Remove results whose time ended before an instant; return how many."""
    query = select(kept_results.c.key).where(kept_results.c.expires_at < before).limit(limit)
    keys = list(tx.connection.execute(tx.dialect.claim(query, kept_results)).scalars())
    if not keys:
        return 0
    return tx.connection.execute(delete(kept_results).where(kept_results.c.key.in_(keys))).rowcount
