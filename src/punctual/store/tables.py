"""The tables of schedules, runs and what belongs to them; each index with the query that it serves."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    FromClause,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    literal_column,
)

from punctual.domain.source import WITHOUT_PLUGIN
from punctual.domain.tally import NUMBERS
from punctual.store.types import UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("task", String(255), nullable=False),
    Column("version", Integer, nullable=False),
    Column("paused", Boolean(create_constraint=False), nullable=False),
    Column("pause_note", Text),
    Column("next_fire_time", UtcDateTime, comment="first fire time not yet decided on"),
    Column("next_due_time", UtcDateTime, comment="when a node looks at it next; null: never"),
    Column("last_fire_time", UtcDateTime),
    Column("run_count", Integer, nullable=False, comment="runs that its fire times made; max_runs bounds it"),
    Column("failure_streak", Integer, nullable=False, comment="runs in a row that failed or were lost"),
    Column("skips", JSON(none_as_null=True), comment="fire times to come that people chose not to run; null: none"),
    Column("error", Text),
    Column("error_count", Integer, nullable=False),
    Column("declared_by", String(255)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),
    # Nodes of before, which know nothing of it, run beside newer ones while people upgrade.
    Column("service", String(63), nullable=False, server_default="default"),
)
Index("ix_schedules_service", schedules.c.service, schedules.c.name)  # the schedules of a service, by name
Index(
    "uq_schedules_name",  # look-up by name; one living schedule a name
    schedules.c.name,
    unique=True,
    postgresql_where=schedules.c.deleted_at.is_(None),
    sqlite_where=schedules.c.deleted_at.is_(None),
)
Index(
    "ix_schedules_due",  # claim_due and next_due_time
    schedules.c.next_due_time,
    postgresql_where=schedules.c.next_due_time.is_not(None),
    sqlite_where=schedules.c.next_due_time.is_not(None),
)

schedule_versions = Table(
    "schedule_versions",
    metadata,
    Column("schedule_id", Uuid, ForeignKey("schedules.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("task", String(255), nullable=False),
    Column("spec", JSON, nullable=False),
    Column("actor", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("superseded_at", UtcDateTime, comment="when the next version was made"),
)
Index("ix_schedule_versions_task", schedule_versions.c.task)  # the runs of a task
Index(
    "ix_schedule_versions_superseded",  # retention: the versions that may be gone
    schedule_versions.c.superseded_at,
    postgresql_where=schedule_versions.c.superseded_at.is_not(None),
    sqlite_where=schedule_versions.c.superseded_at.is_not(None),
)

schedule_labels = Table(
    "schedule_labels",
    metadata,
    Column("schedule_id", Uuid, ForeignKey("schedules.id"), primary_key=True),
    Column("key", String(63), primary_key=True),
    Column("value", String(100), nullable=False),
)
Index("ix_schedule_labels_key", schedule_labels.c.key, schedule_labels.c.value)  # which schedules have a label

calendars = Table(
    "calendars",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False, comment="JSON; kept as text, which is what the parsed ones are known by"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", String(255), nullable=False),
)

calendar_uses = Table(
    "calendar_uses",
    metadata,
    Column("schedule_id", Uuid, ForeignKey("schedules.id"), primary_key=True),
    Column("calendar", String(200), ForeignKey("calendars.name"), primary_key=True),
)
Index("ix_calendar_uses_calendar", calendar_uses.c.calendar)  # which schedules use a calendar

runs = Table(
    "runs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("schedule_id", Uuid, nullable=False),
    Column("schedule_version", Integer, nullable=False),
    Column("cause", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("fire_time", UtcDateTime, nullable=False),
    Column("due_time", UtcDateTime, nullable=False),
    Column("args", JSON(none_as_null=True), comment="null: those of the schedule's version; kwargs as well"),
    Column("kwargs", JSON(none_as_null=True)),
    Column("origin_id", Uuid, comment="the run that it repeats, which may be gone"),
    Column("backfill_id", Uuid, comment="the backfill that it is part of"),
    Column("send_at", UtcDateTime, comment="from then on any node sends the message, or sends it again; null: none"),
    Column("lease_node", Uuid, comment="node that is sending the message, up to send_at"),
    Column("deadline", UtcDateTime, comment="when it expires if not started, or is timed out if it runs"),
    Column(
        "exclusive", Boolean(create_constraint=False), comment="buffered until no other run of the schedule is active"
    ),
    Column("concurrency_key", String(200)),
    Column("concurrency_limit", Integer),
    Column("stop", String(16), comment="how workers are still to be asked to stop it"),
    Column("stop_attempt", Integer, comment="the last attempt that is to be stopped; null: all"),
    Column(
        "cancelling", Text, comment="why it is to be cancelled when its attempt ends without success; null: it is not"
    ),
    Column("queued_at", UtcDateTime),
    Column("received_at", UtcDateTime, comment="when the message of the last attempt came"),
    Column("received_by", String(255), comment="the worker that it came to"),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("worker", String(255)),
    Column("worker_id", Uuid, comment="that life of the worker; a name comes back, an id never"),
    Column("worker_pid", Integer, comment="the process of the worker that runs it"),
    Column("attempt", Integer, nullable=False),
    Column("result", JSON(none_as_null=True)),
    Column("result_size", Integer, comment="bytes of the whole of which the result is the first part; null: it is all"),
    Column("progress", JSON(none_as_null=True), comment="how far the attempt that runs is, or was when it ended"),
    Column("error", JSON(none_as_null=True)),
    Column("covered_until", UtcDateTime),
    Column("covered_count", Integer),
    Column("covered_count_exact", Boolean(create_constraint=False), nullable=False),
    Column("source", String(16), comment="who told its state last: plugin, events or result_backend; null: nobody did"),
    Column("sent_attempt", Integer, comment="the attempt that its last message is for; null: the first"),
    Column("look_at", UtcDateTime, comment="when its result is looked up next; null: not yet"),
    Column("told_mark", String(300), comment="when and by whom it was last told to be retrying, by the clock of that"),
    ForeignKeyConstraint(
        ["schedule_id", "schedule_version"], ["schedule_versions.schedule_id", "schedule_versions.version"]
    ),
    # The promise of the ledger: one record a fire time and cause. It also serves the list of a schedule's runs.
    UniqueConstraint("schedule_id", "fire_time", "cause", name="uq_runs_fire_time"),
)
Index("ix_runs_recent", runs.c.fire_time, runs.c.id)  # the list of all runs, newest first
Index(
    "ix_runs_not_succeeded",  # the list of runs in some states: what is open, and what went wrong
    runs.c.fire_time,
    runs.c.id,
    postgresql_where=runs.c.state != "succeeded",
    sqlite_where=runs.c.state != "succeeded",
)
Index(
    "ix_runs_covering",  # the record of many fire times that one of them is in
    runs.c.schedule_id,
    runs.c.fire_time,
    postgresql_where=runs.c.covered_until.is_not(None),
    sqlite_where=runs.c.covered_until.is_not(None),
)
Index(
    "ix_runs_ended",  # retention: the runs that ended first
    runs.c.finished_at,
    postgresql_where=runs.c.finished_at.is_not(None),
    sqlite_where=runs.c.finished_at.is_not(None),
)
Index("ix_runs_version", runs.c.schedule_id, runs.c.schedule_version)  # retention: whether a version has runs
Index(
    "ix_runs_unsent",  # claim_unsent, and when there is more to send
    runs.c.send_at,
    postgresql_where=runs.c.send_at.is_not(None),
    sqlite_where=runs.c.send_at.is_not(None),
)


def is_open(table: FromClause) -> ColumnElement[bool]:
    """Return whether a run has not ended, in the very words of the index: SQLite takes it for no others."""
    states = ("buffered", "pending", "queued", "retrying", "running")
    return table.c.state.in_([literal_column(f"'{state}'") for state in states])


Index(
    "ix_runs_open", runs.c.schedule_id, postgresql_where=is_open(runs), sqlite_where=is_open(runs)
)  # overlap: who is there already
Index(
    "ix_runs_buffered",  # the runs that wait, in their order
    runs.c.due_time,
    postgresql_where=runs.c.state == "buffered",
    sqlite_where=runs.c.state == "buffered",
)
_HOLDS = runs.c.concurrency_key.is_not(None) & runs.c.finished_at.is_(None)
Index("ix_runs_concurrency", runs.c.concurrency_key, postgresql_where=_HOLDS, sqlite_where=_HOLDS)  # who holds a key
Index(
    "ix_runs_deadline",  # what has expired or timed out, and what will first
    runs.c.deadline,
    postgresql_where=runs.c.deadline.is_not(None),
    sqlite_where=runs.c.deadline.is_not(None),
)
Index(
    "ix_runs_running",  # lost runs: those whose worker is gone
    runs.c.worker_id,
    postgresql_where=runs.c.state == "running",
    sqlite_where=runs.c.state == "running",
)
Index(
    "ix_runs_stop",  # whom workers are still to be asked to stop
    runs.c.stop,
    postgresql_where=runs.c.stop.is_not(None),
    sqlite_where=runs.c.stop.is_not(None),
)


def is_without_plugin(table: FromClause) -> ColumnElement[bool]:
    """Return whether others than the plug-in told of a run, in the very words of the index."""
    return table.c.source.in_([literal_column(f"'{source}'") for source in WITHOUT_PLUGIN])


Index(
    "ix_runs_without_plugin",  # whether a schedule's runs were told of by others than the plug-in
    runs.c.schedule_id,
    runs.c.fire_time,
    postgresql_where=is_without_plugin(runs),
    sqlite_where=is_without_plugin(runs),
)

run_logs = Table(
    "run_logs",
    metadata,
    Column("run_id", Uuid, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="orders the lines of an attempt"),
    Column("at", UtcDateTime, nullable=False),
    Column("level", String(16), nullable=False),
    Column("text", Text, nullable=False),
)

_OF_BACKFILL = runs.c.backfill_id.is_not(None)
Index(
    "ix_runs_backfill",  # the list of a backfill's runs
    runs.c.backfill_id,
    runs.c.fire_time,
    runs.c.id,
    postgresql_where=_OF_BACKFILL,
    sqlite_where=_OF_BACKFILL,
)
Index(
    "ix_runs_backfill_state",  # how many runs of a backfill are in each state
    runs.c.backfill_id,
    runs.c.state,
    postgresql_where=_OF_BACKFILL,
    sqlite_where=_OF_BACKFILL,
)

backfills = Table(
    "backfills",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("schedule_id", Uuid, nullable=False),
    Column("schedule_version", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("reprocess", String(16), nullable=False),
    Column("parallelism", Integer, nullable=False),
    Column("run_order", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("actor", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("reason", Text),
    Column("error", Text),
    Column("retry_at", UtcDateTime, comment="with an error: when a node looks at it again"),
    Column("next_fire_time", UtcDateTime, comment="first fire time not decided on; null: all are"),
    Column("fire_times", Integer, nullable=False),
    Column("fire_times_exact", Boolean(create_constraint=False), nullable=False),
    Column("made", Integer, nullable=False),
    Column("has_run", Integer, nullable=False),
    Column("closed", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    ForeignKeyConstraint(
        ["schedule_id", "schedule_version"], ["schedule_versions.schedule_id", "schedule_versions.version"]
    ),
)
Index("ix_backfills_recent", backfills.c.created_at, backfills.c.id)  # the list of all, newest first
Index("ix_backfills_schedule", backfills.c.schedule_id, backfills.c.created_at, backfills.c.id)  # those of a schedule
Index(
    "ix_backfills_running",  # what a node looks at
    backfills.c.created_at,
    postgresql_where=backfills.c.state == "running",
    sqlite_where=backfills.c.state == "running",
)

tallies = Table(
    "tallies",
    metadata,
    Column("task", String(255), primary_key=True),
    Column("schedule_id", Uuid, primary_key=True, comment="nil: all schedules of the task"),
    Column("state", String(16), primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False, comment="so that processes seldom share a row"),
    Column("ended_at", UtcDateTime, nullable=False, comment="when the last of these runs did"),
    *(
        Column(name, Float if name.endswith("_sum") else BigInteger, nullable=False, server_default="0")
        for name in NUMBERS
    ),
)
