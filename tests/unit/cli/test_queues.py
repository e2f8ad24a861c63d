"""`punctual queues`: what waits in the broker, who takes it, and what is not known."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
from typer.testing import CliRunner

from punctual.cli.client import Connection
from punctual.cli.queues import app
from punctual.testing import ManualClock

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
QUEUE: dict[str, Any] = {
    "name": "celery",
    "messages": 12,
    "consumers": None,
    "workers": ["celery@one"],
    "oldest_at": "2026-07-01T11:58:00Z",
    "growing_since": None,
    "measured_at": "2026-07-01T11:59:55Z",
    "error": None,
    "warnings": [],
}
MISSING = QUEUE | {
    "name": "moon",
    "messages": None,
    "workers": [],
    "oldest_at": None,
    "error": "The broker has no such queue yet.",
}


def said(document: Any, *arguments: str) -> str:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=document))
    result = CliRunner().invoke(app, arguments, obj=Connection(transport=transport, clock=ManualClock(NOW)))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_list_tells_what_waits_and_what_is_not_known() -> None:
    grown = QUEUE | {"name": "slow", "warnings": ["12 messages wait in it, and no worker consumes it."]}
    lines = said({"items": [QUEUE, MISSING, grown], "next_cursor": None}, "list").splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["QUEUE", "MESSAGES", "OLDEST", "CONSUMERS", "WORKERS", "MEASURED"],
        ["celery", "12", "2m", "ago", "-", "celery@one", "5s", "ago"],
        ["moon", "-", "-", "5s", "ago"],
    ]
    assert lines[-2:] == [
        "moon: The broker has no such queue yet.",
        "slow: 12 messages wait in it, and no worker consumes it.",
    ]


def test_programs_get_names_or_the_documents() -> None:
    page = {"items": [QUEUE], "next_cursor": None}
    assert said(page, "list", "-o", "name") == "celery\n"
    assert json.loads(said(page, "list", "-o", "json")) == page


def test_before_a_node_has_looked_it_says_so() -> None:
    assert "punctual scheduler" in said({"items": [], "next_cursor": None}, "list")
