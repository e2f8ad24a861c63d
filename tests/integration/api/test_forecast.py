"""The forecast of the runs to come."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Create = Callable[..., dict[str, Any]]


def test_a_forecast_of_nothing_is_a_quiet_day_from_now(client: httpx.Client) -> None:
    found = client.get("forecast").json()
    quiet = {
        "runs": 0,
        "peak": 0,
        "mean": 0.0,
        "schedules": 0,
        "over_budget": 0,
        "complete": True,
        "complete_until": "2026-01-02T00:00:00Z",
        "counts": [0] * 1440,
        "peaks": [0] * 1440,
        "busiest": [],
    }
    assert found == {
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-01-02T00:00:00Z",
        "step": 60.0,
        "jitter": 300.0,
        "skipped": 0,
        "left_out": {"paused": 0, "error": 0},
        "as_is": quiet,
        "what_if": {"h": {"changed": 0, "outlook": quiet}, "jitter": {"changed": 0, "outlook": quiet}},
    }


def test_a_forecast_counts_the_runs_and_names_the_busiest_minutes(client: httpx.Client, create: Create) -> None:
    for number in range(7):
        create(name=f"at two {number}", trigger="0 2 * * *")
    create(name="dense", trigger="every 10s")
    create(name="once", trigger="2026-01-01T01:30:30", task="backup.copy", args=["a", "b"])
    client.post(f"schedules/{create(name='resting')['id']}/pause")
    found = client.get("forecast", params={"start": "2026-01-01T01:00:59Z", "hours": 2, "step": 1800}).json()
    assert (found["start"], found["end"]) == ("2026-01-01T01:00:00Z", "2026-01-01T03:00:00Z")
    assert found["left_out"] == {"paused": 1, "error": 0}
    told = found["as_is"]
    assert (told["runs"], told["peak"], told["schedules"]) == (120 * 6 + 7 + 1, 13, 9)
    assert told["counts"] == [180, 181, 187, 180]
    assert told["peaks"] == [6, 7, 13, 6]
    first, second, third = told["busiest"][:3]
    assert (first["minute"], first["runs"], first["more"]) == ("2026-01-01T02:00:00Z", 13, 3)
    assert len(set(first["schedules"])) == 5
    assert (second["minute"], second["runs"]) == ("2026-01-01T01:30:00Z", 7)
    assert set(second["schedules"]) == {"dense", "once"}
    assert (third["minute"], third["runs"], third["schedules"]) == ("2026-01-01T01:00:00Z", 6, ["dense"])
    assert len(told["busiest"]) == 10
    spread = found["what_if"]
    assert (spread["h"]["changed"], spread["jitter"]["changed"]) == (7, 9)
    for kind in ("h", "jitter"):
        assert spread[kind]["outlook"]["peak"] < 13
        assert spread[kind]["outlook"]["complete"] is True


def test_a_forecast_can_be_of_some_schedules(client: httpx.Client, create: Create) -> None:
    create(name="backup", trigger="0 2 * * *")
    create(name="mail", trigger="0 2 * * *")
    found = client.get("forecast", params={"q": "BACK"}).json()
    assert found["as_is"]["busiest"] == [
        {"minute": "2026-01-01T02:00:00Z", "runs": 1, "schedules": ["backup"], "more": 0}
    ]


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"hours": 0}, "hours"),
        ({"hours": 745}, "hours"),
        ({"step": 90}, "step"),
        ({"step": 7200}, "step"),
        ({"jitter": -1}, "jitter"),
        ({"jitter": "NaN"}, "jitter"),
        ({"start": "2026-01-01T00:00:00"}, "start"),
        ({"start": "9999-12-31T23:00:00Z"}, "start"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "start"),
        ({"hour": 1}, "hour"),
    ],
)
def test_a_window_that_cannot_be_forecast_is_a_fault(
    client: httpx.Client, parameters: dict[str, Any], path: str
) -> None:
    answer = client.get("forecast", params=parameters)
    assert answer.status_code == 422, answer.text
    assert [fault["path"] for fault in answer.json()["errors"]] == [path]


def test_the_longest_window_of_the_densest_trigger_is_told_in_hours(client: httpx.Client, create: Create) -> None:
    create(trigger="* * * * * *")
    found = client.get("forecast", params={"start": "2026-03-01T00:00:00Z", "hours": 744, "step": 3600}).json()
    assert found["as_is"]["counts"] == [3600] * 744
    assert found["as_is"]["complete"] is True


def test_a_forecast_is_only_for_who_may_see_the_schedules(anonymous: httpx.Client) -> None:
    assert anonymous.get("forecast").status_code == 401
