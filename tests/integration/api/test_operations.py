"""Pausing, resuming, running now, cancelling; runs, tasks, the system and its health."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

import worker_records
from punctual.domain.run import RunState
from punctual.store.database import Database
from punctual.testing import ManualClock

Create = Callable[..., dict[str, Any]]


def test_a_paused_schedule_says_why_and_fires_again_once_resumed(client: httpx.Client, create: Create) -> None:
    made = create()
    paused = client.post("schedules/nightly/pause", json={"note": "Moving house."})
    assert paused.status_code == 200
    status = paused.json()["status"]
    assert (status["state"], status["paused"], status["pause_note"]) == ("paused", True, "Moving house.")
    assert status["next_fire_time"] is None
    resumed = client.post("schedules/nightly/resume")
    assert resumed.status_code == 200
    assert resumed.json()["status"] == made["status"]


def test_the_next_run_is_skipped_and_taken_back(client: httpx.Client, create: Create) -> None:
    made = create(trigger="0 2 * * * Europe/Berlin")
    answer = client.post("schedules/nightly/skip-next", json={"note": "Moving house."})
    (skip,) = answer.json()["status"]["skips"]
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert (skip["fire_time"], skip["note"]) == ("2026-01-01T01:00:00Z", "Moving house.")
    assert skip["actor"] == client.get("whoami").json()["actor"]
    first, second = client.get("schedules/nightly/preview", params={"count": "2"}).json()["fire_times"]
    assert (first["due_time"], second["due_time"]) == (None, "2026-01-02T01:00:00Z")
    assert first["notes"] == [f"skipped: Skipped on purpose by {skip['actor']}: Moving house"]
    explained = client.get("schedules/nightly/explain", params={"instant": "2026-01-01T01:00:00Z"}).json()
    assert (explained["fires"], explained["due_time"]) == (False, None)
    assert explained["reasons"] == [f"Skipped on purpose by {skip['actor']}: Moving house"]
    assert client.get("forecast").json()["skipped"] == 1
    back = client.post("schedules/nightly/unskip")
    assert (back.status_code, back.json()["status"]) == (200, made["status"])
    wrong = client.post("schedules/nightly/skip-next", json={"note": 7, "nte": ""})
    assert [fault["path"] for fault in wrong.json()["errors"]] == ["note", "nte"]
    client.post("schedules/nightly/pause")
    refused = client.post("schedules/nightly/skip-next")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


def test_pausing_takes_no_body_but_refuses_a_wrong_one(client: httpx.Client, create: Create) -> None:
    create()
    wrong = client.post("schedules/nightly/pause", json={"note": "n" * 2001, "nte": ""})
    assert [fault["path"] for fault in wrong.json()["errors"]] == ["note", "nte"]
    assert client.get("schedules/nightly").json()["status"]["paused"] is False
    assert client.post("schedules/nightly/pause").json()["status"]["pause_note"] is None


def test_run_now_records_a_run_to_send(client: httpx.Client, create: Create) -> None:
    made = create(task="backup.copy", args=["/a", "/b"])
    answer = client.post("schedules/nightly/run-now")
    run = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/v1/runs/{run['id']}"
    assert run == {
        "id": run["id"],
        "schedule_id": made["id"],
        "schedule": "nightly",
        "schedule_version": 1,
        "cause": "manual",
        "state": "pending",
        "reason": None,
        "fire_time": "2026-01-01T00:00:00Z",
        "due_time": "2026-01-01T00:00:00Z",
        "task": "backup.copy",
        "args": ["/a", "/b"],
        "kwargs": {},
        "queue": None,
        "exchange": None,
        "origin_id": None,
        "backfill_id": None,
        "expires_at": None,
        "queued_at": None,
        "next_attempt_at": None,
        "started_at": None,
        "times_out_at": None,
        "finished_at": None,
        "worker": None,
        "attempt": 0,
        "progress": None,
        "result": None,
        "result_is_preview": False,
        "result_size": None,
        "error": None,
        "covered_until": None,
        "covered_count": None,
        "covered_count_exact": True,
        "received_at": None,
        "received_by": None,
        "source": None,
        "not_promised": [],
        "notice": None,
    }
    assert client.get(f"http://punctual.test{answer.headers['location']}").json() == run


def test_run_now_takes_arguments_for_the_one_run(client: httpx.Client, create: Create) -> None:
    create(task="backup.copy", args=["/a"], kwargs={"destination": "/b", "keep": 3})
    run = client.post("schedules/nightly/run-now", json={"args": ["/c"], "kwargs": {"keep": 9}}).json()
    assert (run["args"], run["kwargs"]) == (["/c"], {"destination": "/b", "keep": 9})
    assert client.get(f"runs/{run['id']}").json() == run
    assert client.get("runs").json()["items"] == [run]
    kept = client.get("schedules/nightly").json()
    assert (kept["version"], kept["args"], kept["kwargs"]) == (1, ["/a"], {"destination": "/b", "keep": 3})


def test_a_run_that_has_ended_is_done_again(client: httpx.Client, create: Create, database: Database) -> None:
    create(task="backup.copy", args=["/a", "/b"])
    run = client.post("schedules/nightly/run-now").json()
    refused = client.post(f"runs/{run['id']}/rerun")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    with database.write() as tx:
        worker_records.end(tx, UUID(run["id"]), RunState.FAILED, at=ManualClock().now())
    answer = client.post(f"runs/{run['id']}/rerun", json={"kwargs": {"keep": 1}})
    again = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/v1/runs/{again['id']}"
    assert again["id"] != run["id"]
    changed = {"id": again["id"], "cause": "rerun", "origin_id": run["id"], "kwargs": {"keep": 1}}
    assert again == run | changed
    assert [item["id"] for item in client.get("runs", params={"cause": "rerun"}).json()["items"]] == [again["id"]]
    wrong = client.post(f"runs/{run['id']}/rerun", json={"kwargs": {"kep": 1}})
    assert [fault["path"] for fault in wrong.json()["errors"]] == ["kwargs.kep"]


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"kwargs": {"keep": "many"}}, ["kwargs.keep"]),
        ({"args": []}, ["kwargs.source"]),
        ({"args": ["/c", "/d"]}, ["kwargs.destination"]),
        ({"kwarg": {}}, ["kwarg"]),
        ({"args": "/c"}, ["args"]),
    ],
)
def test_arguments_for_one_run_that_do_not_fit_are_named_and_nothing_is_recorded(
    client: httpx.Client, create: Create, changes: dict[str, Any], paths: list[str]
) -> None:
    create(task="backup.copy", args=["/a"], kwargs={"destination": "/b"})
    answer = client.post("schedules/nightly/run-now", json=changes)
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["errors"]] == paths
    assert client.get("runs").json()["items"] == []


def test_walking_the_pages_of_the_runs_meets_each_once_newest_first(
    client: httpx.Client, create: Create, clock: ManualClock
) -> None:
    create(name="a")
    create(name="b")
    made = []
    for number in range(7):
        clock.advance(timedelta(seconds=1))
        made.append(client.post(f"schedules/{'ab'[number % 2]}/run-now").json()["id"])
    met: list[str] = []
    cursor: str | None = None
    while True:
        page = client.get("runs", params={"limit": "2"} | ({"cursor": cursor} if cursor else {})).json()
        met += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert met == made[::-1]


def test_runs_are_narrowed_by_schedule_state_and_cause(client: httpx.Client, create: Create) -> None:
    made = create(name="a")
    create(name="b")
    for name in "ab":
        client.post(f"schedules/{name}/run-now")

    def schedules(**params: str) -> list[str]:
        return [item["schedule"] for item in client.get("runs", params=params).json()["items"]]

    assert schedules(schedule="a") == schedules(schedule=made["id"]) == ["a"]
    assert sorted(schedules(state="pending", cause="manual")) == ["a", "b"]
    assert schedules(state="failed") == schedules(cause="catchup") == []
    assert schedules(schedule="b", task="reports.send") == ["b"]
    assert schedules(task="backup.copy") == []
    first = client.get("runs", params={"schedule": "a"}).json()["items"][0]["fire_time"]
    assert schedules(schedule="a", **{"from": first}) == ["a"]
    assert schedules(until=first) == []
    both = client.get("runs", params={"state": ["failed", "pending"], "limit": "1"}).json()
    assert both["next_cursor"] is not None
    rest = client.get("runs", params={"state": ["failed", "pending"], "cursor": both["next_cursor"]}).json()
    assert sorted(item["schedule"] for item in both["items"] + rest["items"]) == ["a", "b"]


def test_a_window_of_the_runs_ends_after_it_begins(client: httpx.Client) -> None:
    window = {"from": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    answer = client.get("runs", params=window)
    assert [fault["path"] for fault in answer.json()["errors"]] == ["until"]


@pytest.mark.parametrize("query", ["state=gone", "from=noon", "cause=magic", "limit=0", "cursor=x", "shedule=a"])
def test_a_wrong_parameter_of_the_runs_is_named(client: httpx.Client, query: str) -> None:
    answer = client.get(f"runs?{query}")
    assert answer.status_code == 422
    assert [fault["path"].removesuffix("[0]") for fault in answer.json()["errors"]] == [query.partition("=")[0]]


def test_a_run_id_that_is_none_is_named(client: httpx.Client) -> None:
    answer = client.get("runs/latest")
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["errors"]] == ["run_id"]


def test_tasks_are_listed_by_name_with_what_is_known_of_them(client: httpx.Client) -> None:
    page = client.get("tasks").json()
    copy, send = page["items"]
    assert page["next_cursor"] is None
    assert copy["name"] == "backup.copy"
    assert copy["signature"]["x-positional"] == ["source", "destination", "keep"]
    assert copy["queues"] == ["celery"]
    assert (copy["live"], copy["description"]) == (True, "Copies.")
    assert (send["name"], send["signature"]) == ("reports.send", None)
    assert client.get("tasks/backup.copy").json() == copy


def test_walking_the_pages_of_the_tasks_meets_each_once(client: httpx.Client) -> None:
    first = client.get("tasks", params={"limit": "1"}).json()
    second = client.get("tasks", params={"limit": "1", "cursor": first["next_cursor"]}).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["backup.copy", "reports.send"]
    assert second["next_cursor"] is None


def test_a_task_whose_worker_fell_silent_is_not_live(client: httpx.Client, clock: ManualClock) -> None:
    clock.advance(timedelta(minutes=5))
    assert client.get("tasks/backup.copy").json()["live"] is False
