"""Policies of a schedule: written, shown, told in words, changed part by part, refused field by field."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

import worker_records
from punctual.domain.run import RunError, RunState
from punctual.store.database import Database
from punctual.testing import ManualClock

Create = Callable[..., dict[str, Any]]

POLICIES: dict[str, Any] = {
    "overlap": "skip",
    "concurrency": {"key": "db", "limit": 3},
    "retry": {"attempts": 3, "delay": "10s", "backoff": 2, "max_delay": "1h"},
    "timeout": "5m",
    "expires": 600,
    "pause_after_failures": 5,
    "on_lost": "rerun",
    "routing_key": "reports.a",
    "priority": 0,
    "headers": {"tenant": {"ids": [1, None]}},
    "soft_time_limit": 50,
    "time_limit": "1m",
}


def words_of(schedule: dict[str, Any]) -> dict[str, str]:
    return {each["policy"]: each["words"] for each in schedule["status"]["policy_words"]}


def test_policies_are_answered_as_numbers_and_in_words(client: httpx.Client, create: Create) -> None:
    made = create(**POLICIES)
    assert {name: made[name] for name in POLICIES} == POLICIES | {
        "retry": {"attempts": 3, "delay": 10.0, "backoff": 2.0, "max_delay": 3600.0},
        "timeout": 300.0,
        "expires": 600.0,
        "time_limit": 60.0,
    }
    assert list(words_of(made)) == list(POLICIES)
    assert words_of(made)["concurrency"] == "at most 3 at once with key 'db'"
    assert client.get("schedules/nightly").json() == made


def test_an_answer_can_be_sent_again(client: httpx.Client, create: Create) -> None:
    made = create(**POLICIES)
    again = client.patch("schedules/nightly", json={name: made[name] for name in POLICIES})
    assert (again.status_code, again.json()["version"]) == (200, 1)


def test_a_patch_changes_a_part_of_a_policy_and_null_takes_all_of_it_back(client: httpx.Client, create: Create) -> None:
    create(**POLICIES)
    changed = client.patch("schedules/nightly", json={"retry": {"attempts": 4}, "concurrency": {"limit": 1}}).json()
    assert changed["retry"] == {"attempts": 4, "delay": 10.0, "backoff": 2.0, "max_delay": 3600.0}
    assert changed["concurrency"] == {"key": "db", "limit": 1}
    plain = client.patch("schedules/nightly", json=dict.fromkeys(POLICIES)).json()
    assert plain["status"]["policy_words"] == []
    assert (plain["overlap"], plain["concurrency"], plain["timeout"]) == ("allow", None, None)


@pytest.mark.parametrize(
    ("field", "value", "path", "said"),
    [
        ("overlap", "never", "overlap", "'allow', 'skip'"),
        ("concurrency", {"limit": 2}, "concurrency.key", "is required"),
        ("concurrency", {"key": "", "limit": 0}, "concurrency.key", "at least 1 character"),
        ("retry", {"attempts": 0}, "retry.attempts", "greater than or equal to 1"),
        ("retry", {"backoff": 0.5}, "retry.backoff", "greater than or equal to 1"),
        ("retry", {"delay": "soon"}, "retry.delay", "unknown unit"),
        ("retry", {"delay": -1}, "retry.delay", "greater than or equal to"),
        ("timeout", 0, "timeout", "must be longer than nothing"),
        ("timeout", "400d", "timeout", "less than or equal to 366 days"),
        ("expires", "-1s", "expires", "is no length of time"),
        ("pause_after_failures", 0, "pause_after_failures", "greater than or equal to 1"),
        ("on_lost", "retry", "on_lost", "'fail' or 'rerun'"),
    ],
)
def test_a_policy_that_cannot_be_is_named_by_its_path(
    client: httpx.Client, create: Create, field: str, value: object, path: str, said: str
) -> None:
    create()
    answer = client.patch("schedules/nightly", json={field: value})
    assert answer.status_code == 422
    (fault, *_) = answer.json()["errors"]
    assert (fault["path"], said in fault["message"]) == (path, True), fault


def test_failures_in_a_row_are_shown_up_to_the_pause_that_they_bring(
    client: httpx.Client, create: Create, database: Database
) -> None:
    create(pause_after_failures=2)
    for streak in (1, 2):
        run = client.post("schedules/nightly/run-now").json()
        with database.write() as tx:
            worker_records.end(tx, UUID(run["id"]), RunState.FAILED, at=ManualClock().now())
        assert client.get("schedules/nightly").json()["status"]["failure_streak"] == streak
    status = client.get("schedules/nightly").json()["status"]
    assert (status["state"], status["pause_note"]) == (
        "paused",
        "Paused by itself: 2 runs in a row failed or were lost.",
    )
    assert client.post("schedules/nightly/resume").json()["status"]["failure_streak"] == 0


def test_a_run_that_is_tried_again_shows_its_error_and_when(
    client: httpx.Client, create: Create, database: Database
) -> None:
    create(retry={"attempts": 2, "delay": "10s"}, timeout="5m")
    run = client.post("schedules/nightly/run-now").json()
    with database.write() as tx:
        worker_records.start(tx, UUID(run["id"]), at=ManualClock().now())
        error = RunError(type="OSError", message="full")
        worker_records.end(tx, UUID(run["id"]), RunState.FAILED, at=ManualClock().now(), attempt=1, error=error)
    shown = client.get(f"runs/{run['id']}").json()
    assert (shown["state"], shown["attempt"], shown["error"]["message"]) == ("retrying", 1, "full")
    assert shown["next_attempt_at"] == "2026-01-01T00:00:10Z"


def test_a_run_that_waits_says_for_what(client: httpx.Client, create: Create) -> None:
    create(overlap="buffer_one")
    first, second, third = (client.post("schedules/nightly/run-now").json() for _ in range(3))
    assert (first["state"], second["state"], third["state"]) == ("pending", "buffered", "skipped")
    assert second["reason"] == ("Waits for the end of the run of 2026-01-01T00:00:00Z (overlap policy buffer_one).")
    assert third["reason"] == "The run of 2026-01-01T00:00:00.000001Z was still buffered (overlap policy buffer_one)."
