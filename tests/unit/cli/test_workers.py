"""`punctual workers`: which workers live, what they do and what they cannot."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from punctual.cli.client import Connection
from punctual.cli.workers import app
from punctual.testing import ManualClock

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
WORKER: dict[str, Any] = {
    "name": "celery@one",
    "host": "one",
    "pid": 7,
    "pool": "threads",
    "concurrency": 4,
    "queues": ["celery", "slow"],
    "started_at": "2026-07-01T10:00:00Z",
    "seen_at": "2026-07-01T11:59:58Z",
    "live": True,
    "plugin": True,
    "interrupts": False,
    "cannot": ["It cannot stop a task that runs."],
    "celery_version": "5.7.0",
    "version": "0.1.0",
    "active": 3,
    "reserved": 2,
    "processed": 41,
    "refused": 1,
    "records_waiting": 5,
    "records_dropped": 0,
    "recording_error": "The database does not answer.",
    "runs": [
        {
            "id": "6b1f9c5e-0000-5000-8000-000000000001",
            "schedule_id": "6b1f9c5e-0000-4000-8000-000000000001",
            "schedule": "nightly",
            "task": "app.backup",
            "attempt": 1,
            "started_at": "2026-07-01T11:58:00Z",
        }
    ],
    "warnings": ["5 records wait in its memory to be written."],
}


def said(document: Any, *arguments: str) -> str:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=document))
    result = CliRunner().invoke(app, arguments, obj=Connection(transport=transport, clock=ManualClock(NOW)))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_list_tells_who_lives_how_busy_they_are_and_what_to_look_at() -> None:
    gone = WORKER | {"name": "celery@two", "live": False, "seen_at": "2026-07-01T09:00:00Z", "warnings": []}
    lines = said({"items": [WORKER, gone], "next_cursor": None}, "list").splitlines()
    assert lines[0].split() == ["WORKER", "STATE", "STARTED", "POOL", "RUNS", "WAITING", "QUEUES", "VERSION"]
    assert " ".join(lines[1].split()) == "celery@one live 2h ago threads x 4 3 of 4 2 celery, slow 0.1.0"
    assert " ".join(lines[2].split()).startswith("celery@two gone 3h ago")
    assert lines[-1] == "celery@one: 5 records wait in its memory to be written."


def test_show_tells_what_the_pool_cannot_do_and_what_runs_now() -> None:
    shown = " ".join(said(WORKER, "show", "celery@one").split())
    assert "it cannot It cannot stop a task that runs." in shown
    assert "refused 1 second starts of an attempt" in shown
    assert "runs 3 tasks waiting in it 2 tasks" in shown
    assert "6b1f9c5e-0000-5000-8000-000000000001 nightly app.backup 2m ago" in shown


def test_show_tells_since_when_a_worker_is_gone() -> None:
    gone = WORKER | {"live": False, "seen_at": "2026-07-01T09:00:00Z", "runs": []}
    assert "gone since 2026-07-01 09:00:00" in said(gone, "show", "celery@one")


def test_of_a_worker_without_the_plugin_only_what_it_tells_is_shown() -> None:
    heard = WORKER | {"plugin": False, "pool": "unknown", "concurrency": 0, "queues": [], "version": None, "runs": []}
    row = " ".join(said({"items": [heard], "next_cursor": None}, "list").splitlines()[1].split())
    assert row == "celery@one live 2h ago not known 3 2 no plug-in"
    assert "plug-in none: what is known of it are its events" in " ".join(said(heard, "show", "celery@one").split())


def test_programs_get_names_or_the_documents() -> None:
    page = {"items": [WORKER], "next_cursor": None}
    assert said(page, "list", "-o", "name") == "celery@one\n"
    assert json.loads(said(page, "list", "-o", "json")) == page
    assert json.loads(said(WORKER, "show", "celery@one", "-o", "json")) == WORKER
    assert said(WORKER, "show", "celery@one", "-o", "name") == "celery@one\n"


def test_without_workers_it_says_how_to_start_one() -> None:
    assert "celery -A proj worker" in said({"items": [], "next_cursor": None}, "list")


@pytest.mark.parametrize("command", ["list", "show"])
def test_the_help_of_every_command_shows_an_example(command: str) -> None:
    assert f"punctual workers {command}" in said(None, command, "--help")
