"""The API and the recorder while the database has a fault: what people are told, and that no record is lost."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from starlette.exceptions import StarletteDeprecationWarning

from punctual.asgi import create_app
from punctual.celery.record_writer import RecordWriter
from punctual.celery.records import Ended, Started
from punctual.control.access import Access
from punctual.control.schedules import Schedules
from punctual.domain.clock import monotonic
from punctual.domain.run import RunState
from punctual.settings import Settings
from punctual.store import runs
from punctual.store.attempts import Runner
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from servers.database_faults import FAULTS, Fault
from servers.waiting import eventually

with warnings.catch_warnings():
    # Starlette prefers another HTTP client for its tests; ours is the one that the product uses.
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

TOKEN = "a-token-for-tests-only"
SCHEDULE = {"name": "s", "task": "t", "trigger": "@daily"}

pytestmark = pytest.mark.usefixtures("_impatient")


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    clock = DatabaseClock(database)
    Access(database, clock).ensure_bootstrap(TOKEN)
    app = create_app(Settings(data_dir=tmp_path, bootstrap_token=SecretStr(TOKEN)), database, clock)
    with TestClient(
        app, base_url="http://punctual.test/api/v1/", headers={"Authorization": f"Bearer {TOKEN}"}
    ) as client:
        yield client


@pytest.mark.parametrize(("fault", "code"), FAULTS)
def test_a_write_is_answered_with_the_fault_and_reads_go_on(
    fault: Fault, code: str, client: httpx.Client, database_url: str
) -> None:
    path = "schedules?allow_unknown_task=true"
    with fault(database_url):
        refused = client.post(path, json=SCHEDULE)
        assert client.get("schedules").json()["items"] == []
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (503, code)
        assert refused.headers["retry-after"] == "5"
        assert problem["fix"].endswith("Punctual goes on by itself when that is mended.")
        for word in ("sqlite", "transaction", "extend", "busy", "timeout"):
            assert word not in problem["detail"].lower()
    eventually(lambda: client.post(path, json=SCHEDULE).status_code == 201)


@pytest.mark.parametrize(("fault", "code"), FAULTS)
def test_records_of_runs_wait_until_they_can_be_written(
    fault: Fault, code: str, database: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    del code
    schedules = Schedules(database, DatabaseClock(database))
    schedules.create(SCHEDULE, actor="test", allow_unknown_task=True)
    run_id = schedules.run_now("s", actor="test").id
    writer = RecordWriter(database_url)
    with fault(database_url):
        writer.submit(Started(run_id, monotonic(), Runner("w@test"), attempt=1, timeout=None))
        writer.submit(Ended(run_id, monotonic(), attempt=1, state=RunState.SUCCEEDED, worker="w@test", result=[1]))
        eventually(lambda: "record_buffered" in [record.__dict__.get("action") for record in caplog.records])
    writer.close(20)
    with database.read() as tx:
        run = runs.get(tx, run_id)
    assert run is not None
    assert (run.state, run.result) == (RunState.SUCCEEDED, [1])
    assert "record_dropped" not in [record.__dict__.get("action") for record in caplog.records]
