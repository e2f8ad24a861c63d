"""Nodes: which processes run an engine."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select

from punctual.domain.processes import Node
from punctual.store.database import Transaction
from punctual.store.process_tables import nodes, write_checks

_CHANGING = (
    "seen_at",
    "tzdata_version",
    "lag",
    "sent_per_second",
    "busy",
    "clock_offset",
    "database_error",
    "broker_error",
    "runs_removed",
    "following_error",
    "left_out",
)
_FORGET_AFTER = timedelta(days=1)


def heartbeat(tx: Transaction, node: Node) -> None:
    """Note that a node lives, and forget those that have been silent for a day."""
    facts = node.model_dump()
    tx.connection.execute(tx.dialect.upsert(nodes, key="id", change=_CHANGING).values(facts))
    tx.connection.execute(delete(nodes).where(nodes.c.seen_at < node.seen_at - _FORGET_AFTER))


def leave(tx: Transaction, node_id: UUID) -> None:
    """Remove a node that stopped in good order."""
    tx.connection.execute(delete(nodes).where(nodes.c.id == node_id))


def list_all(tx: Transaction) -> list[Node]:
    """Return all known nodes, the newest first."""
    return [_node(row) for row in tx.connection.execute(select(nodes).order_by(nodes.c.started_at.desc()))]


def check_writing(tx: Transaction, at: datetime) -> None:
    """Change one small row that nobody needs; raises what keeps the database from taking changes."""
    tx.connection.execute(tx.dialect.upsert(write_checks, key="id", change=("tried_at",)).values(id=1, tried_at=at))


def _node(row: Row[Any]) -> Node:
    return Node(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
