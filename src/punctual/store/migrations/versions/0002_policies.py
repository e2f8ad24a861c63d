"""Policies: overlap, concurrency, retry, timeout, expiry, lost runs."""

import sqlalchemy as sa
from alembic import op

from punctual.store.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('buffered', 'pending', 'queued', 'retrying', 'running')")
_HOLDS = sa.text("concurrency_key IS NOT NULL AND finished_at IS NULL")
_INDEXES = (
    ("ix_runs_unsent", "send_at", sa.text("send_at IS NOT NULL")),
    ("ix_runs_open", "schedule_id", _OPEN),
    ("ix_runs_buffered", "due_time", sa.text("state = 'buffered'")),
    ("ix_runs_concurrency", "concurrency_key", _HOLDS),
    ("ix_runs_deadline", "deadline", sa.text("deadline IS NOT NULL")),
    ("ix_runs_running", "worker_id", sa.text("state = 'running'")),
    ("ix_runs_stop", "stop", sa.text("stop IS NOT NULL")),
)


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_runs_unsent", "runs")
    with op.batch_alter_table("schedules") as table:
        table.add_column(
            sa.Column(
                "failure_streak",
                sa.Integer(),
                nullable=False,
                server_default="0",
                comment="runs in a row that failed or were lost",
            )
        )
    with op.batch_alter_table("schedules") as table:
        table.alter_column("failure_streak", server_default=None)
    for column in (
        sa.Column(
            "send_at",
            UtcDateTime(),
            nullable=True,
            comment="from then on any node sends the message, or sends it again; null: none",
        ),
        sa.Column(
            "deadline",
            UtcDateTime(),
            nullable=True,
            comment="when it expires if not started, or is timed out if it runs",
        ),
        sa.Column(
            "exclusive", sa.Boolean(), nullable=True, comment="buffered until no other run of the schedule is active"
        ),
        sa.Column("concurrency_key", sa.String(length=200), nullable=True),
        sa.Column("concurrency_limit", sa.Integer(), nullable=True),
        sa.Column(
            "stop",
            sa.String(length=16),
            nullable=True,
            comment="how workers are still to be asked to stop it",
        ),
        sa.Column(
            "worker_id", sa.Uuid(), nullable=True, comment="that life of the worker; a name comes back, an id never"
        ),
    ):
        op.add_column("runs", column)
    op.add_column("workers", sa.Column("id", sa.Uuid(), nullable=True, comment="this life of the worker"))
    with op.batch_alter_table("runs") as table:
        table.alter_column("lease_node", comment="node that is sending the message, up to send_at")
    op.execute("UPDATE runs SET send_at = coalesce(lease_until, due_time) WHERE state = 'pending'")
    op.drop_column("runs", "lease_until")
    for name, key, where in _INDEXES:
        op.create_index(name, "runs", [key], postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    """Take back."""
    for index, _, _ in _INDEXES:
        op.drop_index(index, "runs")
    op.add_column("runs", sa.Column("lease_until", UtcDateTime(), nullable=True))
    op.drop_column("workers", "id")
    for name in ("worker_id", "stop", "concurrency_limit", "concurrency_key", "exclusive", "deadline", "send_at"):
        op.drop_column("runs", name)
    op.drop_column("schedules", "failure_streak")
    where = sa.text("state = 'pending'")
    op.create_index("ix_runs_unsent", "runs", ["due_time"], postgresql_where=where, sqlite_where=where)
