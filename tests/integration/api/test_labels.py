"""Schedules belong to a service and have labels, by which they are found."""

import httpx
import pytest

from integration.api.conftest import Create


@pytest.fixture(autouse=True)
def _schedules(create: Create) -> None:
    create(name="a", service="payments", labels={"team": "x", "tier": "1"})
    create(name="b", service="payments", labels={"team": "y=z", "tier": "1"})
    create(name="c")


def names(client: httpx.Client, **query: str | list[str]) -> list[str]:
    answer = client.get("schedules", params=query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


def test_they_are_found_by_service_and_by_all_labels_that_are_asked_for(client: httpx.Client) -> None:
    assert names(client, service="payments") == ["a", "b"]
    assert names(client, service="default") == ["c"]
    assert names(client, label="tier=1") == ["a", "b"]
    assert names(client, label=["tier=1", "team=y=z"]) == ["b"]
    assert names(client, label=["team=x", "team=y"]) == []
    assert names(client, label="tier=") == []


def test_a_change_counts_at_once_and_a_deleted_schedule_is_found_no_more(client: httpx.Client) -> None:
    changed = client.patch("schedules/a", json={"service": "billing", "labels": {"tier": None, "new": ""}}).json()
    assert (changed["service"], changed["labels"], changed["version"]) == ("billing", {"team": "x", "new": ""}, 2)
    assert (names(client, label="tier=1"), names(client, label="new=")) == (["b"], ["a"])
    assert client.delete("schedules/a").status_code == 204
    assert names(client, label="new=") == []
    client.post(f"schedules/{changed['id']}/restore")
    assert names(client, label="new=", service="billing") == ["a"]


@pytest.mark.parametrize(
    "fields",
    [
        {"service": ""},
        {"service": "two words"},
        {"labels": {"a=b": "c"}},
        {"labels": {"": "c"}},
        {"labels": {"a": "x" * 101}},
        {"labels": {"a": "line\nbreak"}},
        {"labels": {"a": 1}},
        {"labels": {f"k{number}": "" for number in range(33)}},
    ],
)
def test_what_could_not_be_asked_for_is_refused(client: httpx.Client, fields: dict[str, object]) -> None:
    document = {"name": "d", "task": "reports.send", "trigger": "@daily", **fields}
    assert client.post("schedules", json=document).status_code == 422


def test_a_filter_that_is_no_label_is_refused(client: httpx.Client) -> None:
    answer = client.get("schedules", params={"label": "tier"})
    assert answer.status_code == 422
    assert "key=value" in answer.text
