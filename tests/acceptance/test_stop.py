"""A scheduler that is told to stop ends within ten seconds, whatever keeps it busy, and loses nothing."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from redis import Redis
from sqlalchemy import func, insert, select

from punctual.control.schedules import Schedules
from punctual.domain.clock import SystemClock
from punctual.domain.identity import new_id
from punctual.engine.build import build_engine
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from punctual.store.tables import runs, schedule_versions, schedules
from punctual.testing import ManualClock, RecordingSender
from servers.postgres import private_postgres
from servers.redis import RedisServer
from servers.waiting import eventually

MANY = 5000
STOP_SECONDS = 10
TAKE_OVER_SECONDS = 15

Start = Callable[[str, str], subprocess.Popen[bytes]]


def ended_in_time(process: subprocess.Popen[bytes], log: Path) -> None:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, log.read_text()[-3000:]
    assert time.monotonic() - began < STOP_SECONDS, log.read_text()[-3000:]


def make_many_due(database: Database) -> None:
    """Store schedules that are all due now, and fire once."""
    now = SystemClock().now()
    earlier = ManualClock(now - timedelta(seconds=10))
    document = {"name": "0", "task": "t", "trigger": {"kind": "once", "at": (now - timedelta(seconds=1)).isoformat()}}
    Schedules(database, earlier).create(document, actor="test", allow_unknown_task=True)
    with database.write() as tx:
        schedule = dict(tx.connection.execute(select(schedules)).mappings().one())
        version = dict(tx.connection.execute(select(schedule_versions)).mappings().one())
        ids = [new_id() for _ in range(MANY - 1)]
        copies = [{**schedule, "id": key, "name": str(number)} for number, key in enumerate(ids, start=1)]
        tx.connection.execute(insert(schedules), copies)
        tx.connection.execute(insert(schedule_versions), [{**version, "schedule_id": key} for key in ids])


def count(database: Database, state: str | None = None) -> int:
    query = select(func.count()).select_from(runs)
    with database.read() as tx:
        found = query if state is None else query.where(runs.c.state == state)
        return int(tx.connection.execute(found).scalar_one())


def test_what_a_stopped_scheduler_has_recorded_is_sent_by_it_or_by_another(
    database: Database, database_url: str, redis_url: str, start: Start, log: Path
) -> None:
    process = start(database_url, redis_url)
    make_many_due(database)
    eventually(lambda: count(database) > 0, message=lambda: log.read_text()[-3000:])
    ended_in_time(process, log)
    by_the_first = count(database)
    assert by_the_first < MANY, "it was not stopped in the middle"

    sender = RecordingSender()
    other = build_engine(database, sender, DatabaseClock(database))
    other.start()
    try:
        eventually(lambda: count(database, "queued") == MANY, within=TAKE_OVER_SECONDS)
    finally:
        other.stop(20)
    with Redis.from_url(redis_url) as broker:
        sent = [UUID(json.loads(message)["headers"]["id"]) for message in broker.lrange("celery", 0, -1)]
    sent += [message.run_id for message in sender.messages]
    with database.read() as tx:
        recorded = set(tx.connection.execute(select(runs.c.id)).scalars())
    assert len(sent) == len(recorded) == MANY
    assert set(sent) == recorded


def test_a_scheduler_ends_in_time_while_its_broker_hangs(
    database: Database, database_url: str, redis_url: str, redis_server: RedisServer, start: Start, log: Path
) -> None:
    if redis_server.process is None:
        pytest.skip("the broker is not ours to stop")
    pid = redis_server.process.pid
    process = start(database_url, redis_url)
    os.kill(pid, signal.SIGSTOP)
    try:
        make_many_due(database)
        eventually(lambda: count(database) > 0, message=lambda: log.read_text()[-3000:])
        ended_in_time(process, log)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_scheduler_ends_in_time_while_its_database_hangs(redis_url: str, start: Start, log: Path) -> None:
    with private_postgres() as server:
        database = Database(server.url)
        upgrade(database)
        database.close()
        process = start(server.url, redis_url)
        with psycopg.connect(server.url) as admin:
            found = admin.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'punctual'").fetchall()
        frozen = [server.pid, *(pid for (pid,) in found)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            ended_in_time(process, log)
            assert "engine_not_ended" in log.read_text()
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
