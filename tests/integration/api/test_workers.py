"""Workers: what each is and does, what it cannot do, and what people should look at."""

from datetime import timedelta
from importlib.metadata import version
from typing import Any
from uuid import UUID

import httpx
import pytest

from punctual.domain.identity import new_id
from punctual.domain.processes import ALIVE_FOR, Worker
from punctual.store import attempts, workers
from punctual.store.attempts import Runner
from punctual.store.database import Database
from punctual.testing import ManualClock


def announce(database: Database, clock: ManualClock, **facts: Any) -> Worker:
    now = clock.now()
    told: dict[str, Any] = {
        "name": "celery@two",
        "id": new_id(),
        "host": "two",
        "pid": 9,
        "pool": "threads",
        "concurrency": 4,
        "queues": ["slow"],
        "started_at": now,
        "seen_at": now,
        "version": version("punctual"),
    }
    worker = Worker(**(told | facts))
    with database.write() as tx:
        workers.announce(tx, worker, [])
    return worker


def test_a_worker_tells_what_it_is_does_and_cannot_do(
    client: httpx.Client, database: Database, clock: ManualClock, create: Any
) -> None:
    worker = announce(database, clock, celery_version="5.7.0", active=1, reserved=2, processed=41, refused=3)
    create(name="nightly")
    run = client.post("schedules/nightly/run-now").json()
    with database.write() as tx:
        runner = Runner(worker.name, worker.id, 12)
        assert attempts.start(tx, UUID(run["id"]), runner, attempt=1, deadline=None, at=clock.now())
    shown = client.get("workers/celery@two").json()
    assert shown["cannot"] == [
        "It cannot stop a task that runs: one that is cancelled, or takes too long, runs on.",
        "Celery's time limits do nothing in it.",
    ]
    assert (shown["live"], shown["interrupts"], shown["warnings"]) == (True, False, [])
    numbers = ("celery_version", "active", "reserved", "processed", "refused", "records_waiting", "records_dropped")
    assert [shown[name] for name in numbers] == ["5.7.0", 1, 2, 41, 3, 0, 0]
    assert [(each["id"], each["schedule"], each["attempt"]) for each in shown["runs"]] == [(run["id"], "nightly", 1)]
    assert client.get("system").json()["workers"][1] == shown


def test_what_needs_to_be_looked_at_is_said_in_sentences(
    client: httpx.Client, database: Database, clock: ManualClock
) -> None:
    announce(
        database,
        clock,
        version="0.0.1",
        records_waiting=1,
        records_dropped=7,
        recording_error="The database does not answer.",
    )
    waiting, dropped, release = client.get("workers/celery@two").json()["warnings"]
    assert waiting.startswith("1 record waits in its memory to be written. The database does not answer.")
    assert "7 records" in dropped
    assert "Has Punctual 0.0.1 and this server" in release
    (older,) = client.get("workers/celery@one").json()["warnings"]
    assert "older than this server" in older


def test_a_silent_worker_is_gone_and_warns_of_nothing(
    client: httpx.Client, database: Database, clock: ManualClock
) -> None:
    announce(database, clock, records_waiting=5)
    last = clock.now()
    clock.advance(ALIVE_FOR + timedelta(seconds=1))
    shown = client.get("workers/celery@two").json()
    assert (shown["live"], shown["warnings"]) == (False, [])
    assert shown["seen_at"] == last.isoformat().replace("+00:00", "Z")


def test_workers_are_listed_by_name_in_pages(client: httpx.Client, database: Database, clock: ManualClock) -> None:
    announce(database, clock)
    first = client.get("workers", params={"limit": 1}).json()
    second = client.get("workers", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [page["items"][0]["name"] for page in (first, second)] == ["celery@one", "celery@two"]
    assert second["next_cursor"] is None


def test_a_worker_that_is_not_known_is_not_found(client: httpx.Client) -> None:
    answer = client.get("workers/celery@nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("pool", "words"), [("prefork", None), ("solo", "one task at a time"), ("gevent", "soft")])
def test_each_pool_says_what_celery_cannot_do_in_it(
    client: httpx.Client, database: Database, clock: ManualClock, pool: str, words: str | None
) -> None:
    announce(database, clock, pool=pool)
    cannot = client.get("workers/celery@two").json()["cannot"]
    assert cannot == [] if words is None else words in cannot[0]
