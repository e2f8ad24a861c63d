"""The management commands against a real server: from a schedule's creation to its end, and what goes wrong."""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest

import worker_records
from punctual.domain.clock import SystemClock
from punctual.domain.run import RunError, RunState
from punctual.domain.triggers.zone import TZDATA_VERSION
from punctual.engine.build import build_engine
from punctual.engine.sender import TaskMessage, Unsendable
from punctual.store.database import Database
from punctual.testing import RecordingSender

Punctual = Callable[..., Any]

CREATE = ("schedules", "create", "backup", "--task", "app.backup", "--trigger", "@daily", "--arg", "/srv/data")


def names(punctual: Punctual, *arguments: str) -> list[str]:
    listed: str = punctual("schedules", "list", "-o", "name", *arguments).out
    return listed.split()


def test_a_schedule_lives_its_whole_life_by_commands(punctual: Punctual) -> None:
    created = punctual(*CREATE, "--kwarg", "keep=3")
    assert (created.status, created.err) == (0, "")
    assert created.out.startswith("Created backup: @daily, next fire time ")

    assert names(punctual) == ["backup"]
    assert "in " in punctual("schedules", "list").out

    assert "paused (storage moves)" in punctual("schedules", "pause", "backup", "--note", "storage moves").out
    assert names(punctual, "--state", "paused") == ["backup"]
    assert "storage moves" in punctual("schedules", "show", "backup").out
    assert "next fire time" in punctual("schedules", "resume", "backup").out

    assert punctual("schedules", "edit", "backup", "--trigger", "every 90s", "--kwarg", "keep=5").status == 0
    changed = json.loads(punctual("schedules", "show", "backup", "-o", "json").out)
    assert changed["trigger"]["every"] == 90
    assert (changed["args"], changed["kwargs"], changed["version"]) == (["/srv/data"], {"keep": 5}, 2)

    run_id = punctual("schedules", "run", "backup", "-o", "name").out.strip()
    assert punctual("runs", "list", "--schedule", "backup", "-o", "name").out.split() == [run_id]
    shown = punctual("runs", "show", run_id).out
    for fact in ("backup (version 2)", "pending", "manual", "app.backup", '{"keep": 5}'):
        assert fact in shown
    fire_time = json.loads(punctual("runs", "show", run_id, "-o", "json").out)["fire_time"]
    assert f"pending (manual) {run_id}" in punctual("schedules", "explain", "backup", fire_time).out
    assert "made later" in punctual("schedules", "explain", "backup", "2020-01-01T00:00Z").out
    assert punctual("runs", "list", "--since", fire_time, "--state", "pending", "-o", "name").out.split() == [run_id]
    assert punctual("runs", "list", "--until", fire_time, "--task", "app.backup", "-o", "name").out.split() == []

    deleted = punctual("schedules", "delete", "backup").out
    assert names(punctual) == []
    assert punctual("runs", "list", "-o", "name").out.split() == [run_id]
    restored = punctual(*deleted.split("To undo: punctual ")[1].split())
    assert restored.out.startswith("Restored backup: every 90s")
    assert names(punctual) == ["backup"]


def test_wrong_input_shows_every_fault_and_changes_nothing(punctual: Punctual) -> None:
    refused = punctual(
        *("schedules", "create", "a/b", "--task", "app.backup", "--trigger", "0 25 * * * Europe/Berlin"),
        *("--kwarg", "keep=0", "--kwarg", "colour=red"),
    )
    assert refused.status == 1
    assert refused.out == ""
    lines = refused.err.splitlines()
    assert lines[0] == "error: The input has 5 faults:"
    marked = [line for line in lines if line.startswith("    ")]
    assert marked == ["    0 25 * * * Europe/Berlin", "      ^"]
    paths = [line.split(":")[0].strip() for line in lines[1:-1] if line not in marked]
    assert sorted(paths) == ["kwargs.colour", "kwargs.keep", "kwargs.source", "name", "trigger.expression"]
    assert lines[-1].startswith("fix: ")
    assert names(punctual) == []


def test_an_unknown_task_is_refused_with_what_to_do_and_passes_when_allowed(punctual: Punctual) -> None:
    wrong = ("schedules", "create", "a", "--task", "app.backups", "--trigger", "@daily")
    refused = punctual(*wrong)
    assert refused.status == 1
    assert "app.backup?" in refused.err
    assert punctual(*wrong, "--allow-unknown-task").status == 0


@pytest.mark.parametrize(
    "arguments", [("schedules", "show", "none"), ("runs", "show", "none"), ("tasks", "show", "none")]
)
def test_what_does_not_exist_is_said_in_a_sentence(punctual: Punctual, arguments: tuple[str, ...]) -> None:
    missing = punctual(*arguments)
    assert (missing.status, missing.out) == (1, "")
    assert missing.err.startswith("error: ")
    assert "Traceback" not in missing.err


def test_a_shown_schedule_makes_the_same_schedule_again(punctual: Punctual, tmp_path: Path) -> None:
    punctual(*CREATE, "--queue", "slow", "--description", "Copies the data.", "--catchup", "all")
    shown = punctual("schedules", "show", "backup", "-o", "json").out
    file = tmp_path / "backup.json"
    file.write_text(shown, encoding="utf-8")
    assert punctual("schedules", "create", "copy", "-f", str(file)).status == 0
    copy = json.loads(punctual("schedules", "show", "copy", "-o", "json").out)
    original = json.loads(shown)
    for field in ("task", "args", "kwargs", "queue", "description", "trigger", "catchup"):
        assert copy[field] == original[field]


def edit_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    script = tmp_path / "edit.sed"
    script.write_text(program, encoding="utf-8")
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(drafts))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"sed -i -f {script}")


def test_the_editor_can_change_one_kind_of_trigger_into_another(
    punctual: Punctual, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    punctual(*CREATE)
    edit_with(monkeypatch, tmp_path, r'/"trigger": {/,/^  }/c\  "trigger": {"kind": "interval", "every": 5},')
    edited = punctual("schedules", "edit", "backup")
    assert edited.out.startswith("Changed backup: every 5s"), edited.err


def test_an_edit_of_a_schedule_that_changed_meanwhile_is_refused_and_kept(
    punctual: Punctual, server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    punctual(*CREATE)
    edit_with(monkeypatch, tmp_path, 's/"description": ""/"description": "mine"/')
    send = httpx.Client.request

    def send_after_somebody_else(client: httpx.Client, method: str, *rest: Any, **options: Any) -> httpx.Response:
        if method == "PATCH":
            headers = {"Authorization": client.headers["authorization"]}
            other = httpx.Client(base_url=f"{server_url}/api/v1", headers=headers)
            with other:
                assert send(other, "PATCH", "/schedules/backup", json={"description": "theirs"}).status_code == 200
        return send(client, method, *rest, **options)

    monkeypatch.setattr(httpx.Client, "request", send_after_somebody_else)
    refused = punctual("schedules", "edit", "backup")
    assert refused.status == 1
    assert "version" in refused.err
    (draft,) = (tmp_path / "drafts").iterdir()
    assert str(draft) in refused.err
    assert '"mine"' in draft.read_text(encoding="utf-8")
    assert json.loads(punctual("schedules", "show", "backup", "-o", "json").out)["description"] == "theirs"


class _Worker(RecordingSender):
    """A sender whose messages are run at once; the argument /bad fails."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def send(self, messages: Sequence[TaskMessage]) -> Sequence[Unsendable]:
        with self._database.write() as tx:
            for message in messages:
                at = SystemClock().now()
                worker_records.start(tx, message.run_id, worker="celery@test", at=at)
                if list(message.args) == ["/bad"]:
                    error = RunError(type="OSError", message="disk full", traceback="Traceback …\nOSError: disk full")
                    worker_records.end(tx, message.run_id, RunState.FAILED, at=at, error=error)
                else:
                    worker_records.end(tx, message.run_id, RunState.SUCCEEDED, at=at, result={"files": 3})

        return ()


@pytest.fixture
def _engine(database: Database) -> Iterator[None]:
    engine = build_engine(database, _Worker(database), SystemClock())
    engine.start()
    yield
    engine.stop(20)


@pytest.mark.usefixtures("_engine")
def test_waiting_for_a_run_ends_as_the_run_does(punctual: Punctual) -> None:
    punctual(*CREATE)
    good = punctual("schedules", "run", "backup", "--wait", "--timeout", "60", "-o", "json")
    assert good.status == 0, good.err
    assert good.err.splitlines()[-1].strip().startswith("succeeded")
    assert json.loads(good.out)["result"] == {"files": 3}

    punctual("schedules", "edit", "backup", "--arg", "/bad")
    bad = punctual("schedules", "run", "backup", "--wait", "--timeout", "60")
    assert bad.status == 1
    assert "failed" in bad.err
    assert "OSError: disk full" in bad.err
    failed = punctual("runs", "list", "--state", "failed", "-o", "name").out.split()
    assert punctual("runs", "show", *failed).out.endswith("Traceback …\nOSError: disk full\n")


def test_tasks_are_told_with_a_command_that_works(punctual: Punctual) -> None:
    assert punctual("tasks", "list", "-o", "name").out == "app.backup\n"
    shown = punctual("tasks", "show", "app.backup").out
    assert "Copy a folder away." in shown
    example = shown.splitlines()[-1]
    assert example.strip() == (
        "punctual schedules create NAME --task app.backup --trigger 'every 10m' --kwarg source=SOURCE"
    )


def test_a_sign_in_link_opens_one_session(punctual: Punctual, server_url: str) -> None:
    link = punctual("sign-in").out.strip()
    prefix, _, code = link.partition("/sign-in#code=")
    assert prefix == server_url
    codes = [httpx.post(f"{server_url}/api/v1/session", json={"code": code}).status_code for _ in range(2)]
    assert codes == [204, 401]


def test_a_wrong_token_is_told_by_its_source(punctual: Punctual, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_TOKEN", "not-the-token-of-this-server")
    refused = punctual("schedules", "list")
    assert refused.status == 1
    assert "the token from PUNCTUAL_TOKEN" in refused.err
    assert "not-the-token" not in refused.err


def test_a_server_that_is_not_there_is_told_with_its_address(punctual: Punctual, unused_port: int) -> None:
    address = f"http://127.0.0.1:{unused_port}"
    refused = punctual("runs", "--url", address, "list")
    assert refused.status == 1
    assert refused.err.startswith(f"error: No server answers at {address}")
    assert "`punctual up`" in refused.err


@pytest.mark.parametrize("name", ["with space", "ümläut 漢字", "50%?#&", "...", "-dash"])
def test_every_name_that_the_server_takes_can_be_named_in_commands(punctual: Punctual, name: str) -> None:
    made = punctual("schedules", "create", "--task", "app.backup", "--trigger", "@daily", "--arg", "x", "--", name)
    assert made.status == 0, made.err
    assert punctual("schedules", "show", "-o", "name", "--", name).out == f"{name}\n"
    assert punctual("schedules", "delete", "--", name).status == 0


def test_the_version_is_told_with_that_of_the_time_zones(punctual: Punctual) -> None:
    assert punctual("--version").out == f"punctual {version('punctual')} (tzdata {TZDATA_VERSION})\n"
