"""Schedules in bulk, past the API, as rows that the store would have written."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import String, Uuid, cast, func, select, text, true

from punctual.domain.identity import new_id, run_id
from punctual.domain.planner import Plan, PlannedRun
from punctual.domain.run import Cause
from punctual.domain.schedule import Schedule, ScheduleSpec, ScheduleStatus
from punctual.domain.triggers import cron, every
from punctual.engine.sender import TaskMessage
from punctual.store import ledger, schedules, tables
from punctual.store.database import Database, Transaction
from punctual.store.ledger import Entry, Lease

_AT_ONCE = 10_000


def soon() -> datetime:
    """Return a whole second that leaves time to store the schedules that are due at it."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=6)


def due_at(second: datetime, count: int, *, queue: str) -> Iterator[tuple[ScheduleSpec, datetime]]:
    """Give schedules that are due at one second: half of them hourly intervals, half of them daily crons."""
    hourly, daily = every("1h", anchor=second), cron(f"{second:%S %M %H} * * *", "UTC")
    for number in range(count):
        trigger = hourly if number % 2 else daily
        args = [number, f"customer-{number}"]
        yield (
            ScheduleSpec(name=f"bench {number}", task="bench.nothing", trigger=trigger, args=args, queue=queue),
            second,
        )


def fill(database: Database, due: Iterable[tuple[ScheduleSpec, datetime]]) -> None:
    """Store schedules, each with the fire time that it is due at first, and tell the nodes."""
    remaining = iter(due)
    with database.write() as tx:
        schedule, version = _pattern(tx, *next(remaining))
        while some := list(islice(remaining, _AT_ONCE)):
            ids = [new_id() for _ in some]
            named = [(key, spec, first) for key, (spec, first) in zip(ids, some, strict=True)]
            rows = [
                schedule | {"id": key, "name": spec.name, "next_fire_time": first, "next_due_time": first}
                for key, spec, first in named
            ]
            tx.connection.execute(tables.schedules.insert(), rows)
            rows = [version | {"schedule_id": key, "spec": spec.model_dump(mode="json")} for key, spec, _ in named]
            tx.connection.execute(tables.schedule_versions.insert(), rows)
        tx.changed = True


def recorded(database: Database, task: str, count: int) -> list[TaskMessage]:
    """Record so many runs of one schedule, under a lease that nobody takes over, and return their messages."""
    now = datetime.now(UTC)
    planned = tuple(
        PlannedRun(at := now + number * timedelta(microseconds=1), at, Cause.SCHEDULE) for number in range(count)
    )
    spec = ScheduleSpec(name="bench", task=task, trigger=every("1h", anchor=now))
    schedule = Schedule(id=new_id(), version=1, spec=spec, status=ScheduleStatus(), created_at=now, updated_at=now)
    entry = Entry(schedule.id, 1, Plan(planned, (), None, None))
    with database.write() as tx:
        schedules.insert(tx, schedule, actor="bench")
        ledger.record(tx, [entry], now=planned[-1].due_time, lease=Lease(new_id(), now + timedelta(days=1)))
    return [
        TaskMessage(
            run_id=run_id(schedule.id, run.fire_time, run.cause),
            schedule_id=schedule.id,
            schedule=spec.name,
            fire_time=run.fire_time,
            cause=run.cause.value,
            task=task,
            args=[],
            kwargs={},
            queue=None,
        )
        for run in planned
    ]


def multiply(database: Database, times: int) -> None:
    """Copy every schedule with its version until there are `times` as many; PostgreSQL only."""
    numbers = func.generate_series(1, times - 1).table_valued("number").render_derived()
    number = numbers.c.number

    def copied(row_id: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
        return cast(func.md5(cast(row_id, String) + cast(number, String)), Uuid)

    own = {"id": copied(tables.schedules.c.id), "name": tables.schedules.c.name + " / " + cast(number, String)}
    with database.write() as tx:
        of_version = {"schedule_id": copied(tables.schedule_versions.c.schedule_id)}
        for table, differing in ((tables.schedules, own), (tables.schedule_versions, of_version)):
            names = [each.name for each in table.c]
            rows = select(*(differing.get(name, table.c[name]) for name in names)).join_from(table, numbers, true())
            tx.connection.execute(table.insert().from_select(names, rows))
        tx.changed = True
    with database.write() as tx:
        tx.connection.execute(text("ANALYZE"))


def _pattern(tx: Transaction, spec: ScheduleSpec, first: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Have the store write one, and return its row and that of its version."""
    now, status = datetime.now(UTC), ScheduleStatus().at(first, first)
    written = Schedule(id=new_id(), version=1, spec=spec, status=status, created_at=now, updated_at=now)
    schedules.insert(tx, written, actor="bench")
    queries = (
        select(tables.schedules).where(tables.schedules.c.id == written.id),
        select(tables.schedule_versions).where(tables.schedule_versions.c.schedule_id == written.id),
    )
    schedule, version = (dict(tx.connection.execute(query).mappings().one()) for query in queries)
    return schedule, version
