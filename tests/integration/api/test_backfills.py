"""Backfills through the API."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

import worker_records
from punctual.domain.run import RunState
from punctual.engine.build import build_engine
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender

Create = Callable[..., dict[str, Any]]
DAY = {"from": "2025-12-31T00:00:00Z", "until": "2026-01-01T00:00:00Z"}


@pytest.fixture
def engine(database: Database, clock: ManualClock) -> Engine:
    return build_engine(database, RecordingSender(), clock)


def start(client: httpx.Client, **asked: object) -> dict[str, Any]:
    answer = client.post("schedules/nightly/backfills", json=DAY | asked)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_backfill_is_started_followed_and_done(
    client: httpx.Client, create: Create, engine: Engine, database: Database, clock: ManualClock
) -> None:
    schedule = create(trigger="0 */6 * * *")
    answer = client.post("schedules/nightly/backfills", json=DAY | {"parallelism": 4, "order": "newest"})
    backfill = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/backfills/{backfill['id']}"
    left_out = {"has_run": 0, "closed": 0, "skipped": 0}
    progress = {"fire_times": 4, "fire_times_exact": True, "looked_at": 0, "left_out": left_out}
    assert backfill == {
        "id": backfill["id"],
        "schedule_id": schedule["id"],
        "schedule": "nightly",
        "schedule_version": 1,
        "from": "2025-12-31T00:00:00Z",
        "until": "2026-01-01T00:00:00Z",
        "reprocess": "none",
        "parallelism": 4,
        "order": "newest",
        "state": "running",
        "reason": None,
        "error": None,
        "actor": "token:bootstrap",
        "created_at": "2026-01-01T00:00:00Z",
        "finished_at": None,
        "next_fire_time": "2025-12-31T18:00:00Z",
        "progress": progress | {"made": 0, "open": 0, "states": {}, "removed": 0},
    }
    assert client.get(f"backfills/{backfill['id']}").json() == backfill
    engine.step()
    runs = client.get("runs", params={"backfill": backfill["id"]}).json()["items"]
    assert {(run["cause"], run["backfill_id"]) for run in runs} == {("backfill", backfill["id"])}
    now = client.get(f"backfills/{backfill['id']}").json()["progress"]
    assert now == progress | {"looked_at": 4, "made": 4, "open": 4, "states": {"queued": 4}, "removed": 0}
    with database.write() as tx:
        for run, state in zip(runs, [RunState.FAILED, *[RunState.SUCCEEDED] * 3], strict=True):
            worker_records.end(tx, UUID(run["id"]), state, at=clock.now())
    engine.step()
    done = client.get(f"backfills/{backfill['id']}").json()
    assert (done["state"], done["progress"]["states"]) == ("done", {"failed": 1, "succeeded": 3})
    again = client.post("schedules/nightly/backfills", json=DAY | {"reprocess": "failed", "dry_run": True}).json()
    assert (again["would_run"], again["left_out"]["has_run"]) == (1, 3)


def test_a_dry_run_answers_what_would_be_done_and_starts_nothing(client: httpx.Client, create: Create) -> None:
    create(trigger="0 */6 * * *")
    answer = client.post("schedules/nightly/backfills", json={"from": DAY["from"], "dry_run": True})
    assert answer.status_code == 200
    assert answer.json() == {
        "schedule_version": 1,
        "until": "2026-01-01T00:00:00Z",
        "first": "2025-12-31T00:00:00Z",
        "last": "2025-12-31T18:00:00Z",
        "fire_times": 4,
        "fire_times_exact": True,
        "looked_at": 4,
        "would_run": 4,
        "left_out": {"has_run": 0, "closed": 0, "skipped": 0},
    }
    assert client.get("backfills").json() == {"items": [], "next_cursor": None}


def test_each_fault_names_its_field(client: httpx.Client, create: Create) -> None:
    create()
    for body, paths in (
        ({}, ["from"]),
        (DAY | {"parallelism": 0, "order": "random", "reprocess": "some"}, ["reprocess", "parallelism", "order"]),
        (DAY | {"until": "2026-01-02T00:00:00Z"}, ["until"]),
        (DAY | {"from": "2025-12-31"}, ["from"]),
        (DAY | {"parallel": 2}, ["parallel"]),
        ({"from": "2025-12-31T01:00:00Z", "until": "2025-12-31T02:00:00Z"}, ["from"]),
    ):
        refused = client.post("schedules/nightly/backfills", json=body)
        assert refused.status_code == 422, body
        assert [fault["path"] for fault in refused.json()["errors"]] == paths
    assert client.post("schedules/unknown/backfills", json=DAY).status_code == 404
    assert client.get("backfills", params={"state": "open"}).status_code == 422


def test_a_backfill_is_cancelled_and_found_by_its_state(client: httpx.Client, create: Create, engine: Engine) -> None:
    create()
    backfill = start(client)
    engine.step()
    answer = client.post(f"backfills/{backfill['id']}/cancel", json={"terminate": True})
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answer.json()["progress"]["states"] == {"cancelled": 1}
    found = client.get("backfills", params={"schedule": "nightly", "state": "cancelled"}).json()["items"]
    assert found == [answer.json()]
    assert client.get("backfills", params={"state": "running"}).json()["items"] == []
    assert client.post(f"backfills/{backfill['schedule_id']}/cancel").status_code == 404


def test_backfills_come_in_pages(client: httpx.Client, create: Create, clock: ManualClock) -> None:
    create()
    started = []
    for _ in range(3):
        started.append(start(client)["id"])
        clock.move_to(clock.now().replace(second=len(started)))
    first = client.get("backfills", params={"limit": 2}).json()
    rest = client.get("backfills", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == started[::-1]
    assert rest["next_cursor"] is None
