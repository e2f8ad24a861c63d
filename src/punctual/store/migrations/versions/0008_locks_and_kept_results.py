"""Locks that tasks hold, and the results of functions that may run once per key."""

import sqlalchemy as sa
from alembic import op

from punctual.store.types import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "locks",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="grows with each lock taken",
        ),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("function", sa.String(length=255), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(length=255), nullable=True),
        sa.Column("worker", sa.String(length=255), nullable=True),
        sa.Column("acquired_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False, comment="from then on others may take it"),
        sa.PrimaryKeyConstraint("id", name="pk_locks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_locks_key", "locks", ["purpose", "key"])
    op.create_index("ix_locks_expires_at", "locks", ["expires_at"])
    op.create_table(
        "kept_results",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False, comment="of the first success"),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_kept_results"),
    )
    op.create_index("ix_kept_results_expires_at", "kept_results", ["expires_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("kept_results")
    op.drop_table("locks")
