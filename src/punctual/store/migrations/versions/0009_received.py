"""When a message of a run came to a worker, and to which."""

import sqlalchemy as sa
from alembic import op

from punctual.store.types import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "runs",
        sa.Column("received_at", UtcDateTime(), nullable=True, comment="when the message of the last attempt came"),
    )
    op.add_column("runs", sa.Column("received_by", sa.String(255), nullable=True, comment="the worker that it came to"))


def downgrade() -> None:
    """Take back."""
    for name in ("received_by", "received_at"):
        op.drop_column("runs", name)
