"""A server on a real SQLite database, by a clock that the test moves, with one worker that announced its tasks."""

import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from punctual.asgi import create_app
from punctual.control.access import Access
from punctual.domain.processes import Task, Worker
from punctual.settings import Settings
from punctual.store import workers
from punctual.store.database import Database
from punctual.testing import ManualClock

with warnings.catch_warnings():
    # Starlette prefers another HTTP client for its tests; ours is the one that the product uses.
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

TOKEN = "a-token-for-tests-only"
COPY_SIGNATURE = {
    "type": "object",
    "properties": {
        "source": {"type": "string"},
        "destination": {"type": "string"},
        "keep": {"type": "integer", "default": 7},
    },
    "required": ["source", "destination"],
    "additionalProperties": False,
    "x-positional": ["source", "destination", "keep"],
}

Create = Callable[..., dict[str, Any]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'punctual.db')}")
    Access(database, clock).ensure_bootstrap(TOKEN)
    now = clock.now()
    worker = Worker(
        name="celery@one",
        host="one",
        pid=7,
        pool="prefork",
        concurrency=2,
        queues=["celery"],
        started_at=now,
        seen_at=now,
    )
    tasks = [
        Task(name="backup.copy", description="Copies.", signature=COPY_SIGNATURE, queues=["celery"], seen_at=now),
        Task(name="reports.send", description="", signature=None, queues=["celery"], seen_at=now),
    ]
    with database.write() as tx:
        workers.announce(tx, worker, tasks)
    yield database
    assert database.checked_out() == 0
    database.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, bootstrap_token=SecretStr(TOKEN))


@pytest.fixture
def app(settings: Settings, database: Database, clock: ManualClock) -> Starlette:
    return create_app(settings, database, clock)


@pytest.fixture
def anonymous(app: Starlette) -> httpx.Client:
    """A caller without any credential."""
    return TestClient(app, base_url="http://punctual.test/api/v1/")


@pytest.fixture
def client(app: Starlette) -> httpx.Client:
    """A program with a good token."""
    return TestClient(app, base_url="http://punctual.test/api/v1/", headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def create(client: httpx.Client) -> Create:
    """Creates a schedule: `create(name="nightly", trigger="@daily")` gives its document."""

    def create_schedule(**changes: object) -> dict[str, Any]:
        answer = client.post(
            "schedules", json={"name": "nightly", "task": "reports.send", "trigger": "@daily"} | changes
        )
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json()
        return document

    return create_schedule
