"""A server of schedules that answers what a test tells it to, and the commands that talk to it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx
from typer.testing import CliRunner, Result

from punctual.cli.client import Connection
from punctual.cli.schedules import app
from punctual.testing import ManualClock

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
BACKUP: dict[str, Any] = {
    "id": "4be0643f-1d98-473b-97cd-ca98a65347dd",
    "version": 3,
    "name": "backup",
    "description": "Copies the data away.",
    "task": "app.backup",
    "args": ["/srv/data"],
    "kwargs": {"keep": 7},
    "queue": None,
    "service": "default",
    "labels": {},
    "trigger": {"kind": "interval", "every": 4.0, "anchor": "2026-07-01T12:00:00Z", "text": "every 4s"},
    "start_at": None,
    "end_at": None,
    "max_runs": 5,
    "jitter": 0.0,
    "calendars": {"blackout": [], "allowed": [], "when_closed": "skip"},
    "catchup": {"policy": "latest", "grace": 60.0, "window": 86400.0, "limit": 100},
    "created_at": "2026-07-01T11:58:00Z",
    "updated_at": "2026-07-01T11:59:00Z",
    "declared_by": None,
    "warnings": [],
    "status": {
        "state": "active",
        "paused": False,
        "pause_note": None,
        "next_fire_time": "2026-07-01T12:00:04Z",
        "next_due_time": "2026-07-01T12:00:04Z",
        "last_fire_time": "2026-07-01T11:58:00Z",
        "run_count": 2,
        "failure_streak": 0,
        "finished": False,
        "skips": [],
        "error": None,
        "trigger_text": "every 4s",
        "trigger_words": "every 4 seconds, counted from 12:00 on 1 July 2026 UTC",
        "policy_words": [],
    },
}


class Server:
    """Answers each request with the next of its answers for that method and path, the last one again and again."""

    def __init__(self, **answers: Sequence[Any]) -> None:
        self.answers = {key.replace("_", " ", 1): list(queue) for key, queue in answers.items()}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        queue = self.answers[request.method]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(204) if answer is None else httpx.Response(200, json=answer)

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {unquote(request.url.raw_path.decode())}" for request in self.requests]

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)


def call(server: Server, *arguments: str, stdin: str | None = None) -> Result:
    connection = Connection(transport=httpx.MockTransport(server), clock=ManualClock(NOW), sleep=lambda _: None)
    return CliRunner().invoke(app, arguments, obj=connection, input=stdin)


def said(server: Server, *arguments: str, stdin: str | None = None) -> str:
    result = call(server, *arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout
