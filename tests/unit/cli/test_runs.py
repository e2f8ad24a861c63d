"""`punctual runs`: what became of each fire time, for people and for programs."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import pytest
from typer.testing import CliRunner, Result

from punctual.cli.client import Connection
from punctual.cli.run_states import ENDED, OPEN
from punctual.cli.runs import CauseWord, app
from punctual.domain.errors import SetupError
from punctual.domain.run import TERMINAL, Cause, RunState
from punctual.testing import ManualClock

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
RUN: dict[str, Any] = {
    "id": "4be0643f-1d98-573b-97cd-ca98a65347dd",
    "schedule_id": "4be0643f-1d98-473b-97cd-ca98a65347dd",
    "schedule": "backup",
    "schedule_version": 3,
    "cause": "schedule",
    "state": "succeeded",
    "reason": None,
    "fire_time": "2026-07-01T11:58:00Z",
    "due_time": "2026-07-01T11:58:00Z",
    "task": "app.backup",
    "args": ["/srv/data"],
    "kwargs": {"keep": 7},
    "queue": None,
    "exchange": None,
    "origin_id": None,
    "backfill_id": None,
    "expires_at": None,
    "queued_at": "2026-07-01T11:58:00.1Z",
    "next_attempt_at": None,
    "received_at": "2026-07-01T11:58:00.15Z",
    "received_by": "celery@host",
    "started_at": "2026-07-01T11:58:00.2Z",
    "times_out_at": None,
    "finished_at": "2026-07-01T11:58:12.2Z",
    "worker": "celery@host",
    "attempt": 1,
    "progress": None,
    "result": {"files": 3},
    "result_is_preview": False,
    "result_size": 11,
    "error": None,
    "covered_until": None,
    "covered_count": None,
    "covered_count_exact": True,
    "source": None,
    "not_promised": [],
    "notice": None,
}
TRACEBACK = 'Traceback (most recent call last):\n  File "app.py", line 7, in backup\nOSError: [disk] full\n'
FAILED = RUN | {
    "state": "failed",
    "result": None,
    "error": {"type": "OSError", "message": "[disk] full\nsecond line", "traceback": TRACEBACK},
}
MISSED = RUN | {
    "state": "missed",
    "reason": "no node was running",
    "covered_until": "2026-07-01T11:59:00Z",
    "covered_count": 31,
    "covered_count_exact": False,
}


def call(
    document: Any, *arguments: str, seen: list[str] | None = None, sleep: Callable[[float], None] = lambda _: None
) -> Result:
    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(str(request.url.raw_path.decode()))
        return httpx.Response(200, json=document)

    connection = Connection(transport=httpx.MockTransport(answer), clock=ManualClock(NOW), sleep=sleep)
    return CliRunner().invoke(app, arguments, obj=connection)


def said(document: Any, *arguments: str) -> str:
    result = call(document, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def page(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(runs), "next_cursor": None}


def test_the_list_tells_what_became_of_each_fire_time() -> None:
    lines = said(page(RUN, FAILED, MISSED), "list").splitlines()
    assert lines[0].split() == ["FIRE", "TIME", "SCHEDULE", "STATE", "CAUSE", "TOOK", "NOTE", "ID"]
    assert lines[1].split() == ["2m", "ago", "backup", "succeeded", "schedule", "12.0s", RUN["id"]]
    assert "OSError: [disk] full " in lines[2]
    assert "no node was running" in lines[3]


def test_the_newest_twenty_are_asked_for_unless_said_otherwise() -> None:
    seen: list[str] = []
    call(page(), "list", seen=seen)
    call(page(), "list", "--schedule", "a b", "--state", "failed", "--cause", "manual", "--limit", "5", seen=seen)
    call(page(), "list", "--since", "2026-07-04", "--until", "2026-07-06T12:00+02:00", "--task", "app.x", seen=seen)
    call(page(), "list", "--state", "failed", "--state", "missed", seen=seen)
    assert seen == [
        "/api/v1/runs?limit=20",
        "/api/v1/runs?schedule=a+b&state=failed&cause=manual&limit=5",
        "/api/v1/runs?task=app.x&from=2026-07-04T00%3A00%3A00Z&until=2026-07-06T10%3A00%3A00Z&limit=20",
        "/api/v1/runs?state=failed&state=missed&limit=20",
    ]


def test_an_empty_list_says_whether_anything_was_looked_for() -> None:
    assert said(page(), "list") == "Nothing has run yet.\n"
    assert said(page(), "list", "--state", "failed") == "No run matches.\n"


def test_programs_get_ids_or_the_documents() -> None:
    assert said(page(RUN), "list", "-o", "name") == f"{RUN['id']}\n"
    assert json.loads(said(page(RUN), "list", "-o", "json")) == page(RUN)
    assert json.loads(said(RUN, "show", RUN["id"], "-o", "json")) == RUN
    assert said(RUN, "show", RUN["id"], "-o", "name") == f"{RUN['id']}\n"


def test_show_tells_the_whole_story_of_a_run() -> None:
    shown = said(RUN, "show", RUN["id"])
    for fact in (
        "backup (version 3)",
        "succeeded",
        "2026-07-01 11:58:00 UTC (2m ago)",
        "12.0s",
        "celery@host",
        '"files": 3',
    ):
        assert fact in shown


def test_show_prints_a_traceback_as_python_does() -> None:
    shown = said(FAILED, "show", RUN["id"])
    assert "OSError: [disk] full" in shown
    assert shown.endswith("\n" + TRACEBACK)


def test_show_tells_how_many_fire_times_were_missed() -> None:
    shown = said(MISSED, "show", RUN["id"])
    assert "at least 31 fire times, the last 2026-07-01 11:59:00 UTC (1m ago)" in shown
    assert "no node was running" in shown


def test_show_tells_what_a_run_waits_for_and_until_when() -> None:
    error = {"type": "OSError", "message": "full", "traceback": None}
    retrying = RUN | {"state": "retrying", "finished_at": None, "result": None, "error": error}
    lines = said(retrying | {"next_attempt_at": "2026-07-01T12:00:10Z"}, "show", RUN["id"]).splitlines()
    assert [line for line in lines if line.startswith(("last error", "next attempt", "attempt"))] == [
        "last error    OSError: full",
        "next attempt  2026-07-01 12:00:10 UTC (in 10s)",
        "attempt       1",
    ]
    running = RUN | {"state": "running", "finished_at": None, "times_out_at": "2026-07-01T12:05:00Z"}
    assert "times out  2026-07-01 12:05:00 UTC (in 5m)" in said(running, "show", RUN["id"])
    reason = "Waits for its turn: 1 at once of 'db'."
    waiting = RUN | {"state": "buffered", "reason": reason, "expires_at": "2026-07-01T12:05:00Z"}
    shown = said(waiting, "show", RUN["id"])
    assert reason in shown
    assert "expires    2026-07-01 12:05:00 UTC (in 5m)" in shown


def test_a_cancelled_run_is_told_with_what_its_worker_does() -> None:
    seen: list[str] = []
    message = "Its worker celery@host cannot interrupt a task (pool solo), so the task runs on."
    answer = {"run": RUN | {"state": "running"}, "interruption": "impossible", "message": message}
    result = call(answer, "cancel", RUN["id"], "--terminate", "--note", "it hangs", seen=seen)
    assert result.exit_code == 0, result.output
    assert seen == [f"/api/v1/runs/{RUN['id']}/cancel"]
    assert result.stdout == f"Run {RUN['id']} is running. {message}\n"
    assert json.loads(said(answer, "cancel", RUN["id"], "-o", "json")) == answer
    assert said(answer, "cancel", RUN["id"], "-o", "name") == f"{RUN['id']}\n"


def test_a_rerun_is_asked_for_with_its_changes_and_followed_to_its_end() -> None:
    seen: list[str] = []
    again = RUN | {"cause": "rerun", "origin_id": RUN["id"]}
    result = call(again, "rerun", RUN["id"], "--kwarg", "keep=1", "--wait", seen=seen)
    assert result.exit_code == 0, result.output
    assert seen == [f"/api/v1/runs/{RUN['id']}/rerun"]
    assert "succeeded after 12.0s" in result.stderr
    assert f"repeats    {RUN['id']}" in said(again, "show", RUN["id"])


def test_watching_refreshes_until_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    rests: list[float] = []
    seen: list[str] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 3:
            raise KeyboardInterrupt

    result = call(page(RUN), "list", "--watch", seen=seen, sleep=rest)
    assert result.exit_code == 0
    assert "backup" in result.stdout
    assert rests == [1.0, 1.0, 1.0]
    assert len(seen) == 3


@pytest.mark.parametrize("arguments", [(), ("-o", "json")])
def test_watching_needs_a_terminal(arguments: tuple[str, ...]) -> None:
    result = call(page(RUN), "list", "--watch", *arguments)
    assert isinstance(result.exception, SetupError)


def test_the_words_of_the_options_are_those_of_the_ledger() -> None:
    assert set(OPEN) == {state.value for state in RunState} - set(ENDED)
    assert set(get_args(CauseWord)) == {cause.value for cause in Cause}
    assert {state.value for state in TERMINAL} == set(ENDED)
    assert call(page(), "list", "--state", "gone").exit_code == 2


@pytest.mark.parametrize("command", ["list", "show", "log", "rerun", "cancel"])
def test_the_help_of_every_command_shows_an_example(command: str) -> None:
    assert f"punctual runs {command}" in said(None, command, "--help")


def test_show_tells_who_told_of_a_run_and_what_is_not_promised() -> None:
    told = {**RUN, "source": "events", "not_promised": ["It may run more than once.", "An event may be lost."]}
    lines = said(told, "show", RUN["id"]).splitlines()
    assert "told by       Celery events" in lines
    assert lines[lines.index("not promised  It may run more than once.") + 1].strip() == "An event may be lost."


def test_show_tells_how_far_a_run_is() -> None:
    progress = {"done": 1500.0, "total": 6000.0, "note": "reading", "at": "2026-07-01T11:59:00Z"}
    assert "1,500 of 6,000 (25%): reading\n" in said(RUN | {"progress": progress}, "show", RUN["id"])
    assert " 2.50\n" in said(RUN | {"progress": progress | {"done": 2.5, "total": None, "note": None}}, "show", "x")


LINE = {"at": "2026-07-01T11:58:01.25Z", "attempt": 1, "level": "info", "text": "\x1b[31mred\x7f"}


def test_the_log_of_a_run_is_printed_line_by_line() -> None:
    again = LINE | {"attempt": 2, "level": "warning", "text": "again"}
    log = {"items": [LINE, again], "after": "x", "more": False}
    assert said(log, "log", RUN["id"]).splitlines() == [
        r"11:58:01.250 INFO     \x1b[31mred\x7f",
        "11:58:01.250 WARNING  attempt 2 again",
    ]
    assert [json.loads(line) for line in said(log, "log", RUN["id"], "-o", "json").splitlines()] == [LINE, again]


def test_a_log_is_followed_until_the_run_has_ended_and_once_more() -> None:
    pages = iter(
        [
            {"items": [LINE | {"text": "one"}], "after": "1", "more": True},
            {"items": [LINE | {"text": "two"}], "after": "2", "more": False},
            RUN | {"state": "running"},
            {"items": [], "after": "2", "more": False},
            RUN,
            {"items": [LINE | {"text": "three"}], "after": "3", "more": False},
        ]
    )
    seen: list[str] = []
    pauses: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.query.decode())
        return httpx.Response(200, json=next(pages))

    connection = Connection(transport=httpx.MockTransport(answer), clock=ManualClock(NOW), sleep=pauses.append)
    result = CliRunner().invoke(app, ["log", RUN["id"], "--follow"], obj=connection)
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["one", "two", "three"]
    assert seen == ["limit=1000", "after=1&limit=1000", "", "after=2&limit=1000", "", "after=2&limit=1000"]
    assert len(pauses) == 2
