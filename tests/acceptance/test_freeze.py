"""A node that stands still for longer than its lease, and wakes: others fire meanwhile, and the ledger is whole."""

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from redis import Redis

from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.run import Run
from punctual.engine.build import build_engine
from punctual.engine.dispatcher import LEASE
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from punctual.testing import RecordingSender
from servers.waiting import eventually

FROZEN_FIRES = int(LEASE.total_seconds()) + 3


def test_a_node_that_froze_and_woke_leaves_alone_what_others_did(
    postgres_url: str, redis_url: str, start: Callable[[str, str], subprocess.Popen[bytes]], log: Path
) -> None:
    database = Database(postgres_url)
    upgrade(database)
    clock, sender = DatabaseClock(database), RecordingSender()
    schedules, ledger = Schedules(database, clock), Runs(database, clock)
    other = build_engine(database, sender, clock)
    document = {"name": "s", "task": "t", "trigger": "every 1s", "catchup": {"policy": "all"}}
    schedules.create(document, actor="test", allow_unknown_task=True)

    def by_the_process() -> list[UUID]:
        with Redis.from_url(redis_url) as broker:
            return [UUID(json.loads(message)["headers"]["id"]) for message in broker.lrange("celery", 0, -1)]

    def runs() -> list[Run]:
        page = ledger.list(schedule="s", state=None, cause=None, limit=200, cursor=None)
        assert page.next_cursor is None
        return page.items[::-1]

    process = start(postgres_url, redis_url)
    eventually(lambda: len(by_the_process()) >= 2, message=lambda: log.read_text()[-3000:])
    process.send_signal(signal.SIGSTOP)
    try:
        other.start()
        eventually(lambda: len(sender.messages) >= FROZEN_FIRES, within=60)
        sent_before = by_the_process()
    finally:
        process.send_signal(signal.SIGCONT)
    other.stop(20)
    eventually(lambda: len(by_the_process()) >= len(sent_before) + 2, message=lambda: log.read_text()[-3000:])
    schedules.pause("s", actor="test", note=None)
    eventually(lambda: {run.state.value for run in runs()} <= {"queued", "skipped"}, within=30)

    fire_times = [run.fire_time for run in runs()]
    assert fire_times == [fire_times[0] + timedelta(seconds=number) for number in range(len(fire_times))]
    sent = by_the_process() + [message.run_id for message in sender.messages]
    doubled = {key for key, times in Counter(sent).items() if times > 1}
    assert doubled <= set(sent_before), "only what it had sent and not yet noted may go out again, under the same id"
    assert set(sent) == {run.id for run in runs() if run.state.value == "queued"}
    assert "engine_error" not in log.read_text()
    database.close()
