"""What nodes tell about themselves, and a row to find out whether the database takes changes."""

import sqlalchemy as sa
from alembic import op

from punctual.store.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("nodes", sa.Column("tzdata_version", sa.String(length=32), nullable=True))
    op.add_column("nodes", sa.Column("lag", sa.Float(), comment="seconds", nullable=False, server_default="0"))
    op.add_column("nodes", sa.Column("sent_per_second", sa.Float(), nullable=False, server_default="0"))
    op.add_column(
        "nodes", sa.Column("busy", sa.Float(), comment="share of the time", nullable=False, server_default="0")
    )
    op.add_column(
        "nodes",
        sa.Column(
            "clock_offset", sa.Float(), comment="seconds ahead of the database", nullable=False, server_default="0"
        ),
    )
    op.add_column("nodes", sa.Column("database_error", sa.Text(), nullable=True))
    op.create_table(
        "write_checks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="1: there is one row"),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_write_checks"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("write_checks")
    for name in ("database_error", "clock_offset", "busy", "sent_per_second", "lag", "tzdata_version"):
        op.drop_column("nodes", name)
