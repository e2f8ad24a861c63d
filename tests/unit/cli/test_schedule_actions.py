"""`punctual schedules run`, `skip-next` and `unskip`: what is asked for, and how a run is followed."""

import json
from typing import Any

from punctual.cli.runs import WaitedTooLongError
from unit.cli.stub_server import BACKUP, Server, call, said

RUN: dict[str, Any] = {
    "id": "4be0643f-1d98-573b-97cd-ca98a65347dd",
    "state": "pending",
    "reason": None,
    "started_at": None,
    "finished_at": None,
    "worker": None,
    "error": None,
}
RUNNING = RUN | {"state": "running", "worker": "celery@host", "started_at": "2026-07-01T12:00:01Z"}
SUCCEEDED = RUNNING | {"state": "succeeded", "finished_at": "2026-07-01T12:00:03Z"}
FAILED = SUCCEEDED | {"state": "failed", "error": {"type": "OSError", "message": "disk full", "traceback": None}}


def test_run_says_where_to_look() -> None:
    assert said(Server(POST=[RUN]), "run", "backup") == (
        f"Run {RUN['id']} is pending. To see it: punctual runs show {RUN['id']}\n"
    )


def test_arguments_for_one_run_are_sent_as_json() -> None:
    server = Server(POST=[RUN])
    said(server, "run", "backup", "--arg", "/srv", "--arg", "7", "--kwarg", "keep=1", "--kwarg", "label=seven")
    assert server.calls == ["POST /api/v1/schedules/backup/run-now"]
    assert server.body == {"args": ["/srv", 7], "kwargs": {"keep": 1, "label": "seven"}}


def test_skipping_says_what_is_skipped_and_how_to_undo_it() -> None:
    skip = {"fire_time": "2026-07-01T12:00:04Z", "actor": "anna", "note": "storage moves"}
    skipping = BACKUP | {"status": BACKUP["status"] | {"skips": [skip]}}
    server = Server(POST=[skipping, BACKUP], GET=[skipping])
    assert said(server, "skip-next", "backup", "--note", "storage moves") == (
        "backup skips 2026-07-01 12:00:04 UTC (in 4s). To undo: punctual schedules unskip backup\n"
    )
    assert server.body == {"note": "storage moves"}
    assert "skips           2026-07-01 12:00:04 UTC (in 4s), by anna: storage moves" in said(server, "show", "backup")
    assert said(server, "unskip", "backup") == "backup skips nothing.\n"
    assert server.calls[::2] == ["POST /api/v1/schedules/backup/skip-next", "POST /api/v1/schedules/backup/unskip"]


def test_a_run_that_is_waited_for_tells_each_state_once_and_succeeds() -> None:
    server = Server(POST=[RUN], GET=[RUN, RUN | {"state": "queued"}, RUNNING, RUNNING, SUCCEEDED])
    result = call(server, "run", "backup", "--wait", "-o", "json")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"Run {RUN['id']}",
        "  pending",
        "  queued",
        "  running on celery@host",
        "  succeeded after 2.0s",
    ]
    assert json.loads(result.stdout) == SUCCEEDED


def test_a_run_that_fails_ends_the_command_with_1_and_its_reason() -> None:
    result = call(Server(POST=[RUN], GET=[FAILED]), "run", "backup", "--wait")
    assert result.exit_code == 1
    assert "failed after 2.0s: OSError: disk full" in result.stderr


def test_waiting_ends_at_its_timeout_and_the_run_goes_on() -> None:
    result = call(Server(POST=[RUN]), "run", "backup", "--wait", "--timeout", "0")
    assert result.exit_code == 1
    assert isinstance(result.exception, WaitedTooLongError)
    assert "still pending after 0 s" in result.exception.message
    assert RUN["id"] in result.exception.fix


def test_a_timeout_without_waiting_is_refused_before_anything_runs() -> None:
    server = Server()
    assert call(server, "run", "backup", "--timeout", "5").exit_code == 2
    assert server.requests == []
