"""`punctual schedules`: what each command sends and says."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from punctual.cli.client import RefusedError
from unit.cli.stub_server import BACKUP, Server, call, said

PAUSED = BACKUP | {"status": BACKUP["status"] | {"state": "paused", "paused": True, "pause_note": "storage moves"}}


def test_the_list_tells_state_and_times_at_a_glance() -> None:
    server = Server(GET=[{"items": [BACKUP], "next_cursor": None}])
    lines = said(server, "list", "--search", "back", "--state", "active").splitlines()
    assert [line.split() for line in lines] == [
        ["NAME", "STATE", "NEXT", "FIRE", "LAST", "FIRE", "TRIGGER", "TASK"],
        ["backup", "active", "in", "4s", "2m", "ago", "every", "4s", "app.backup"],
    ]
    assert server.calls == ["GET /api/v1/schedules?q=back&state=active&limit=200"]


UNSERVED = {"code": "task_not_served", "message": "No living worker serves the task app.backup.", "fix": "Start one."}
NO_WORKER = {"code": "no_worker", "message": "No worker with the plug-in is alive.", "fix": "Start one."}


def test_the_list_and_the_page_tell_what_nobody_would_run() -> None:
    unserved = BACKUP | {"warnings": [UNSERVED]}
    listed = said(Server(GET=[{"items": [unserved, PAUSED], "next_cursor": None}]), "list").splitlines()
    assert listed[-1] == "backup: No living worker serves the task app.backup. Start one."
    assert "No living worker serves the task app.backup. Start one." in said(Server(GET=[unserved]), "show", "backup")


def test_that_no_worker_lives_is_said_once_for_all_schedules() -> None:
    page = {"items": [BACKUP | {"warnings": [NO_WORKER]}, PAUSED | {"warnings": [NO_WORKER]}], "next_cursor": None}
    assert said(Server(GET=[page]), "list").count("No worker with the plug-in is alive.") == 1


def test_the_list_prints_names_for_scripts_and_the_documents_for_programs() -> None:
    page = {"items": [BACKUP, PAUSED | {"name": "two words"}], "next_cursor": None}
    assert said(Server(GET=[page]), "list", "-o", "name") == "backup\ntwo words\n"
    assert json.loads(said(Server(GET=[page]), "list", "-o", "json")) == page


def test_an_empty_list_says_what_to_do_next() -> None:
    empty: dict[str, Any] = {"items": [], "next_cursor": None}
    assert "punctual schedules create" in said(Server(GET=[empty]), "list")
    assert said(Server(GET=[empty]), "list", "--search", "x") == "No schedule matches.\n"
    assert said(Server(GET=[empty]), "list", "-o", "name") == ""


def test_show_tells_every_fact_that_is_known() -> None:
    shown = said(Server(GET=[PAUSED]), "show", "backup")
    for fact in (
        "paused",
        "storage moves",
        "every 4s",
        '["/srv/data"]',
        '{"keep": 7}',
        "2 of 5",
        "2026-07-01 12:00:04 UTC (in 4s)",
    ):
        assert fact in shown
    assert "queue" not in shown


def test_show_tells_policies_and_failures_where_there_are_any() -> None:
    words = [
        {"policy": "retry", "words": "up to 3 attempts, with pauses of 10s and 20s"},
        {"policy": "on_lost", "words": "a run whose worker died is attempted again"},
    ]
    failing = BACKUP | {"status": BACKUP["status"] | {"failure_streak": 3, "policy_words": words}}
    lines = [line.split(maxsplit=1) for line in said(Server(GET=[failing]), "show", "backup").splitlines()]
    assert ["failures", "3 in a row"] in lines
    assert ["retry", "up to 3 attempts, with pauses of 10s and 20s"] in lines
    assert ["lost", "runs       a run whose worker died is attempted again"] in lines
    assert "failures" not in said(Server(GET=[BACKUP]), "show", "backup")


def test_show_tells_the_bounds_of_catching_up() -> None:
    def line(**policy: object) -> str:
        shown = said(Server(GET=[BACKUP | {"catchup": BACKUP["catchup"] | policy}]), "show", "backup")
        return next(line for line in shown.splitlines() if line.startswith("catch-up")).removeprefix("catch-up").strip()

    assert line() == "latest, for what is more than 60s late and within 86400s"
    assert line(policy="all") == "all, for what is more than 60s late and within 86400s, at most 100"
    assert line(policy="none", grace=1.5) == "none, for what is more than 1.5s late"


def test_options_replace_only_parts_of_the_policies_of_a_document() -> None:
    document = {"name": "s", "task": "t", "trigger": "@daily", "retry": {"attempts": 5, "delay": 60}}
    server = Server(POST=[BACKUP], PATCH=[BACKUP])
    said(server, "create", "-f", "-", "--retry-delay", "", "--overlap", "skip", stdin=json.dumps(document))
    assert server.body == document | {"retry": {"attempts": 5}, "overlap": "skip"}
    patch = {"retry": {"attempts": 5}, "concurrency": {"key": "db"}}
    options = ("--retry-delay", "", "--concurrency-limit", "3", "--timeout", "")
    said(server, "edit", "backup", "-f", "-", *options, stdin=json.dumps(patch))
    assert server.body == {
        "retry": {"attempts": 5, "delay": None},
        "concurrency": {"key": "db", "limit": 3},
        "timeout": None,
    }


def test_create_sends_what_was_given_and_says_when_it_fires() -> None:
    server = Server(POST=[BACKUP])
    printed = said(
        server,
        *("create", "backup", "--task", "app.backup", "--trigger", "every 4s", "--arg", "/srv/data", "--arg", "-5"),
        *("--kwarg", "keep=7", "--kwarg", 'label="7"', "--queue", "slow", "--catchup", "none", "--description", "Hm"),
    )
    assert server.calls == ["POST /api/v1/schedules"]
    assert server.body == {
        "name": "backup",
        "task": "app.backup",
        "trigger": "every 4s",
        "args": ["/srv/data", -5],
        "kwargs": {"keep": 7, "label": "7"},
        "queue": "slow",
        "catchup": {"policy": "none"},
        "description": "Hm",
    }
    assert printed == "Created backup: every 4s, next fire time 2026-07-01 12:00:04 UTC (in 4s)\n"


def test_a_task_that_nobody_announced_passes_only_when_asked_for() -> None:
    server = Server(POST=[BACKUP])
    said(server, "create", "backup", "--task", "t", "--trigger", "@daily", "--allow-unknown-task")
    assert server.calls == ["POST /api/v1/schedules?allow_unknown_task=true"]


def test_a_shown_schedule_can_be_made_again_under_another_name() -> None:
    server = Server(POST=[BACKUP])
    said(server, "create", "copy", "-f", "-", "--trigger", "@weekly", stdin=json.dumps(BACKUP))
    assert server.body == {
        "name": "copy",
        "description": "Copies the data away.",
        "task": "app.backup",
        "args": ["/srv/data"],
        "kwargs": {"keep": 7},
        "queue": None,
        "service": "default",
        "labels": {},
        "trigger": "@weekly",
        "start_at": None,
        "end_at": None,
        "max_runs": 5,
        "jitter": 0.0,
        "calendars": {"blackout": [], "allowed": [], "when_closed": "skip"},
        "catchup": {"policy": "latest", "grace": 60.0, "window": 86400.0, "limit": 100},
    }


def test_create_names_everything_that_is_missing_and_sends_nothing() -> None:
    server = Server()
    result = call(server, "create")
    assert result.exit_code == 2
    assert "NAME and --task and --trigger must be given" in result.stderr
    assert server.requests == []


def test_create_shows_every_fault() -> None:
    faults = [{"path": "trigger", "message": "bad", "fix": ""}, {"path": "task", "message": "unknown", "fix": "Look."}]
    answer = httpx.Response(422, json={"title": "x", "status": 422, "code": "y", "detail": "bad", "errors": faults})
    result = call(Server(POST=[answer]), "create", "a", "--task", "t", "--trigger", "x")
    assert isinstance(result.exception, RefusedError)
    assert "  trigger: bad\n  task: unknown. Look." in result.exception.message


def test_edit_sends_only_what_was_given() -> None:
    server = Server(PATCH=[BACKUP])
    printed = said(server, "edit", "backup", "--trigger", "every 4s", "--queue", "", "--rename", "new name")
    assert server.calls == ["PATCH /api/v1/schedules/backup"]
    assert server.body == {"trigger": "every 4s", "queue": None, "name": "new name"}
    assert "if-match" not in server.requests[0].headers
    assert printed.startswith("Changed backup: every 4s")


def edit_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    script = tmp_path / "edit.sed"
    script.write_text(program, encoding="utf-8")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"sed -i -f {script}")


def test_edit_without_options_sends_what_the_editor_changed_and_only_over_the_version_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_with(monkeypatch, tmp_path, 's/"keep": 7/"keep": 14/; s/ 4[.]0/ 5/; /anchor/s/"2026.*"/null/')
    server = Server(GET=[BACKUP], PATCH=[BACKUP])
    said(server, "edit", "backup")
    assert server.calls == ["GET /api/v1/schedules/backup", f"PATCH /api/v1/schedules/{BACKUP['id']}"]
    assert server.requests[-1].headers["if-match"] == '"3"'
    assert server.body == {"kwargs": {"keep": 14}, "trigger": {"kind": "interval", "every": 5, "anchor": None}}


def test_an_editor_that_changes_nothing_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_with(monkeypatch, tmp_path, "")
    server = Server(GET=[BACKUP])
    assert said(server, "edit", "backup") == "backup is unchanged.\n"
    assert server.calls == ["GET /api/v1/schedules/backup"]


def test_delete_says_how_to_undo_it() -> None:
    server = Server(GET=[BACKUP], DELETE=[None])
    assert said(server, "delete", "backup", "--yes") == (
        f"Deleted backup. To undo: punctual schedules restore {BACKUP['id']}\n"
    )
    assert server.calls == ["GET /api/v1/schedules/backup", f"DELETE /api/v1/schedules/{BACKUP['id']}"]


@pytest.mark.parametrize(("answer", "calls"), [("y\n", 2), ("n\n", 1)])
def test_delete_asks_on_a_terminal(answer: str, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True)
    server = Server(GET=[BACKUP], DELETE=[None])
    result = call(server, "delete", "backup", stdin=answer)
    assert "Delete backup?" in result.stdout
    assert len(server.requests) == calls
    assert (result.exit_code == 0) is (calls == 2)


def test_pause_resume_and_restore_say_what_follows() -> None:
    server = Server(POST=[PAUSED, BACKUP, BACKUP])
    assert said(server, "pause", "backup", "--note", "storage moves") == (
        "Paused backup: every 4s, paused (storage moves)\n"
    )
    assert json.loads(server.requests[0].content) == {"note": "storage moves"}
    assert said(server, "resume", "backup").startswith("Resumed backup: every 4s, next fire time 2026-07-01 12:00:04")
    assert said(server, "restore", BACKUP["id"], "-o", "name") == "backup\n"
    assert server.calls == [
        "POST /api/v1/schedules/backup/pause",
        "POST /api/v1/schedules/backup/resume",
        f"POST /api/v1/schedules/{BACKUP['id']}/restore",
    ]


def test_every_command_takes_the_server_of_the_group() -> None:
    server = Server(GET=[BACKUP])
    said(server, "--url", "http://elsewhere.example:9", "show", "backup")
    assert str(server.requests[0].url).startswith("http://elsewhere.example:9/api/v1/")


@pytest.mark.parametrize(
    "command", ["list", "show", "create", "edit", "delete", "restore", "pause", "resume", "run", "skip-next", "unskip"]
)
def test_the_help_of_every_command_shows_an_example(command: str) -> None:
    assert f"punctual schedules {command}" in said(Server(), command, "--help")
