"""Backfills, and which runs are part of one."""

import sqlalchemy as sa
from alembic import op

from punctual.store.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OF_BACKFILL = sa.text("backfill_id IS NOT NULL")
_RUNNING = sa.text("state = 'running'")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "backfills",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_version", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("reprocess", sa.String(length=16), nullable=False),
        sa.Column("parallelism", sa.Integer(), nullable=False),
        sa.Column("run_order", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("retry_at", UtcDateTime(), nullable=True, comment="with an error: when a node looks at it again"),
        sa.Column(
            "next_fire_time",
            UtcDateTime(),
            nullable=True,
            comment="first fire time not decided on; null: all are",
        ),
        sa.Column("fire_times", sa.Integer(), nullable=False),
        sa.Column("fire_times_exact", sa.Boolean(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("has_run", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule_id", "schedule_version"],
            ["schedule_versions.schedule_id", "schedule_versions.version"],
            name=op.f("fk_backfills_schedule_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfills")),
    )
    op.create_index("ix_backfills_recent", "backfills", ["created_at", "id"])
    op.create_index("ix_backfills_schedule", "backfills", ["schedule_id", "created_at", "id"])
    op.create_index(
        "ix_backfills_running", "backfills", ["created_at"], postgresql_where=_RUNNING, sqlite_where=_RUNNING
    )
    op.add_column("runs", sa.Column("backfill_id", sa.Uuid(), nullable=True, comment="the backfill that it is part of"))
    for name, columns in (
        ("ix_runs_backfill", ["backfill_id", "fire_time", "id"]),
        ("ix_runs_backfill_state", ["backfill_id", "state"]),
    ):
        op.create_index(name, "runs", columns, postgresql_where=_OF_BACKFILL, sqlite_where=_OF_BACKFILL)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_runs_backfill_state", "runs")
    op.drop_index("ix_runs_backfill", "runs")
    op.drop_column("runs", "backfill_id")
    op.drop_table("backfills")
