"""How long a node takes to fire 10,000 schedules that are due at once, beside a bare loop of Celery's `send_task`.

Ours does all of it: claim, plan, one ledger row each, advance, publish, mark as sent. The bare loop only publishes.
Needs a PostgreSQL to make a database in and a Redis whose database 15 may be emptied:

    PUNCTUAL_BENCH_POSTGRES_URL=postgresql://postgres@127.0.0.1/postgres \
    PUNCTUAL_BENCH_REDIS_URL=redis://127.0.0.1:6379/15 python benchmarks/burst.py
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
from celery import Celery

from punctual.celery.app import broker_app
from punctual.celery.sender import CelerySender
from punctual.domain.clock import monotonic
from punctual.domain.identity import new_id
from punctual.domain.schedule import Schedule, ScheduleSpec, ScheduleStatus
from punctual.domain.triggers import every
from punctual.engine.build import build_engine
from punctual.store import schedules
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from punctual.testing import ManualClock

SCHEDULES = 10_000
ROUNDS = 3


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds the work takes."""
    start = monotonic()
    work()
    return monotonic() - start


def fill(database: Database, clock: ManualClock) -> None:
    """Store schedules that are all due in an hour, and every hour after."""
    now = clock.now()
    trigger = every(3600, anchor=now)
    with database.write() as tx:
        for number in range(SCHEDULES):
            spec = ScheduleSpec(name=f"schedule {number}", task="bench.nothing", trigger=trigger, args=[number])
            first = trigger.next_after(now)
            status = ScheduleStatus().at(first, first)
            made = Schedule(id=new_id(), version=1, spec=spec, status=status, created_at=now, updated_at=now)
            schedules.insert(tx, made, actor="bench")


def empty(app: Celery) -> int:
    """Empty the queue and return how many messages were in it."""
    with app.connection_for_write() as connection:
        return int(connection.default_channel.queue_purge("celery"))


def fire(url: str, app: Celery) -> list[float]:
    """Return the seconds of each burst of a node on this database."""
    database, clock, sender = Database(url), ManualClock(), CelerySender(app)
    upgrade(database)
    fill(database, clock)
    engine = build_engine(database, sender, clock)
    results = []
    for _ in range(ROUNDS):
        empty(app)
        clock.advance(timedelta(hours=1))
        results.append(timed(engine.step))
        sent = empty(app)
        if sent != SCHEDULES:
            sys.exit(f"{sent} messages instead of {SCHEDULES}")
    sender.close()
    database.close()
    return results


def send_only(app: Celery) -> list[float]:
    """Return the seconds of each bare loop of `send_task`."""
    results = []
    for _ in range(ROUNDS):
        results.append(timed(lambda: [app.send_task("bench.nothing", args=[number]) for number in range(SCHEDULES)]))
        empty(app)
    return results


def main() -> None:
    """Print medians and ratios."""
    postgres = os.environ.get("PUNCTUAL_BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1/postgres")
    app = broker_app(os.environ.get("PUNCTUAL_BENCH_REDIS_URL", "redis://127.0.0.1:6379/15"))
    name = f"punctual_bench_{new_id().hex[:8]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            measured = {
                "send_task alone": send_only(app),
                "PostgreSQL": fire(postgres.rsplit("/", 1)[0] + f"/{name}", app),
            }
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    with tempfile.TemporaryDirectory() as folder:
        measured["SQLite"] = fire(f"sqlite:///{Path(folder) / 'bench.db'}", app)
    baseline = statistics.median(measured["send_task alone"])
    print(f"{SCHEDULES} due at once, Redis, one node: seconds until all are marked as sent, median of {ROUNDS}")
    for label, results in measured.items():
        median = statistics.median(results)
        print(f"{label:16} {median:6.2f} s   {SCHEDULES / median:8.0f}/s   {median / baseline:5.2f} x send_task alone")


if __name__ == "__main__":
    main()
