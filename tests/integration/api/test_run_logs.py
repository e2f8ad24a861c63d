"""What runs tell while they run, over the API: progress and log."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from integration.api.conftest import Create
from punctual.domain.report import Level, LogLine, Progress
from punctual.store import run_logs
from punctual.store.database import Database
from punctual.testing import ManualClock
from worker_records import start


@pytest.fixture
def run(client: httpx.Client, create: Create, database: Database, clock: ManualClock) -> dict[str, Any]:
    """A run whose first attempt is running."""
    create()
    answer = client.post("schedules/nightly/run-now").json()
    with database.write() as tx:
        assert start(tx, UUID(answer["id"]), at=clock.now())
    document: dict[str, Any] = answer
    return document


def tell(database: Database, clock: ManualClock, run: dict[str, Any], *texts: str, attempt: int = 1) -> None:
    with database.write() as tx:
        for text in texts:
            clock.advance(timedelta(seconds=1))
            number = round(clock.now().timestamp())
            assert run_logs.add(tx, UUID(run["id"]), [LogLine(number, clock.now(), attempt, Level.INFO, text)])


def test_a_run_has_the_progress_of_the_attempt_that_runs(
    client: httpx.Client, run: dict[str, Any], database: Database, clock: ManualClock
) -> None:
    assert client.get(f"runs/{run['id']}").json()["progress"] is None
    key, progress = UUID(run["id"]), Progress(done=3, total=4, note="copying", at=clock.now())
    with database.write() as tx:
        assert run_logs.set_progress(tx, key, progress, attempt=1)
        assert not run_logs.set_progress(tx, key, progress, attempt=2)
    found = client.get(f"runs/{run['id']}").json()["progress"]
    assert found == {"done": 3.0, "total": 4.0, "note": "copying", "at": "2026-01-01T00:00:00Z"}
    with database.write() as tx:
        assert start(tx, key, at=clock.now(), attempt=2)
        assert not run_logs.set_progress(tx, key, progress, attempt=1)
    assert client.get(f"runs/{run['id']}").json()["progress"] is None


def test_a_log_is_read_in_pages_and_followed(
    client: httpx.Client, run: dict[str, Any], database: Database, clock: ManualClock
) -> None:
    path = f"runs/{run['id']}/log"
    assert client.get(path).json() == {"items": [], "after": None, "more": False}
    # The second attempt ran on a machine whose clock is behind.
    tell(database, clock, run, "four", attempt=2)
    tell(database, clock, run, "one", "two", "three")
    first = client.get(path, params={"limit": 3}).json()
    assert [line["text"] for line in first["items"]] == ["one", "two", "three"]
    assert first["more"]
    second = client.get(path, params={"after": first["after"]}).json()
    assert second["items"] == [{"at": "2026-01-01T00:00:01Z", "attempt": 2, "level": "info", "text": "four"}]
    assert not second["more"]
    assert client.get(path, params={"after": second["after"]}).json() == {**second, "items": []}
    tell(database, clock, run, "five", attempt=2)
    third = client.get(path, params={"after": second["after"]}).json()
    assert [line["text"] for line in third["items"]] == ["five"]


def test_a_log_that_cannot_be_read_says_why(client: httpx.Client, run: dict[str, Any]) -> None:
    assert client.get(f"runs/{UUID(int=0)}/log").status_code == 404
    for after in ("nonsense", "WyJhIiwgImIiXQ"):  # the second is of another list
        answer = client.get(f"runs/{run['id']}/log", params={"after": after})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_cursor")
