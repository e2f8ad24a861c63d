"""Leases: work that one node at a time does, whichever comes first."""

from datetime import datetime

from sqlalchemy import update

from punctual.store.database import Transaction
from punctual.store.process_tables import leases


def take(tx: Transaction, name: str, *, now: datetime, until: datetime) -> bool:
    """Take the work until an instant, unless another node has it; tell whether it could be had."""
    tx.dialect.insert_once(tx.connection, leases, [{"name": name, "until": now}])
    free = update(leases).where(leases.c.name == name, leases.c.until <= now)
    return tx.connection.execute(free.values(until=until)).rowcount == 1
