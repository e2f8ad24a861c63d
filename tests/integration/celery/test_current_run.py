"""With real workers of every pool: a task knows its run, and what it tells is kept with the run."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from integration.celery.site import Site, message_of
from integration.celery.test_gate import POOLS
from punctual.domain.identity import new_id
from punctual.domain.masking import MASK
from punctual.domain.report import MOST_LINES, Level
from punctual.domain.run import Arguments, Run, RunState
from punctual.store import run_logs
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.postgres import PostgresServer
from servers.redis import RedisServer
from servers.waiting import eventually


@pytest.fixture(scope="module", params=POOLS)
def telling(
    request: pytest.FixtureRequest,
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A site with a worker of each pool in turn."""
    pool = request.param
    database_url, folder = postgres_server.create(), tmp_path_factory.mktemp("telling")
    database = Database(database_url)
    upgrade(database)
    site = Site(database, database_url, redis_server.create(), folder)
    environment = {"TEST_GO_ON": str(folder / "go on")} | ({"TEST_START_METHOD": "spawn"} if pool == "spawn" else {})
    with site.worker(*POOLS[pool], app="telling_app", **environment):
        yield site
    site.close()
    postgres_server.drop(database_url)


def log_of(site: Site, run: Run) -> list[tuple[int, Level, str]]:
    with site.database.read() as tx:
        page = run_logs.list_page(tx, run.id, limit=MOST_LINES + 10, after=None)
    return [(line.attempt, line.level, line.text) for line in page.items]


def test_a_task_knows_its_run_and_so_does_what_it_calls(telling: Site) -> None:
    site = telling
    run = site.record("telling_app.tell", service="payments", labels={"team": "a b", "tier": "1"})
    previous = run.fire_time - timedelta(hours=1)
    message = replace(message_of(run), service="payments", labels={"team": "a b", "tier": "1"}, timeout=60)
    site.sender.send([replace(message, previous_fire_time=previous)])
    ended = site.ended(run.id)
    assert ended.state is RunState.SUCCEEDED, ended.error
    assert isinstance(ended.result, dict)
    told = ended.result["facts"]
    assert isinstance(told, dict)
    deadline = told.pop("deadline")
    assert told == {
        "id": str(run.id),
        "schedule": run.schedule,
        "schedule_id": str(run.schedule_id),
        "service": "payments",
        "fire_time": str(run.fire_time),
        "previous_fire_time": str(previous),
        "cause": "manual",
        "attempt": "1",
        "labels": {"team": "a b", "tier": "1"},
    }
    assert deadline is not None
    assert (ended.result["applied"], ended.result["called"]) == (str(run.id), str(run.id))
    assert ended.result["last_success"] == "None"
    assert ended.progress is not None
    assert (ended.progress.done, ended.progress.total, ended.progress.note) == (1, 2, "half")
    eventually(lambda: len(log_of(site, run)) == 2)
    assert log_of(site, run) == [(1, Level.INFO, "from the task"), (1, Level.WARNING, "from a logger")]

    again = site.schedules.run_now(str(run.schedule_id), actor="test")
    second = site.ended(site.send(again))
    assert isinstance(second.result, dict)
    assert second.result["last_success"] == str(run.fire_time)


def test_a_task_that_punctual_did_not_send_has_no_run(telling: Site) -> None:
    task_id = str(new_id())
    telling.app.send_task("telling_app.outside", task_id=task_id)
    telling.logged("w0@test", f"telling_app.outside[{task_id}] succeeded")


def test_after_a_retry_it_is_the_next_attempt(telling: Site) -> None:
    run = telling.record("telling_app.twice")
    ended = telling.ended(telling.send(run))
    assert (ended.state, ended.result, ended.attempt) == (RunState.SUCCEEDED, 2, 2)
    eventually(lambda: len(log_of(telling, run)) == 2)
    assert log_of(telling, run) == [(1, Level.INFO, "attempt 1"), (2, Level.INFO, "attempt 2")]
    assert ended.progress is not None
    assert ended.progress.done == 2


def test_progress_is_seen_while_the_task_runs_and_its_last_word_is_kept(telling: Site) -> None:
    run = telling.record("telling_app.busy")
    telling.send(run)
    seen = telling.until(run.id, lambda run: run.progress is not None and run.progress.done == 19_999)
    assert seen.state is RunState.RUNNING
    (telling.folder / "go on").touch()
    telling.until(run.id, lambda run: run.progress is not None and run.progress.done == 20_000)
    eventually(lambda: len(log_of(telling, run)) == MOST_LINES + 1)
    assert log_of(telling, run)[-1][2].startswith("1,000 more lines")


def test_while_the_database_is_away_the_task_runs_on_and_what_it_told_is_kept_later(
    telling: Site, postgres_server: PostgresServer
) -> None:
    run = telling.record("telling_app.twice")
    with postgres_server.away(telling.database_url):
        telling.send(run)
        eventually(lambda: telling.log("w0@test").count(f"telling_app.twice[{run.id}] succeeded") == 1, 60)
    assert telling.ended(run.id).state is RunState.SUCCEEDED
    eventually(lambda: [line[2] for line in log_of(telling, run)] == ["attempt 1", "attempt 2"], 30)


def test_a_secret_is_in_nothing_that_a_run_tells_nor_in_the_message_of_its_retry(telling: Site) -> None:
    run = telling.record("telling_app.secret", "hunter2")
    shown = Arguments(args=[MASK], kwargs={})
    telling.sender.send([replace(message_of(run), args=["hunter2"], shown=shown)])
    ended = telling.ended(run.id)
    assert (ended.state, ended.attempt) == (RunState.SUCCEEDED, 2), ended.error
    assert ended.result == {"shown": f"['{MASK}']", "given": f"<{MASK}>"}
    telling.until(run.id, lambda run: run.progress is not None and run.progress.note == MASK)
    eventually(lambda: len(log_of(telling, run)) == 2)
    assert {text for _, _, text in log_of(telling, run)} == {f"using {MASK}"}
    assert "hunter2" not in str(telling.get(run.id))


@pytest.mark.parametrize("task", ["secret", "refuse", "issue", "pass_on"])
def test_a_secret_is_in_nothing_that_celery_logs_of_a_task(telling: Site, task: str) -> None:
    run = telling.record(f"telling_app.{task}", "hunter2 and 3")
    telling.sender.send([replace(message_of(run), shown=Arguments(args=[MASK], kwargs={}))])
    telling.ended(run.id)
    telling.logged("w0@test", f"Task telling_app.{task}[{run.id}] {'raised' if task == 'refuse' else 'succeeded'}")
    assert "hunter2" not in telling.log("w0@test")
