"""Which process runs an attempt; why a running run is to end, and up to which attempt it is to be stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for column in (
        sa.Column("worker_pid", sa.Integer(), nullable=True, comment="the process of the worker that runs it"),
        sa.Column(
            "stop_attempt", sa.Integer(), nullable=True, comment="the last attempt that is to be stopped; null: all"
        ),
        sa.Column(
            "cancelling",
            sa.Text(),
            nullable=True,
            comment="why it is to be cancelled when its attempt ends without success; null: it is not",
        ),
    ):
        op.add_column("runs", column)


def downgrade() -> None:
    """Take back."""
    for name in ("cancelling", "stop_attempt", "worker_pid"):
        op.drop_column("runs", name)
