"""Secrets in arguments are stored and sent, and shown to nobody; who sends back what was shown changes nothing."""

import logging
from typing import Any
from uuid import UUID

import httpx
import pytest

from integration.api.conftest import Create
from punctual.domain.masking import MASK
from punctual.domain.processes import Task
from punctual.domain.run import RunError, RunState
from punctual.engine.build import build_engine
from punctual.store import schedules
from punctual.store.database import Database
from punctual.store.process_tables import tasks
from punctual.testing import ManualClock, RecordingSender
from worker_records import end, start

SECRET = "hunter2!"
SIGNATURE = {
    "type": "object",
    "properties": {
        "user": {"type": "string"},
        "phrase": {"type": "string", "format": "password", "writeOnly": True},
        "options": {"type": "object"},
    },
    "required": ["user", "phrase"],
    "x-positional": ["user", "phrase", "options"],
}
ARGS = ["anna", SECRET, {"api_key": "k3y-of-anna", "url": f"https://x/?p={SECRET}"}]
SHOWN = ["anna", MASK, {"api_key": MASK, "url": f"https://x/?p={MASK}"}]


@pytest.fixture(autouse=True)
def _task(database: Database, clock: ManualClock) -> None:
    task = Task(name="log.in", description="", signature=SIGNATURE, queues=[], seen_at=clock.now())
    with database.write() as tx:
        tx.connection.execute(tasks.insert(), [task.model_dump(exclude={"queues"})])


@pytest.fixture
def schedule(create: Create) -> dict[str, Any]:
    return create(name="login", task="log.in", args=ARGS)


def stored(database: Database) -> list[Any]:
    with database.read() as tx:
        found = schedules.get(tx, "login")
    assert found is not None
    return found.spec.args


def test_no_answer_about_a_schedule_shows_them(client: httpx.Client, schedule: dict[str, Any]) -> None:
    assert schedule["args"] == SHOWN
    answers = [client.get("schedules"), client.get("schedules/login")]
    answers += [client.post(f"schedules/login/{action}") for action in ("pause", "resume", "skip-next", "unskip")]
    answers += [client.patch("schedules/login", json={"description": "x"})]
    for answer in answers:
        assert answer.status_code < 300, answer.text
        assert SECRET not in answer.text
        assert MASK in answer.text


def test_no_answer_about_a_run_shows_them(
    client: httpx.Client, schedule: dict[str, Any], database: Database, clock: ManualClock
) -> None:
    run = client.post("schedules/login/run-now").json()
    key = UUID(run["id"])
    error = RunError(type="Refused", message=f"not {SECRET}", traceback=f"login({SECRET!r})")
    with database.write() as tx:
        start(tx, key, at=clock.now())
        end(tx, key, RunState.FAILED, at=clock.now(), attempt=1, error=error)
    again = client.post(f"runs/{key}/rerun")
    answers = [client.get(f"runs/{key}"), client.get("runs"), again, client.post(f"runs/{again.json()['id']}/cancel")]
    for answer in answers:
        assert answer.status_code < 300, answer.text
        assert SECRET not in answer.text
        assert "k3y-of-anna" not in answer.text
    assert answers[0].json()["error"] == {"type": "Refused", "message": f"not {MASK}", "traceback": f"login('{MASK}')"}
    assert schedule["id"] == run["schedule_id"]


def test_what_is_masked_can_be_sent_back_and_never_is_stored(
    client: httpx.Client, schedule: dict[str, Any], database: Database
) -> None:
    unchanged = client.patch("schedules/login", json={"args": schedule["args"]}).json()
    assert unchanged["version"] == 1
    changed = client.patch("schedules/login", json={"args": ["bert", *SHOWN[1:]]}).json()
    assert (changed["version"], changed["args"]) == (2, ["bert", *SHOWN[1:]])
    assert stored(database) == ["bert", *ARGS[1:]]
    new = client.patch("schedules/login", json={"args": ["bert", "another one"]}).json()
    assert (new["args"], stored(database)) == (["bert", MASK], ["bert", "another one"])
    # The web UI gives by name what may have been stored by position.
    named = {"args": [], "kwargs": {"user": "carl", "phrase": MASK}}
    moved = client.patch("schedules/login", json=named).json()
    assert (moved["kwargs"], stored(database)) == ({"user": "carl", "phrase": MASK}, [])
    placed = client.patch("schedules/login", json={"args": ["bert", MASK], "kwargs": {"user": None, "phrase": None}})
    assert (placed.json()["args"], stored(database)) == (["bert", MASK], ["bert", "another one"])
    for args in ([MASK, "another one"], ["bert", f"my {MASK}"], ["bert", MASK, {"api_key": MASK}]):
        refused = client.patch("schedules/login", json={"args": args})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "masked")
    copied = client.post("schedules", json={"name": "copy", "task": "log.in", "trigger": "@daily", "args": SHOWN})
    assert [fault["path"] for fault in copied.json()["errors"]] == ["args[1]", "args[2].api_key", "args[2].url"]
    assert stored(database) == ["bert", "another one"]


def test_a_run_may_be_given_what_was_shown_of_its_schedule(
    client: httpx.Client, schedule: dict[str, Any], database: Database, clock: ManualClock
) -> None:
    sender = RecordingSender()
    engine = build_engine(database, sender, clock)
    asked = client.post("schedules/login/run-now", json={"args": ["bert", *schedule["args"][1:]]})
    assert asked.status_code == 202, asked.text
    engine.step()
    (message,) = sender.messages
    assert list(message.args) == ["bert", *ARGS[1:]]
    # Monitors and the logs of workers show this.
    assert message.shown is not None
    assert (message.shown.args, message.shown.kwargs) == (["bert", *SHOWN[1:]], {})


def test_a_fault_of_a_secret_does_not_repeat_it(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    document = {"name": "login", "task": "log.in", "trigger": "@daily", "args": ["anna", ["hunter2!"]]}
    with caplog.at_level(logging.DEBUG):
        answer = client.post("schedules", json=document)
    assert answer.status_code == 422
    assert "hunter2" not in answer.text + caplog.text


def test_lists_show_the_first_part_of_big_results_and_no_tracebacks(
    client: httpx.Client, schedule: dict[str, Any], database: Database, clock: ManualClock
) -> None:
    ids = [UUID(client.post(f"schedules/{schedule['id']}/run-now").json()["id"]) for _ in range(2)]
    big = {"rows": [{"name": "x" * 50, "number": number} for number in range(300)]}
    with database.write() as tx:
        end(tx, ids[0], RunState.SUCCEEDED, at=clock.now(), result=big)
        end(tx, ids[1], RunState.FAILED, at=clock.now(), error=RunError(type="E", message="m", traceback="t" * 5000))
    listed = {UUID(run["id"]): run for run in client.get("runs").json()["items"]}
    one = listed[ids[0]]
    assert one["result_is_preview"]
    assert one["result"]["rows"][0] == big["rows"][0]
    assert len(one["result"]["rows"]) < 100
    assert listed[ids[1]]["error"] == {"type": "E", "message": "m", "traceback": None}
    whole = client.get(f"runs/{ids[0]}").json()
    assert (whole["result"], whole["result_is_preview"], whole["result_size"]) == (big, False, one["result_size"])
