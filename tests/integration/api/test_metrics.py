"""`/metrics`: what has ended and how all that runs is doing, in the text that Prometheus reads."""

import warnings
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

import worker_records
from punctual.asgi import create_app
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.identity import new_id
from punctual.domain.processes import ALIVE_FOR, Node
from punctual.domain.queues import Queue
from punctual.domain.run import RunState
from punctual.settings import Settings
from punctual.store import nodes, queues, workers
from punctual.store.database import Database
from punctual.testing import ManualClock

URL = "http://punctual.test/metrics"
SECOND = timedelta(seconds=1)


def calling(app: Starlette, headers: dict[str, str]) -> httpx.Client:
    """Return a caller of another server than that of the fixtures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StarletteDeprecationWarning)  # as the fixtures do
        from starlette.testclient import TestClient  # noqa: PLC0415 - its import warns
    return TestClient(app, headers=headers)


def samples(client: httpx.Client) -> dict[tuple[str, ...], float]:
    """Return all samples, by their name and the values of their labels."""
    answer = client.get(URL)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in parse(answer.text)
        for sample in family.samples
    }


def run_and_end(client: httpx.Client, database: Database, clock: ManualClock, state: RunState) -> None:
    run = UUID(client.post("schedules/nightly/run-now").json()["id"])
    with database.write() as tx:
        worker_records.start(tx, run, at=clock.now())
    clock.advance(3 * SECOND)
    with database.write() as tx:
        worker_records.end(tx, run, state, at=clock.now(), attempt=1)


def test_ended_runs_are_counted_and_timed_by_task_and_by_schedule(
    client: httpx.Client, database: Database, clock: ManualClock, create: Any
) -> None:
    create(name="nightly")
    for state in (RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.FAILED):
        run_and_end(client, database, clock, state)
    found = samples(client)
    assert found["punctual_runs_ended_total", "succeeded", "reports.send"] == 2
    assert found["punctual_runs_ended_total", "failed", "reports.send"] == 1
    assert found["punctual_schedule_runs_ended_total", "nightly", "succeeded", "reports.send"] == 2
    assert found["punctual_run_time_seconds_sum", "succeeded", "reports.send"] == 6
    assert found["punctual_run_time_seconds_bucket", "1.0", "succeeded", "reports.send"] == 0
    assert found["punctual_run_time_seconds_bucket", "5.0", "succeeded", "reports.send"] == 2
    assert found["punctual_run_time_seconds_bucket", "+Inf", "succeeded", "reports.send"] == 2
    assert found["punctual_schedule_run_time_seconds_count", "nightly", "failed", "reports.send"] == 1
    assert found["punctual_schedules", "active"] == 1
    assert found["punctual_schedules_left_out",] == 0


def test_living_nodes_and_workers_and_the_queues_are_told(
    client: httpx.Client, database: Database, clock: ManualClock
) -> None:
    now = clock.now()
    node = Node(
        id=new_id(), host="one", pid=9, version="1", started_at=now, seen_at=now, lag=1.5, broker_error="It is away."
    )
    with database.write() as tx:
        nodes.heartbeat(tx, node)
        worker = workers.get(tx, "celery@one")
        assert worker is not None
        workers.announce(tx, worker.model_copy(update={"active": 2, "records_waiting": 7, "refused": 1}), [])
        workers.announce(tx, worker.model_copy(update={"name": "celery@heard", "plugin": False}), [])
        waiting = Queue(name="celery", messages=4, oldest_at=now - 90 * SECOND, measured_at=now)
        queues.replace(tx, [waiting, Queue(name="gone", measured_at=now, error="It is not there.")])
    found = samples(client)
    assert (found["punctual_nodes",], found["punctual_workers",]) == (1, 1)
    assert found["punctual_node_lag_seconds", "one:9"] == 1.5
    assert (found["punctual_node_fires", "one:9"], found["punctual_node_sends", "one:9"]) == (1, 0)
    assert found["punctual_worker_active", "celery@one"] == 2
    assert found["punctual_worker_records_waiting", "celery@one"] == 7
    assert found["punctual_worker_starts_refused_total", "celery@one"] == 1
    assert found["punctual_queue_messages", "celery"] == 4
    assert found["punctual_queue_oldest_seconds", "celery"] == 90
    assert ("punctual_queue_messages", "gone") not in found
    assert ("punctual_worker_active", "celery@heard") not in found  # it has no plug-in that would tell
    clock.advance(ALIVE_FOR + SECOND)
    found = samples(client)
    assert (found["punctual_nodes",], found["punctual_workers",]) == (0, 0)
    assert ("punctual_worker_active", "celery@one") not in found


def test_runs_that_have_not_ended_are_counted_by_state(client: httpx.Client, create: Any) -> None:
    create(name="nightly")
    client.post("schedules/nightly/run-now")
    found = samples(client)
    assert (found["punctual_runs_open", "pending"], found["punctual_runs_open", "buffered"]) == (1, 0)


def test_only_so_many_schedules_are_told_one_by_one(
    settings: Settings, client: httpx.Client, database: Database, clock: ManualClock, create: Any
) -> None:
    for name in ("first", "second", "nightly"):
        create(name=name)
    for name in ("first", "second"):
        run = UUID(client.post(f"schedules/{name}/run-now").json()["id"])
        with database.write() as tx:
            worker_records.end(tx, run, RunState.SUCCEEDED, at=clock.now())
        clock.advance(SECOND)
    for limit, told in ((1, {"second"}), (0, set())):
        few = create_app(settings.model_copy(update={"metrics_schedules": limit}), database, clock)
        found = samples(calling(few, dict(client.headers)))
        names = {labels[0] for name, *labels in found if name == "punctual_schedule_runs_ended_total"}
        assert names == told
        if limit:
            assert found["punctual_schedules_left_out",] == 1
        assert found["punctual_runs_ended_total", "succeeded", "reports.send"] == 2


def test_a_stranger_is_refused_unless_the_settings_open_it(
    anonymous: httpx.Client, settings: Settings, database: Database, clock: ManualClock
) -> None:
    answer = anonymous.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    for wrong in ("Bearer nonsense", "Basic abc"):
        assert anonymous.get(URL, headers={"Authorization": wrong}).status_code == 401
    public = settings.model_copy(update={"metrics_public": True, "bootstrap_token": SecretStr("x" * 16)})
    opened = calling(create_app(public, database, clock), {})
    assert samples(opened)["punctual_workers",] == 1


def test_a_collector_that_takes_openmetrics_gets_it(client: httpx.Client) -> None:
    answer = client.get(URL, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert "punctual_workers" in {family.name for family in parse_openmetrics(answer.text)}  # type: ignore[no-untyped-call] # it has no types
    plain = client.get(URL)
    assert plain.headers["content-type"].startswith("text/plain; version=")


def test_a_name_with_quotes_and_backslashes_does_no_harm(
    client: httpx.Client, database: Database, clock: ManualClock
) -> None:
    task = 'odd"name\\with'
    document = {"name": "nightly", "task": task, "trigger": "@daily"}
    assert client.post("schedules?allow_unknown_task=true", json=document).status_code == 201
    run_and_end(client, database, clock, RunState.SUCCEEDED)
    assert samples(client)["punctual_runs_ended_total", "succeeded", task] == 1


def test_without_the_database_it_says_so(client: httpx.Client, database: Database, monkeypatch: Any) -> None:
    def away() -> None:
        raise DatabaseUnavailableError("host db1 is down")

    monkeypatch.setattr(database, "read", away)
    answer = client.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "db1" not in answer.text
