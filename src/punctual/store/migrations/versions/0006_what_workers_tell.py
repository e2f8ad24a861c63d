"""What workers tell of themselves: their versions, how much they have to do, and what they could not record yet."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBERS = {
    "active": "tasks that it runs",
    "reserved": "tasks that wait in it",
    "processed": "tasks since it started",
    "refused": "second starts that its gate refused",
    "records_waiting": None,
    "records_dropped": None,
}
_TEXTS = {
    "celery_version": (sa.String(64), None),
    "version": (sa.String(64), "of the plug-in"),
    "recording_error": (sa.Text(), "why records wait; null: they do not"),
}


def upgrade() -> None:
    """Apply."""
    for name, (kind, comment) in _TEXTS.items():
        op.add_column("workers", sa.Column(name, kind, nullable=True, comment=comment))
    for name, comment in _NUMBERS.items():
        op.add_column("workers", sa.Column(name, sa.Integer(), nullable=False, server_default="0", comment=comment))


def downgrade() -> None:
    """Take back."""
    for name in (*_NUMBERS, *_TEXTS):
        op.drop_column("workers", name)
