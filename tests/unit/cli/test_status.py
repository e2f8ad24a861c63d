"""`punctual status`: whether all is ready, and how the nodes and workers do."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import typer
from typer.testing import CliRunner, Result

from punctual.cli.client import Connection
from punctual.cli.status import status
from punctual.testing import ManualClock

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
READY = {"ready": True, "checks": [{"name": "database", "ok": True, "message": "The database answers."}]}
NODE: dict[str, Any] = {
    "host": "one",
    "pid": 7,
    "version": "0.1.0",
    "tzdata_version": "2026a",
    "live": True,
    "seen_at": "2026-07-01T11:59:56Z",
    "lag": 0.04,
    "sent_per_second": 12.34,
    "busy": 0.031,
    "clock_offset": -5.02,
    "warnings": ["The clock of one is 5.0 s behind the database's."],
}
WORKER: dict[str, Any] = {
    "name": "celery@two",
    "pool": "prefork",
    "concurrency": 2,
    "queues": ["celery", "slow"],
    "live": True,
    "seen_at": "2026-07-01T11:59:58Z",
    "warnings": ["3 records wait in its memory to be written."],
}
SYSTEM = {"nodes": [NODE, NODE | {"host": "gone", "live": False}], "workers": [WORKER]}

app = typer.Typer()
app.command()(status)


def ask(readiness: dict[str, Any], *arguments: str) -> Result:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/system"):
            return httpx.Response(200, json=SYSTEM)
        return httpx.Response(200 if readiness["ready"] else 503, json=readiness)

    connection = Connection(transport=httpx.MockTransport(answer), clock=ManualClock(NOW))
    return CliRunner().invoke(app, arguments, obj=connection)


def test_all_is_ready_and_each_living_process_has_a_line() -> None:
    result = ask(READY)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines() if line]
    assert lines == [
        ["CHECK", "READY", "MESSAGE"],
        ["database", "yes", "The", "database", "answers."],
        ["NODE", "SEEN", "LAG", "SENT", "BUSY", "CLOCK", "VERSION", "TIME", "ZONES"],
        ["one:7", "4s", "ago", "0.0s", "12.3/s", "3%", "-5.0s", "0.1.0", "2026a"],
        ["WORKER", "SEEN", "POOL", "QUEUES"],
        ["celery@two", "2s", "ago", "prefork", "x", "2", "celery,", "slow"],
        ["one:7:", "The", "clock", "of", "one", "is", "5.0", "s", "behind", "the", "database's."],
        ["celery@two:", "3", "records", "wait", "in", "its", "memory", "to", "be", "written."],
    ]


def test_what_is_not_ready_is_said_and_is_the_exit_code() -> None:
    missing = {"ready": False, "checks": [*READY["checks"], {"name": "worker", "ok": False, "message": "No worker."}]}  # type: ignore[misc]
    result = ask(missing)
    assert result.exit_code == 1
    assert ["worker", "no", "No", "worker."] in [line.split() for line in result.stdout.splitlines()]
    names = ask(missing, "-o", "name")
    assert (names.exit_code, names.stdout) == (1, "worker\n")


def test_without_the_database_nothing_else_is_asked_for() -> None:
    away = {"ready": False, "checks": [{"name": "database", "ok": False, "message": "The database does not answer."}]}
    result = ask(away, "-o", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {**away, "system": None}
