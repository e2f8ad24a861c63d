"""Which declared schedules a node has left out, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    comment = "why declared schedules are none, by name; null: none"
    op.add_column("nodes", sa.Column("left_out", sa.JSON(none_as_null=True), nullable=True, comment=comment))


def downgrade() -> None:
    """Take back."""
    op.drop_column("nodes", "left_out")
