"""The labels that schedules are found by; what they say stands in the spec."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Select, delete, select

from punctual.store.database import Transaction
from punctual.store.tables import schedule_labels


def set_labels(tx: Transaction, schedule_id: UUID, labels: Mapping[str, str]) -> None:
    """Note the labels of a schedule."""
    tx.connection.execute(delete(schedule_labels).where(schedule_labels.c.schedule_id == schedule_id))
    rows = [{"schedule_id": schedule_id, "key": key, "value": value} for key, value in labels.items()]
    if rows:
        tx.connection.execute(schedule_labels.insert(), rows)


def bearers(key: str, value: str) -> Select[tuple[UUID]]:
    """Return the query for the ids of the schedules that have a label."""
    return select(schedule_labels.c.schedule_id).where(schedule_labels.c.key == key, schedule_labels.c.value == value)
