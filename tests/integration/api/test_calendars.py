"""Calendars over HTTP: written, looked at, used by schedules, and protected while they are used."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from punctual.testing import ManualClock

Create = Callable[..., dict[str, Any]]

HOLIDAYS = {
    "name": "holidays",
    "timezone": "Europe/Berlin",
    "rules": [{"kind": "holidays", "country": "DE", "region": "BY"}, {"kind": "dates", "dates": ["2026-12-24"]}],
}
OFFICE = {
    "name": "office hours",
    "timezone": "Europe/Berlin",
    "rules": [{"kind": "weekly", "days": "mon-fri", "from": "09:00", "until": "17:00"}],
}


@pytest.fixture
def holidays(client: httpx.Client) -> dict[str, Any]:
    answer = client.post("calendars", json=HOLIDAYS)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_calendar_is_stored_and_answered_with_its_place_and_its_version(
    client: httpx.Client, holidays: dict[str, Any]
) -> None:
    answer = client.get("calendars/holidays")
    assert answer.headers["etag"] == '"1"'
    assert answer.json() == holidays
    assert [rule["kind"] for rule in holidays["rules"]] == ["holidays", "dates"]
    assert (holidays["version"], holidays["schedule_count"], holidays["updated_by"]) == (1, 0, "token:bootstrap")
    office = client.post("calendars", json=OFFICE)
    assert office.headers["location"].endswith("/calendars/office%20hours")
    assert office.json()["rules"][0] | {"label": ""} == {
        "kind": "weekly",
        "days": ["mon", "tue", "wed", "thu", "fri"],
        "from": "09:00",
        "until": "17:00",
        "label": "",
    }
    names = [item["name"] for item in client.get("calendars").json()["items"]]
    assert names == ["holidays", "office hours"]


def test_lists_come_in_pages(client: httpx.Client) -> None:
    for number in range(3):
        assert client.post("calendars", json=OFFICE | {"name": f"c{number}"}).status_code == 201
    first = client.get("calendars", params={"limit": 2}).json()
    assert [item["name"] for item in first["items"]] == ["c0", "c1"]
    rest = client.get("calendars", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert ([item["name"] for item in rest["items"]], rest["next_cursor"]) == (["c2"], None)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"rules": []}, "rules"),
        ({"timezone": "Europe/Berln"}, "timezone"),
        ({"rules": [{"kind": "holidays", "country": "DE", "region": "Bavarya"}]}, "rules[0].region"),
        ({"rules": [{"kind": "weekly", "days": "mon-fry"}]}, "rules[0].days"),
        ({"rules": [{"kind": "lunar"}]}, "rules[0].kind"),
        ({"name": "a/b"}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_each_fault_of_a_calendar_is_named_and_nothing_is_stored(
    client: httpx.Client, changes: dict[str, Any], path: str
) -> None:
    answer = client.post("calendars", json=HOLIDAYS | changes)
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["errors"]] == [path]
    assert client.get("calendars").json()["items"] == []


@pytest.mark.usefixtures("holidays")
def test_a_name_is_taken_once(client: httpx.Client) -> None:
    assert client.post("calendars", json=HOLIDAYS).status_code == 409


@pytest.mark.usefixtures("holidays")
def test_a_change_is_a_merge_patch_for_the_version_that_was_read(client: httpx.Client) -> None:
    answer = client.patch("calendars/holidays", json={"description": "Off."}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["description"], answer.json()["version"], answer.headers["etag"]) == ("Off.", 2, '"2"')
    stale = client.patch("calendars/holidays", json={"description": "On."}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert client.patch("calendars/holidays", json={"description": "Off."}).json()["version"] == 2
    renamed = client.patch("calendars/holidays", json={"name": "other"})
    assert [fault["path"] for fault in renamed.json()["errors"]] == ["name"]
    assert client.patch("calendars/none", json={}).status_code == 404


@pytest.mark.usefixtures("holidays")
def test_what_a_calendar_holds_can_be_looked_at(client: httpx.Client) -> None:
    window = {"from": "2026-12-24T00:00:00Z", "until": "2026-12-26T00:00:00Z"}
    stretches = client.get("calendars/holidays/stretches", params=window).json()["items"]
    assert [(each["start"], each["end"]) for each in stretches] == [
        ("2026-12-23T23:00:00Z", "2026-12-24T23:00:00Z"),
        ("2026-12-24T23:00:00Z", "2026-12-25T23:00:00Z"),
        ("2026-12-25T23:00:00Z", "2026-12-26T23:00:00Z"),
    ]
    assert stretches[1]["label"] == "Christmas Day"
    unsaved = client.post("calendars/stretches", json={"calendar": HOLIDAYS, **window})
    assert unsaved.json()["items"] == stretches


@pytest.mark.parametrize(
    ("start", "until", "code"),
    [
        ("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", "not_after_from"),
        ("2026-01-01T00:00:00Z", "2027-06-01T00:00:00Z", "window_too_long"),
    ],
)
@pytest.mark.usefixtures("holidays")
def test_a_window_that_cannot_be_looked_at_is_refused(client: httpx.Client, start: str, until: str, code: str) -> None:
    answer = client.get("calendars/holidays/stretches", params={"from": start, "until": until})
    assert [(fault["path"], fault["code"]) for fault in answer.json()["errors"]] == [("until", code)]


@pytest.mark.usefixtures("holidays")
def test_a_calendar_in_use_cannot_be_deleted_and_tells_by_whom(client: httpx.Client, create: Create) -> None:
    schedule = create(calendars={"blackout": ["holidays"]})
    create(name="free")
    assert client.get("calendars/holidays").json()["schedule_count"] == 1
    using = client.get("schedules", params={"calendar": "holidays"}).json()["items"]
    assert [item["name"] for item in using] == ["nightly"]
    refused = client.delete("calendars/holidays")
    assert refused.status_code == 409
    assert "'nightly'" in refused.json()["detail"]
    assert client.delete(f"schedules/{schedule['id']}").status_code == 204
    assert client.delete("calendars/holidays").status_code == 204
    assert client.get("calendars/holidays").status_code == 404
    restored = client.post(f"schedules/{schedule['id']}/restore")
    assert (restored.status_code, restored.json()["code"]) == (404, "not_found")
    assert "'holidays'" in restored.json()["detail"]


@pytest.mark.usefixtures("holidays")
def test_a_schedule_names_only_calendars_that_are_there(client: httpx.Client, create: Create) -> None:
    body = {"name": "s", "task": "reports.send", "trigger": "@daily", "calendars": {"blackout": ["holidayz"]}}
    (fault,) = client.post("schedules", json=body).json()["errors"]
    assert (fault["path"], fault["fix"]) == ("calendars.blackout[0]", "Did you mean 'holidays'?")
    create()
    (fault,) = client.patch("schedules/nightly", json={"calendars": {"allowed": ["none"]}}).json()["errors"]
    assert fault["path"] == "calendars.allowed[0]"


@pytest.mark.usefixtures("holidays")
def test_a_schedule_that_its_calendars_never_let_run_is_refused(client: httpx.Client) -> None:
    body = {
        "name": "s",
        "task": "reports.send",
        "trigger": "0 3 25 12 * Europe/Berlin",
        "calendars": {"blackout": ["holidays"]},
    }
    (fault,) = client.post("schedules", json=body).json()["errors"]
    assert (fault["path"], fault["code"]) == ("calendars", "never_fires")


@pytest.mark.usefixtures("holidays")
def test_previews_and_explanations_tell_what_calendars_do(
    client: httpx.Client, create: Create, clock: ManualClock
) -> None:
    del clock
    create(trigger="0 9 * * * Europe/Berlin", calendars={"blackout": ["holidays"], "when_closed": "next_open"})
    preview = client.get("schedules/nightly/preview", params={"after": "2026-12-23T12:00:00Z", "count": 4}).json()
    assert [(time["utc"][:10], time["due_time"]) for time in preview["fire_times"]] == [
        ("2026-12-24", None),
        ("2026-12-25", None),
        ("2026-12-26", "2026-12-26T23:00:00Z"),
        ("2026-12-27", "2026-12-27T08:00:00Z"),
    ]
    notes = [time["notes"] for time in preview["fire_times"]]
    assert 'skipped: Closed by the calendar "holidays"' in notes[0][0]
    assert notes[2][0].startswith("moved to 00:00 on 27 December 2026 CET: closed by the calendar")
    assert notes[3] == []
    assert preview["words"].endswith("not within 'holidays'; put off to the next opening where closed")
    explained = client.get("schedules/nightly/explain", params={"instant": "2026-12-25T08:00:00Z"}).json()
    assert not explained["fires"]
    assert "Christmas Day" in explained["reasons"][0]
    body = {
        "trigger": "0 9 * * * Europe/Berlin",
        "calendars": {"blackout": ["holidays"]},
        "instant": "2026-12-25T08:00:00Z",
    }
    assert "Christmas Day" in client.post("explain", json=body).json()["reasons"][0]
    (fault,) = client.post("preview", json={"trigger": "@daily", "calendars": {"allowed": ["none"]}}).json()["errors"]
    assert fault["path"] == "calendars.allowed[0]"
