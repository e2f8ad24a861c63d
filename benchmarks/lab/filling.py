"""Schedules in bulk, past the API, as rows that the store would have written."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import String, Uuid, cast, func, select, text, true

from punctual.domain.identity import new_id
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import cron, every
from punctual.store.database import Database, Transaction
from punctual.store.tables import schedule_versions, schedules

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
    made_at, waiting = datetime.now(UTC), iter(due)
    with database.write() as tx:
        while some := list(islice(waiting, _AT_ONCE)):
            _insert(tx, some, made_at)
        tx.changed = True


def multiply(database: Database, times: int) -> None:
    """Copy every schedule with its version until there are `times` as many; PostgreSQL only."""
    numbers = func.generate_series(1, times - 1).table_valued("number").render_derived()
    number = numbers.c.number

    def copied(row_id: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
        return cast(func.md5(cast(row_id, String) + cast(number, String)), Uuid)

    own = {"id": copied(schedules.c.id), "name": schedules.c.name + " / " + cast(number, String)}
    with database.write() as tx:
        of_version = {"schedule_id": copied(schedule_versions.c.schedule_id)}
        for table, differing in ((schedules, own), (schedule_versions, of_version)):
            names = [each.name for each in table.c]
            rows = select(*(differing.get(name, table.c[name]) for name in names)).join_from(table, numbers, true())
            tx.connection.execute(table.insert().from_select(names, rows))
        tx.changed = True
    with database.write() as tx:
        tx.connection.execute(text("ANALYZE"))


def _insert(tx: Transaction, due: list[tuple[ScheduleSpec, datetime]], made_at: datetime) -> None:
    ids = [new_id() for _ in due]
    tx.connection.execute(
        schedules.insert(),
        [
            {
                "id": key,
                "name": spec.name,
                "task": spec.task,
                "version": 1,
                "paused": False,
                "next_fire_time": first,
                "next_due_time": first,
                "run_count": 0,
                "error_count": 0,
                "created_at": made_at,
                "updated_at": made_at,
            }
            for key, (spec, first) in zip(ids, due, strict=True)
        ],
    )
    tx.connection.execute(
        schedule_versions.insert(),
        [
            {
                "schedule_id": key,
                "version": 1,
                "task": spec.task,
                "spec": spec.model_dump(mode="json"),
                "actor": "bench",
                "created_at": made_at,
            }
            for key, (spec, _) in zip(ids, due, strict=True)
        ],
    )
