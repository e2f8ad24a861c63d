"""Previewing and explaining: what a trigger or a schedule would do, and why."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Create = Callable[..., dict[str, Any]]


def test_a_schedule_shows_its_next_fire_times_in_its_own_zone(client: httpx.Client, create: Create) -> None:
    create(trigger="0 2 * * * Europe/Berlin")
    answer = client.get("schedules/nightly/preview", params={"count": "2", "previous": "1"})
    assert answer.status_code == 200
    assert answer.json() == {
        "trigger_text": "0 2 * * * Europe/Berlin",
        "words": "every day at 02:00 in Europe/Berlin",
        "fire_times": [in_berlin(2026, 1, 1), in_berlin(2026, 1, 2)],
        "previous": [in_berlin(2025, 12, 31)],
    }


def in_berlin(year: int, month: int, day: int) -> dict[str, object]:
    date = f"{year}-{month:02}-{day:02}"
    return {
        "utc": f"{date}T01:00:00Z",
        "local": f"{date}T02:00:00+01:00",
        "timezone": "Europe/Berlin",
        "due_time": f"{date}T01:00:00Z",
        "notes": [],
    }


def test_a_preview_notes_what_changed_clocks_do(client: httpx.Client) -> None:
    body = {"trigger": "30 2 * * * Europe/Berlin", "after": "2026-03-28T12:00:00Z", "count": 1, "previous": 2}
    answer = client.post("preview", json=body).json()
    assert answer["words"] == "every day at 02:30 in Europe/Berlin"
    assert answer["fire_times"][0]["notes"] == ["02:30 does not exist on 29 March 2026; it runs at 03:00 instead"]
    assert [time["utc"] for time in answer["previous"]] == ["2026-03-27T01:30:00Z", "2026-03-28T01:30:00Z"]


def test_an_interval_is_told_without_the_instant_of_its_preview(client: httpx.Client) -> None:
    assert client.post("preview", json={"trigger": "every 2s"}).json()["words"] == "every 2 seconds"


def test_an_instant_of_a_schedule_is_explained(client: httpx.Client, create: Create) -> None:
    create(trigger="0 2 * * * Europe/Berlin")
    answer = client.get("schedules/nightly/explain", params={"instant": "2026-01-01T03:00:00+01:00"})
    assert answer.status_code == 200
    assert answer.json() == {
        "trigger_text": "0 2 * * * Europe/Berlin",
        "words": "every day at 02:00 in Europe/Berlin",
        "instant": "2026-01-01T02:00:00Z",
        "local": "2026-01-01T03:00:00+01:00",
        "timezone": "Europe/Berlin",
        "fires": False,
        "due_time": None,
        "reasons": ["hour is 3, and the expression has 2"],
        "notes": [],
        "previous": in_berlin(2026, 1, 1),
        "next": in_berlin(2026, 1, 2),
        "records": [],
        "no_record": "It is still to come.",
    }
    run = client.post("schedules/nightly/run-now").json()
    recorded = client.get("schedules/nightly/explain", params={"instant": run["fire_time"]}).json()
    assert (recorded["records"], recorded["no_record"]) == ([run], None)
    assert client.get("schedules/none/explain", params={"instant": "2026-01-01T03:00:00Z"}).status_code == 404


def test_an_instant_of_a_trigger_is_explained_without_a_schedule(client: httpx.Client) -> None:
    answer = client.post("explain", json={"trigger": "2026-12-24T18:00", "instant": "2026-12-24T18:00:00Z"})
    assert answer.status_code == 200
    assert answer.json()["fires"]
    assert answer.json()["reasons"] == []
    assert answer.json()["previous"] is answer.json()["next"] is None


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"trigger", "instant"}),
        ({"trigger": "0 25 * * *", "instant": "noon"}, {"trigger", "instant"}),
        ({"trigger": "@daily", "instant": "2026-01-01T00:00:00"}, {"instant"}),
        ({"trigger": "@daily Asia/Tokyo", "instant": "9999-12-31T23:00:00Z"}, {"instant"}),
    ],
)
def test_what_cannot_be_explained_is_named(client: httpx.Client, body: dict[str, str], paths: set[str]) -> None:
    answer = client.post("explain", json=body)
    assert answer.status_code == 422
    assert {fault["path"].partition(".")[0] for fault in answer.json()["errors"]} == paths


def test_a_trigger_is_previewed_without_a_schedule(client: httpx.Client) -> None:
    answer = client.post("preview", json={"trigger": "every 2s", "after": "2026-03-01T01:00:00+01:00", "count": 1})
    assert answer.status_code == 200
    assert len(answer.json()["fire_times"]) == 1
    assert answer.json()["fire_times"][0]["utc"].startswith("2026-03-01T00:00:0")
    assert len(client.post("preview", json={"trigger": "@hourly"}).json()["fire_times"]) == 5


def test_a_preview_names_every_fault_at_once(client: httpx.Client) -> None:
    answer = client.post("preview", json={"trigger": "61 * * * *", "after": "2026-01-01T00:00:00", "count": 0})
    assert answer.status_code == 422
    assert {fault["path"].partition(".")[0] for fault in answer.json()["errors"]} == {"trigger", "after", "count"}
    missing = client.post("preview", json={})
    assert [(fault["path"], fault["code"]) for fault in missing.json()["errors"]] == [("trigger", "missing")]


def test_a_change_is_previewed_as_the_schedule_would_do_it(client: httpx.Client, create: Create) -> None:
    made = create(trigger="H H * * *", jitter="10m", max_runs=2)
    own = client.get("schedules/nightly/preview", params={"count": 9}).json()["fire_times"]
    assert len(own) == 2
    timing = {"trigger": "H H * * *", "jitter": "10m", "max_runs": 2}
    as_change = client.post("preview", json={**timing, "schedule": made["id"], "count": 9}).json()["fire_times"]
    assert as_change == own
    as_new = client.post("preview", json={**timing, "count": 9}).json()["fire_times"]
    assert [time["due_time"] for time in as_new] == [time["utc"] for time in as_new]  # its jitter is not known
    assert client.post("preview", json={**timing, "schedule": "none"}).status_code == 404
