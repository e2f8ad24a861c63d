"""Who tells of a run; what is needed to follow runs on workers without the plug-in."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from punctual.store.types import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OF_RUNS: dict[str, tuple[Any, str]] = {
    "source": (sa.String(16), "who told its state last: plugin, events or result_backend; null: nobody did"),
    "sent_attempt": (sa.Integer(), "the attempt that its last message is for; null: the first"),
    "look_at": (UtcDateTime(), "when its result is looked up next; null: not yet"),
    "told_mark": (sa.String(300), "when and by whom it was last told to be retrying, by the clock of that"),
}
_TOLD_WITHOUT = sa.text("source IN ('events', 'result_backend')")


def upgrade() -> None:
    """Apply."""
    for name, (kind, comment) in _OF_RUNS.items():
        op.add_column("runs", sa.Column(name, kind, nullable=True, comment=comment))
    op.create_index(
        "ix_runs_without_plugin",
        "runs",
        ["schedule_id", "fire_time"],
        postgresql_where=_TOLD_WITHOUT,
        sqlite_where=_TOLD_WITHOUT,
    )
    op.add_column(
        "workers",
        sa.Column(
            "plugin",
            sa.Boolean(),
            nullable=False,
            server_default=sa.true(),
            comment="false: known from its events only",
        ),
    )
    op.add_column("nodes", sa.Column("following_error", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("nodes", "following_error")
    op.drop_column("workers", "plugin")
    op.drop_index("ix_runs_without_plugin", "runs")
    for name in reversed(_OF_RUNS):
        op.drop_column("runs", name)
