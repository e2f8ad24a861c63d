"""Cancelling a run over the API."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

import worker_records
from punctual.domain.identity import new_id
from punctual.store.database import Database
from punctual.testing import ManualClock

Create = Callable[..., dict[str, Any]]


def test_a_run_that_has_not_ended_is_cancelled_in_the_name_of_the_caller(client: httpx.Client, create: Create) -> None:
    create()
    run = client.post("schedules/nightly/run-now").json()
    answer = client.post(f"runs/{run['id']}/cancel", json={"note": "Not today."})
    cancelled = answer.json()
    assert answer.status_code == 200
    assert cancelled["interruption"] == "not_needed"
    assert cancelled["message"] == "It is cancelled: no worker starts it any more."
    assert cancelled["run"]["state"] == "cancelled"
    actor = client.get("whoami").json()["actor"]
    assert cancelled["run"]["reason"] == f"Cancelled by {actor} while it was pending: Not today."
    assert client.get(f"runs/{run['id']}").json() == cancelled["run"]
    again = client.post(f"runs/{run['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert again.json()["detail"] == f"The run {run['id']} is cancelled: it has ended, so it cannot be cancelled."
    assert client.post(f"runs/{new_id()}/cancel").status_code == 404
    wrong = client.post(f"runs/{run['id']}/cancel", json={"terminate": "maybe", "nte": ""})
    assert [fault["path"] for fault in wrong.json()["errors"]] == ["terminate", "nte"]


@pytest.mark.parametrize("terminate", [True, False])
def test_what_becomes_of_a_task_that_runs_is_answered_by_its_workers_pool(
    client: httpx.Client, create: Create, database: Database, *, terminate: bool
) -> None:
    create()
    run = client.post("schedules/nightly/run-now").json()
    with database.write() as tx:
        worker_records.start(tx, UUID(run["id"]), at=ManualClock().now(), worker="celery@one")
    answer = client.post(f"runs/{run['id']}/cancel", json={"terminate": terminate}).json()
    assert answer["interruption"] == "asked"
    assert answer["run"]["state"] == ("cancelled" if terminate else "running")
    (worker,) = client.get("system").json()["workers"]
    assert (worker["pool"], worker["interrupts"]) == ("prefork", True)
