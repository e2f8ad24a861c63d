"""`punctual backfills` against a real server, with a node where runs are to be made."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import worker_records
from punctual.domain.clock import SystemClock
from punctual.domain.run import RunState
from punctual.engine.build import build_engine
from punctual.engine.sender import TaskMessage
from punctual.store.database import Database
from punctual.testing import RecordingSender

Punctual = Callable[..., Any]
START = ("backfills", "start", "backup")
DAYS = ("--from", "2026-07-01T00:00Z", "--until", "2026-07-05T00:00Z")


@pytest.fixture
def made(punctual: Punctual) -> Punctual:
    create = ("schedules", "create", "backup", "--task", "app.backup", "--arg", "/srv", "--trigger", "0 2 * * *")
    assert punctual(*create).status == 0
    return punctual


class Workers(RecordingSender):
    """A broker with workers behind it that end each run at once; those of some days fail."""

    def __init__(self, database: Database, failing_days: tuple[int, ...]) -> None:
        super().__init__()
        self._database = database
        self._failing_days = failing_days

    def send(self, messages: Any) -> Any:
        refused = super().send(messages)
        with self._database.write() as tx:
            for message in messages:
                self._end(tx, message)
        return refused

    def _end(self, tx: Any, message: TaskMessage) -> None:
        state = RunState.FAILED if message.fire_time.day in self._failing_days else RunState.SUCCEEDED
        assert worker_records.end(tx, message.run_id, state, at=SystemClock().now())


@pytest.fixture
def failing(request: pytest.FixtureRequest) -> tuple[int, ...]:
    days: tuple[int, ...] = getattr(request, "param", ())
    return days


@pytest.fixture
def _node(database: Database, failing: tuple[int, ...]) -> Iterator[None]:
    engine = build_engine(database, Workers(database, failing), SystemClock())
    engine.start()
    yield
    engine.stop(20)


def test_a_backfill_lives_its_whole_life_by_commands(made: Punctual) -> None:
    assert "no backfills yet" in made("backfills", "list").out
    dry = made(*START, *DAYS, "--dry-run")
    assert "backup (version 1) has 4 fire times" in dry.out
    assert "4 would run.\nNothing was written.\n" in dry.out
    started = made(*START, *DAYS, "--parallelism", "2", "--order", "newest")
    assert (started.status, started.err) == (0, "")
    key = made("backfills", "list", "-o", "name").out.strip()
    assert started.out.startswith(f"Backfill {key} runs: 4 fire times of backup from ")
    listed = made("backfills", "list", "--schedule", "backup", "--state", "running").out
    assert "0 of 4 looked at" in listed
    shown = made("backfills", "show", key).out
    for fact in ("parallelism  2", "order        newest first", "looked at    0 of 4", "reprocess    none"):
        assert fact in shown
    assert made("backfills", "cancel", key).out == f"Cancelled {key}.\n"
    assert json.loads(made("backfills", "show", key, "-o", "json").out)["state"] == "cancelled"
    assert made("backfills", "list", "--state", "done").out == "No backfill matches.\n"


@pytest.mark.usefixtures("_node")
def test_waiting_follows_the_progress_to_a_good_end(made: Punctual) -> None:
    done = made(*START, *DAYS, "--parallelism", "2", "--wait", "-o", "json")
    assert done.status == 0
    backfill = json.loads(done.out)
    assert (backfill["state"], backfill["progress"]["states"]) == ("done", {"succeeded": 4})
    assert done.err.splitlines()[-1] == "  done: 4 of 4 looked at, 4 succeeded"
    listed = made("runs", "list", "--backfill", backfill["id"], "-o", "json").out
    assert {run["cause"] for run in json.loads(listed)["items"]} == {"backfill"}
    again = made(*START, *DAYS, "--wait")
    assert "done: 4 of 4 looked at, 4 run already" in again.err


@pytest.mark.usefixtures("_node")
@pytest.mark.parametrize("failing", [(2, 3)], indirect=True)
def test_waiting_ends_badly_where_a_run_does(made: Punctual) -> None:
    done = made(*START, *DAYS, "--wait")
    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines()[-1] == "  done: 4 of 4 looked at, 2 failed, 2 succeeded"
    dry = made(*START, *DAYS, "--reprocess", "failed", "--dry-run").out
    assert "2 would run.\n2 left out: run already.\n" in dry


def test_a_span_can_be_told_by_how_long_ago_it_is(made: Punctual) -> None:
    assert "has 2 fire times" in made(*START, "--from", "2d", "--dry-run").out
    assert json.loads(made(*START, "--from", "3d", "--until", "1d", "--dry-run", "-o", "json").out)["fire_times"] == 2
    assert "4 fire times" in made(*START, "--from", "2026-07-01", "--until", "2026-07-05", "--dry-run").out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("--from", "yesterday"), 2, "or how long ago it is, such as 2d"),
        (("--from", "2d", "--until", "2099-01-01"), 1, "until: is still to come"),
        (("--from", "2d", "--dry-run", "--wait"), 2, "--wait has nothing to wait for"),
        (("--from", "2d", "--parallelism", "1001"), 2, "less than or equal to 1000"),
        ((), 2, "--from"),
    ],
)
def test_what_cannot_be_asked_for_is_told_with_its_option(
    arguments: tuple[str, ...], status: int, told: str, made: Punctual
) -> None:
    refused = made(*START, *arguments)
    assert refused.status == status
    assert told in refused.err
