"""Creating, reading, listing, changing, deleting and restoring schedules."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

Create = Callable[..., dict[str, Any]]


def test_a_created_schedule_is_answered_with_its_place_its_version_and_its_next_fire_time(client: httpx.Client) -> None:
    body = {
        "name": "copy nightly",
        "description": "Copies the books.",
        "task": "backup.copy",
        "args": ["/a", "/b"],
        "kwargs": {"keep": 3},
        "queue": "slow",
        "trigger": "0 2 * * * Europe/Berlin",
        "catchup": {"policy": "all", "window": 3600},
    }
    answer = client.post("schedules", json=body)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/schedules/{made['id']}"
    assert answer.headers["etag"] == '"1"'
    assert made == {
        "id": made["id"],
        "version": 1,
        "name": "copy nightly",
        "description": "Copies the books.",
        "task": "backup.copy",
        "args": ["/a", "/b"],
        "kwargs": {"keep": 3},
        "queue": "slow",
        "exchange": None,
        "routing_key": None,
        "priority": None,
        "headers": {},
        "soft_time_limit": None,
        "time_limit": None,
        "service": "default",
        "labels": {},
        "trigger": {
            "kind": "cron",
            "expression": "0 2 * * *",
            "timezone": "Europe/Berlin",
            "day_match": "or",
            "on_gap": None,
            "on_fold": None,
            "seed": None,
            "text": "0 2 * * * Europe/Berlin",
        },
        "start_at": None,
        "end_at": None,
        "max_runs": None,
        "jitter": 0.0,
        "calendars": {"blackout": [], "allowed": [], "when_closed": "skip"},
        "catchup": {"policy": "all", "grace": 60.0, "window": 3600.0, "limit": 100},
        "overlap": "allow",
        "concurrency": None,
        "retry": {"attempts": 1, "delay": 10.0, "backoff": 2.0, "max_delay": 3600.0},
        "timeout": None,
        "expires": None,
        "pause_after_failures": None,
        "on_lost": "fail",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "declared_by": None,
        "warnings": [
            {
                "code": "queue_not_consumed",
                "message": "No living worker consumes the queue slow, which it names.",
                "fix": "Start a worker with -Q slow, or choose another queue.",
            }
        ],
        "status": {
            "state": "active",
            "paused": False,
            "pause_note": None,
            "next_fire_time": "2026-01-01T01:00:00Z",
            "next_due_time": "2026-01-01T01:00:00Z",
            "last_fire_time": None,
            "run_count": 0,
            "failure_streak": 0,
            "skips": [],
            "finished": False,
            "error": None,
            "trigger_text": "0 2 * * * Europe/Berlin",
            "trigger_words": "every day at 02:00 in Europe/Berlin",
            "policy_words": [],
        },
    }
    assert client.get(f"http://punctual.test{answer.headers['location']}").json() == made


@pytest.mark.parametrize(
    ("text", "document"),
    [
        (
            "every 90s",
            {"kind": "interval", "every": 90.0, "anchor": "2026-01-01T00:00:00Z", "text": "every 90s"},
        ),
        (
            "2026-12-24T18:00 Europe/Berlin",
            {
                "kind": "once",
                "at": "2026-12-24T18:00:00",
                "timezone": "Europe/Berlin",
                "on_gap": None,
                "on_fold": None,
                "text": "2026-12-24T18:00 Europe/Berlin",
            },
        ),
    ],
)
def test_an_answer_gives_the_trigger_as_an_object_that_makes_the_same_schedule(
    client: httpx.Client, create: Create, text: str, document: dict[str, Any]
) -> None:
    made = create(trigger=text)
    assert made["trigger"] == document
    again = client.post("schedules", json={"name": "copy", "task": "reports.send", "trigger": made["trigger"]}).json()
    assert again["trigger"] == document
    assert again["status"] == made["status"]


def test_a_wrong_document_gets_one_answer_with_every_fault_by_its_path_and_stores_nothing(client: httpx.Client) -> None:
    body = {
        "name": " x",
        "task": "backup.cpoy",
        "trigger": {"kind": "cron", "expression": "61 2 * * *", "timezone": "Europe/Berln"},
        "queu": "slow",
        "catchup": {"limit": 0, "grace": "long"},
    }
    answer = client.post("schedules", json=body)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {fault["path"] for fault in problem["errors"]} == {
        "name",
        "task",
        "trigger.expression",
        "trigger.timezone",
        "queu",
        "catchup.limit",
        "catchup.grace",
    }
    assert (problem["status"], problem["code"], problem["title"]) == (422, "invalid_input", "Unprocessable Content")
    assert all(fault["message"] for fault in problem["errors"])
    places = {fault["path"]: (fault["text"], fault["position"]) for fault in problem["errors"] if "position" in fault}
    assert places == {
        "trigger.expression": ("61 2 * * *", 0),
        "trigger.timezone": ("Europe/Berln", 0),
        "catchup.grace": ("long", 0),
    }
    assert client.get("schedules").json()["items"] == []


def test_arguments_that_do_not_fit_the_task_are_refused_by_their_place(client: httpx.Client) -> None:
    body = {"name": "n", "task": "backup.copy", "trigger": "@daily", "args": [1], "kwargs": {"keep": "long"}}
    answer = client.post("schedules", json=body)
    assert answer.status_code == 422
    assert {fault["path"] for fault in answer.json()["errors"]} >= {"args[0]", "kwargs.keep"}
    assert client.get("schedules").json()["items"] == []


def test_a_task_that_no_worker_announced_is_taken_only_when_that_is_asked_for(client: httpx.Client) -> None:
    body = {"name": "n", "task": "elsewhere.run", "trigger": "@daily"}
    refused = client.post("schedules", json=body)
    assert [fault["path"] for fault in refused.json()["errors"]] == ["task"]
    taken = client.post("schedules", json=body, params={"allow_unknown_task": "true"})
    assert taken.status_code == 201


def test_a_name_is_taken_once(client: httpx.Client, create: Create) -> None:
    create(name="nightly")
    answer = client.post("schedules", json={"name": "nightly", "task": "reports.send", "trigger": "@daily"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("name", ["nightly", "Büro & Co. 100%?", "a+b c#d", "über..uns", "preview"])
def test_a_schedule_is_found_by_its_id_and_by_its_name_whatever_is_in_it(
    client: httpx.Client, create: Create, name: str
) -> None:
    made = create(name=name)
    by_name = client.get(f"schedules/{quote(name, safe='')}")
    by_id = client.get(f"schedules/{made['id']}")
    assert by_name.json() == by_id.json() == made
    assert by_id.headers["etag"] == '"1"'


def test_a_schedule_that_is_not_there_is_not_found(client: httpx.Client) -> None:
    for method, path in [
        ("GET", "schedules/none"),
        ("PATCH", "schedules/none"),
        ("DELETE", "schedules/none"),
        ("POST", "schedules/none/pause"),
        ("POST", "schedules/none/resume"),
        ("POST", "schedules/none/run-now"),
        ("GET", "schedules/none/preview"),
        ("POST", "schedules/6a3f0c0e-51c1-4a53-9bd0-4d7a3fe9c0aa/restore"),
        ("GET", "runs/6a3f0c0e-51c1-4a53-9bd0-4d7a3fe9c0aa"),
        ("GET", "runs?schedule=none"),
        ("GET", "tasks/none"),
    ]:
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), f"{method} {path}"
        assert answer.json()["detail"], path


def test_walking_the_pages_of_a_list_meets_every_schedule_once_in_order(client: httpx.Client, create: Create) -> None:
    names = [f"s{number:02}" for number in range(7)]
    for name in reversed(names):
        create(name=name)
    met: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        page = client.get("schedules", params={"limit": "3"} | ({"cursor": cursor} if cursor else {})).json()
        met += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        pages += 1
    assert met == names
    assert pages == 3


def test_a_list_is_narrowed_by_text_and_state(client: httpx.Client, create: Create) -> None:
    create(name="Alpha")
    create(name="beta")
    client.post("schedules/beta/pause")

    def names(**params: str) -> list[str]:
        return [item["name"] for item in client.get("schedules", params=params).json()["items"]]

    assert names(q="ALPH") == ["Alpha"]
    assert names(q="reports") == ["Alpha", "beta"]
    assert names(q="%") == []
    assert names(state="paused") == ["beta"]
    assert names(state="active") == ["Alpha"]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("state=asleep", "state"),
        ("cursor=made-up", "cursor"),
        ("stat=paused", "stat"),
    ],
)
def test_a_wrong_parameter_of_a_list_is_named(client: httpx.Client, query: str, path: str) -> None:
    answer = client.get(f"schedules?{query}")
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["errors"]] == [path]


def test_a_patch_changes_what_it_names_and_null_brings_the_default_back(client: httpx.Client, create: Create) -> None:
    create(queue="slow", description="Old.", catchup={"policy": "all", "limit": 5})
    answer = client.patch("schedules/nightly", json={"queue": None, "description": "New.", "catchup": {"limit": 6}})
    changed = answer.json()
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert (changed["version"], changed["queue"], changed["description"]) == (2, None, "New.")
    assert changed["catchup"] == {"policy": "all", "grace": 60.0, "window": 86400.0, "limit": 6}
    assert changed["trigger"]["text"] == "@daily"


def test_a_wrong_patch_names_every_fault_and_changes_nothing(client: httpx.Client, create: Create) -> None:
    made = create()
    answer = client.patch("schedules/nightly", json={"trigger": "fortnightly", "task": None, "colour": "red"})
    assert answer.status_code == 422
    assert {fault["path"] for fault in answer.json()["errors"]} == {"trigger", "task", "colour"}
    assert client.get("schedules/nightly").json() == made


@pytest.mark.parametrize("tag", ['"1"', '"7", "8"', 'W/"2"', "2", "nonsense"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_made_for_another_version_is_refused(
    client: httpx.Client, create: Create, method: str, tag: str
) -> None:
    create()
    client.patch("schedules/nightly", json={"description": "Second."})
    answer = client.request(method, "schedules/nightly", json={"description": "Lost."}, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")
    assert client.get("schedules/nightly").json()["description"] == "Second."


@pytest.mark.parametrize("tag", ['"1"', '"0", "1"', "*"])
def test_a_change_made_for_the_present_version_is_taken(client: httpx.Client, create: Create, tag: str) -> None:
    create()
    assert client.patch("schedules/nightly", json={"queue": "q"}, headers={"If-Match": tag}).status_code == 200
    assert client.delete("schedules/nightly", headers={"If-Match": '"2"'}).status_code == 204


def test_a_deleted_schedule_is_gone_until_it_is_restored(client: httpx.Client, create: Create) -> None:
    made = create()
    gone = client.delete("schedules/nightly")
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get("schedules/nightly").status_code == 404
    assert client.get("schedules").json()["items"] == []
    back = client.post(f"schedules/{made['id']}/restore")
    assert back.status_code == 200
    assert back.json()["status"] == made["status"]
    assert client.get("schedules/nightly").status_code == 200


def test_a_schedule_is_not_restored_under_a_name_that_was_taken_since(client: httpx.Client, create: Create) -> None:
    made = create()
    client.delete("schedules/nightly")
    create()
    assert client.post(f"schedules/{made['id']}/restore").status_code == 409
