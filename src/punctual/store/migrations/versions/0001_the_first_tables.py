"""The first tables."""

import sqlalchemy as sa
from alembic import op

from punctual.store.types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "nodes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("broker_error", sa.Text(), nullable=True),
        sa.Column("runs_removed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_nodes"),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("task", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("pause_note", sa.Text(), nullable=True),
        sa.Column("next_fire_time", UtcDateTime(), nullable=True, comment="first fire time not yet decided on"),
        sa.Column("next_due_time", UtcDateTime(), nullable=True, comment="when a node looks at it next; null: never"),
        sa.Column("last_fire_time", UtcDateTime(), nullable=True),
        sa.Column(
            "run_count", sa.Integer(), nullable=False, comment="runs that its fire times made; max_runs bounds it"
        ),
        sa.Column(
            "skips",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="fire times to come that people chose not to run; null: none",
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("declared_by", sa.String(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
    )
    op.create_index(
        "ix_schedules_due",
        "schedules",
        ["next_due_time"],
        unique=False,
        postgresql_where=sa.text("next_due_time IS NOT NULL"),
        sqlite_where=sa.text("next_due_time IS NOT NULL"),
    )
    op.create_index(
        "uq_schedules_name",
        "schedules",
        ["name"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
        sqlite_where=sa.text("deleted_at IS NULL"),
    )

    op.create_table(
        "sessions",
        sa.Column("cookie_hash", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("cookie_hash", name="pk_sessions"),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name="pk_sign_in_links"),
    )
    op.create_table(
        "tasks",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("signature", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tasks"),
    )
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_tokens_token_hash"),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("pool", sa.String(length=64), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("queues", sa.JSON(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )
    op.create_table(
        "schedule_versions",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(length=255), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("superseded_at", UtcDateTime(), nullable=True, comment="when the next version was made"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_schedule_versions_schedule_id"),
        sa.PrimaryKeyConstraint("schedule_id", "version", name="pk_schedule_versions"),
    )
    op.create_index("ix_schedule_versions_task", "schedule_versions", ["task"], unique=False)
    op.create_index(
        "ix_schedule_versions_superseded",
        "schedule_versions",
        ["superseded_at"],
        unique=False,
        postgresql_where=sa.text("superseded_at IS NOT NULL"),
        sqlite_where=sa.text("superseded_at IS NOT NULL"),
    )
    op.create_table(
        "worker_tasks",
        sa.Column("worker", sa.String(length=255), nullable=False),
        sa.Column("task", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name="fk_worker_tasks_task", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["worker"], ["workers.name"], name="fk_worker_tasks_worker", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("worker", "task", name="pk_worker_tasks"),
    )
    op.create_index("ix_worker_tasks_task", "worker_tasks", ["task"], unique=False)

    op.create_table(
        "calendars",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "document",
            sa.Text(),
            nullable=False,
            comment="JSON; kept as text, which is what the parsed ones are known by",
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_calendars"),
    )
    op.create_table(
        "calendar_uses",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("calendar", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["calendar"], ["calendars.name"], name="fk_calendar_uses_calendar"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_calendar_uses_schedule_id"),
        sa.PrimaryKeyConstraint("schedule_id", "calendar", name="pk_calendar_uses"),
    )
    op.create_index("ix_calendar_uses_calendar", "calendar_uses", ["calendar"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_version", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("fire_time", UtcDateTime(), nullable=False),
        sa.Column("due_time", UtcDateTime(), nullable=False),
        sa.Column(
            "args",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="null: those of the schedule's version; kwargs as well",
        ),
        sa.Column("kwargs", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("origin_id", sa.Uuid(), nullable=True, comment="the run that it repeats, which may be gone"),
        sa.Column("lease_node", sa.Uuid(), nullable=True, comment="node that is sending the message"),
        sa.Column("lease_until", UtcDateTime(), nullable=True, comment="until then no other node sends it"),
        sa.Column("queued_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("worker", sa.String(length=255), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("covered_until", UtcDateTime(), nullable=True),
        sa.Column("covered_count", sa.Integer(), nullable=True),
        sa.Column("covered_count_exact", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule_id", "schedule_version"],
            ["schedule_versions.schedule_id", "schedule_versions.version"],
            name="fk_runs_schedule_id_schedule_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("schedule_id", "fire_time", "cause", name="uq_runs_fire_time"),
    )
    op.create_index("ix_runs_recent", "runs", ["fire_time", "id"], unique=False)
    op.create_index(
        "ix_runs_not_succeeded",
        "runs",
        ["fire_time", "id"],
        unique=False,
        postgresql_where=sa.text("state != 'succeeded'"),
        sqlite_where=sa.text("state != 'succeeded'"),
    )
    op.create_index(
        "ix_runs_covering",
        "runs",
        ["schedule_id", "fire_time"],
        unique=False,
        postgresql_where=sa.text("covered_until IS NOT NULL"),
        sqlite_where=sa.text("covered_until IS NOT NULL"),
    )
    op.create_index(
        "ix_runs_ended",
        "runs",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
        sqlite_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index("ix_runs_version", "runs", ["schedule_id", "schedule_version"], unique=False)
    op.create_index(
        "ix_runs_unsent",
        "runs",
        ["due_time"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("calendar_uses")
    op.drop_table("calendars")
    op.drop_index(
        "ix_runs_unsent",
        "runs",
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )
    op.drop_index("ix_runs_recent", "runs")
    op.drop_index("ix_runs_not_succeeded", "runs")
    op.drop_index("ix_runs_covering", "runs")
    op.drop_index("ix_runs_ended", "runs")
    op.drop_index("ix_runs_version", "runs")

    op.drop_table("runs")
    op.drop_index("ix_worker_tasks_task", "worker_tasks")

    op.drop_table("worker_tasks")
    op.drop_index("ix_schedule_versions_task", "schedule_versions")
    op.drop_index("ix_schedule_versions_superseded", "schedule_versions")
    op.drop_table("schedule_versions")
    op.drop_table("workers")
    op.drop_table("tokens")
    op.drop_table("tasks")
    op.drop_table("sign_in_links")
    op.drop_table("sessions")
    op.drop_index(
        "uq_schedules_name",
        "schedules",
        postgresql_where=sa.text("deleted_at IS NULL"),
        sqlite_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_schedules_due",
        "schedules",
        postgresql_where=sa.text("next_due_time IS NOT NULL"),
        sqlite_where=sa.text("next_due_time IS NOT NULL"),
    )

    op.drop_table("schedules")
    op.drop_table("nodes")
