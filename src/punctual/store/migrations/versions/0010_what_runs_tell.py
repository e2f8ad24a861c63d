"""What runs tell while they run, previews of results, and what schedules are found by: service and labels."""

import sqlalchemy as sa
from alembic import op

from punctual.store.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("runs", sa.Column("progress", sa.JSON(), nullable=True, comment=_PROGRESS))
    op.add_column("runs", sa.Column("result_size", sa.Integer(), nullable=True, comment=_RESULT_SIZE))
    op.add_column("schedules", sa.Column("service", sa.String(63), nullable=False, server_default="default"))
    op.create_index("ix_schedules_service", "schedules", ["service", "name"])
    op.create_table(
        "schedule_labels",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(63), nullable=False),
        sa.Column("value", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_schedule_labels_schedule_id"),
        sa.PrimaryKeyConstraint("schedule_id", "key", name="pk_schedule_labels"),
    )
    op.create_index("ix_schedule_labels_key", "schedule_labels", ["key", "value"])
    op.create_table(
        "run_logs",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "number", sa.BigInteger(), autoincrement=False, nullable=False, comment="orders the lines of an attempt"
        ),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_logs_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "attempt", "number", name="pk_run_logs"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("run_logs")
    op.drop_table("schedule_labels")
    op.drop_index("ix_schedules_service", "schedules")
    op.drop_column("schedules", "service")
    op.drop_column("runs", "result_size")
    op.drop_column("runs", "progress")


_PROGRESS = "how far the attempt that runs is, or was when it ended"
_RESULT_SIZE = "bytes of the whole of which the result is the first part; null: it is all"
