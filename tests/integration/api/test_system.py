"""Health and system: what runs, how it does, and what is missing."""

import httpx

from punctual.domain.identity import new_id
from punctual.domain.processes import Node
from punctual.domain.triggers.zone import TZDATA_VERSION
from punctual.store import nodes
from punctual.store.database import Database
from punctual.testing import ManualClock


def test_the_system_shows_its_versions_nodes_and_workers(
    client: httpx.Client, database: Database, clock: ManualClock
) -> None:
    node = _beat(database, clock)
    answer = client.get("system").json()
    assert answer["version"]
    assert answer["tzdata_version"] == TZDATA_VERSION
    assert (answer["keep_runs_for"], answer["keep_runs_per_schedule"]) == (90 * 86_400, None)
    assert answer["nodes"] == [
        {
            "id": str(node.id),
            "host": "one",
            "pid": 9,
            "version": "0.1.0",
            "started_at": "2026-01-01T00:00:00Z",
            "seen_at": "2026-01-01T00:00:00Z",
            "live": True,
            "tzdata_version": "2026a",
            "lag": 0.0,
            "sent_per_second": 0.0,
            "busy": 0.0,
            "clock_offset": -2.5,
            "database_error": None,
            "broker_error": None,
            "following_error": None,
            "runs_removed": 0,
            "warnings": [
                (
                    "The clock of one is 2.5 s behind the database's. "
                    "Schedules fire by the database's; correct it all the same, for logs and tasks go by it."
                )
            ],
        }
    ]
    assert [(worker["name"], worker["live"]) for worker in answer["workers"]] == [("celery@one", True)]


def test_a_live_process_says_so_to_everyone(anonymous: httpx.Client) -> None:
    answer = anonymous.get("health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_readiness_names_what_is_missing_and_turns_good_once_it_is_there(
    anonymous: httpx.Client, database: Database, clock: ManualClock
) -> None:
    before = anonymous.get("health/ready")
    assert before.status_code == 503
    assert before.json()["ready"] is False
    assert {check["name"]: check["ok"] for check in before.json()["checks"]} == {
        "database": True,
        "scheduler": False,
        "broker": False,
        "worker": True,
    }
    _beat(database, clock)
    after = anonymous.get("health/ready")
    assert (after.status_code, after.json()["ready"]) == (200, True)


def _beat(database: Database, clock: ManualClock) -> Node:
    now = clock.now()
    node = Node(
        id=new_id(),
        host="one",
        pid=9,
        version="0.1.0",
        tzdata_version="2026a",
        clock_offset=-2.5,
        started_at=now,
        seen_at=now,
    )
    with database.write() as tx:
        nodes.heartbeat(tx, node)
    return node
