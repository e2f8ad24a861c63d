"""Queues and where messages go, leases of work that one node at a time does, and tallies of what has ended."""

import sqlalchemy as sa
from alembic import op

from punctual.store.types import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MEASURES = ("lateness", "queue_wait", "run_time")
_NUMBERS = (
    "ended",
    *(f"{measure}_sum" for measure in _MEASURES),
    *(f"{measure}_{bucket}" for measure in _MEASURES for bucket in range(11)),
)


def upgrade() -> None:
    """Apply."""
    routes = op.create_table(
        "routes",
        sa.Column("task", sa.String(255), nullable=False),
        sa.Column("queue", sa.String(255), nullable=False, comment="what schedules name; empty: none"),
        sa.Column("goes_to", sa.String(255), comment="the queue that messages go to; null: not known"),
        sa.Column("checked_at", UtcDateTime, comment="when a schedule was last known to call it so"),
        sa.PrimaryKeyConstraint("task", "queue", name="pk_routes"),
    )
    op.create_table(
        "queues",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("messages", sa.BigInteger, comment="that wait in the broker; null: not known"),
        sa.Column("consumers", sa.Integer, comment="null: the broker does not tell"),
        sa.Column("oldest_at", UtcDateTime, comment="when that run was sent that has waited longest for a worker"),
        sa.Column("growing_since", UtcDateTime, comment="since when it has had messages, and no fewer each time"),
        sa.Column("measured_at", UtcDateTime, nullable=False),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("name", name="pk_queues"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(64), nullable=False, comment="of work that one node at a time does"),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "tallies",
        sa.Column("task", sa.String(255), nullable=False),
        sa.Column("schedule_id", sa.Uuid, nullable=False, comment="nil: all schedules of the task"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("shard", sa.Integer, nullable=False, comment="so that processes seldom share a row"),
        sa.Column("ended_at", UtcDateTime, nullable=False, comment="when the last of these runs did"),
        *(
            sa.Column(name, sa.Float if name.endswith("_sum") else sa.BigInteger, nullable=False, server_default="0")
            for name in _NUMBERS
        ),
        sa.PrimaryKeyConstraint("task", "schedule_id", "state", "shard", name="pk_tallies"),
    )
    op.execute(_taken_by_schedules(routes))


def _taken_by_schedules(routes: sa.Table) -> sa.Insert:
    schedules = sa.table("schedules", *(sa.column(name) for name in ("id", "version", "deleted_at")))
    versions = sa.table(
        "schedule_versions",
        *(sa.column(name) for name in ("schedule_id", "version", "task")),
        sa.column("spec", sa.JSON),
    )
    current = sa.and_(versions.c.schedule_id == schedules.c.id, versions.c.version == schedules.c.version)
    queue = versions.c.spec["queue"].as_string()
    taken = (
        sa.select(versions.c.task, sa.func.coalesce(queue, ""), queue)
        .join(schedules, current)
        .where(schedules.c.deleted_at.is_(None))
        .distinct()
    )
    return routes.insert().from_select(["task", "queue", "goes_to"], taken)


def downgrade() -> None:
    """Take back."""
    for name in ("tallies", "leases", "queues", "routes"):
        op.drop_table(name)
