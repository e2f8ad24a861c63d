"""The tables of processes and of what they hold: nodes, workers, queues, locks, sessions; indexes as in `tables`."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    true,
)

from punctual.store.tables import metadata
from punctual.store.types import UtcDateTime

nodes = Table(
    "nodes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("broker_error", Text),
    Column("runs_removed", Integer, nullable=False),
    # Those of before, which know nothing of these, run beside newer ones while people upgrade.
    Column("tzdata_version", String(32)),
    Column("lag", Float, nullable=False, server_default="0", comment="seconds"),
    Column("sent_per_second", Float, nullable=False, server_default="0"),
    Column("busy", Float, nullable=False, server_default="0", comment="share of the time"),
    Column("clock_offset", Float, nullable=False, server_default="0", comment="seconds ahead of the database"),
    Column("database_error", Text),
    Column("following_error", Text),
    Column("left_out", JSON(none_as_null=True), comment="why declared schedules are none, by name; null: none"),
)

write_checks = Table(
    "write_checks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="1: there is one row"),
    Column("tried_at", UtcDateTime, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("id", Uuid, comment="this life of the worker"),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pool", String(64), nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("queues", JSON, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    # Those of before, which know nothing of these, run beside newer ones while people upgrade.
    Column("celery_version", String(64)),
    Column("version", String(64), comment="of the plug-in"),
    Column("active", Integer, nullable=False, server_default="0", comment="tasks that it runs"),
    Column("reserved", Integer, nullable=False, server_default="0", comment="tasks that wait in it"),
    Column("processed", Integer, nullable=False, server_default="0", comment="tasks since it started"),
    Column("refused", Integer, nullable=False, server_default="0", comment="second starts that its gate refused"),
    Column("records_waiting", Integer, nullable=False, server_default="0"),
    Column("records_dropped", Integer, nullable=False, server_default="0"),
    Column("recording_error", Text, comment="why records wait; null: they do not"),
    Column(
        "plugin",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=true(),
        comment="false: known from its events only",
    ),
)

tasks = Table(
    "tasks",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("description", Text, nullable=False),
    Column("signature", JSON(none_as_null=True)),
    Column("seen_at", UtcDateTime, nullable=False),
)

worker_tasks = Table(
    "worker_tasks",
    metadata,
    Column("worker", String(255), ForeignKey("workers.name", ondelete="CASCADE"), primary_key=True),
    Column("task", String(255), ForeignKey("tasks.name", ondelete="CASCADE"), primary_key=True),
)
Index("ix_worker_tasks_task", worker_tasks.c.task)  # which workers serve a task

locks = Table(
    "locks",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, comment="grows with each lock taken"),
    Column("purpose", String(16), nullable=False),
    Column("key", String(255), nullable=False),
    Column("function", String(255), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("task_id", String(255)),
    Column("worker", String(255)),
    Column("acquired_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, comment="from then on others may take it"),
    sqlite_autoincrement=True,  # no id comes twice
)
Index("ix_locks_key", locks.c.purpose, locks.c.key)  # how many hold a key
Index("ix_locks_expires_at", locks.c.expires_at)  # what to remove

kept_results = Table(
    "kept_results",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("result", JSON, nullable=False, comment="of the first success"),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_kept_results_expires_at", kept_results.c.expires_at)  # what to remove
routes = Table(
    "routes",
    metadata,
    Column("task", String(255), primary_key=True),
    Column("queue", String(255), primary_key=True, comment="what schedules name; empty: none"),
    Column("goes_to", String(255), comment="the queue that messages go to; null: not known"),
    Column("checked_at", UtcDateTime, comment="when a schedule was last known to call it so"),
)

queues = Table(
    "queues",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("messages", BigInteger, comment="that wait in the broker; null: not known"),
    Column("consumers", Integer, comment="null: the broker does not tell"),
    Column("oldest_at", UtcDateTime, comment="when that run was sent that has waited longest for a worker"),
    Column("growing_since", UtcDateTime, comment="since when it has had messages, and no fewer each time"),
    Column("measured_at", UtcDateTime, nullable=False),
    Column("error", Text),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True, comment="of work that one node at a time does"),
    Column("until", UtcDateTime, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("actor", String(255), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("cookie_hash", String(64), primary_key=True),
    Column("actor", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
