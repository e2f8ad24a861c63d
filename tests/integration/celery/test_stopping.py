"""With real workers and a node: attempts that fail, take too long, are asked to stop, or lose their process."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from integration.celery.site import Site
from punctual.domain.run import Run, RunState
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.postgres import PostgresServer
from servers.redis import RedisServer
from servers.waiting import eventually


@pytest.fixture(scope="module")
def place(
    redis_server: RedisServer, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site with a node."""
    url = postgres_server.create()
    database = Database(url)
    upgrade(database)
    site = Site(database, url, redis_server.create(), tmp_path_factory.mktemp("stopping"))
    with site.node():
        yield site
    site.close()
    postgres_server.drop(url)


@pytest.fixture(scope="module")
def worker(place: Site) -> Iterator[str]:
    with place.worker(*["--pool", "prefork", "--concurrency", "2"], app="stopped_app", **environment(place)) as name:
        yield name


def environment(site: Site) -> dict[str, str]:
    return {"TEST_FOLDER": str(site.folder)}


def notes(site: Site, run_id: UUID, what: str) -> list[int]:
    """Return the processes that noted it of the run."""
    file = site.folder / "notes"
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [int(pid) for key, noted, pid in lines if (key, noted) == (str(run_id), what)]


def noted(site: Site, run_id: UUID, what: str, times: int = 1) -> list[int]:
    def look() -> list[int] | None:
        found = notes(site, run_id, what)
        return found if len(found) >= times else None

    return eventually(look, 60, message=lambda: f"{site.get(run_id)}\n{site.log('w0@test')}")


def another(site: Site, run: Run) -> Run:
    return site.schedules.run_now(str(run.schedule_id), actor="test")


def test_the_policy_attempts_a_run_again_under_its_id(place: Site, worker: str) -> None:
    run = place.ended(place.record("stopped_app.fails", retry={"attempts": 3, "delay": 0.1, "backoff": 1}).id)
    assert (run.state, run.attempt, run.worker) == (RunState.FAILED, 3, worker)
    assert len(notes(place, run.id, "begins")) == 3


@pytest.mark.usefixtures("worker")
def test_an_attempt_that_takes_too_long_is_terminated_and_the_next_may_run(place: Site, tmp_path: Path) -> None:
    go = tmp_path / "go"
    run = place.record("stopped_app.waits", str(go), timeout=4, retry={"attempts": 2, "delay": 0})
    first, second = noted(place, run.id, "begins", times=2)
    assert first != second
    eventually(lambda: not lives(first))
    assert place.get(run.id).state is RunState.RUNNING
    go.touch()
    run = place.ended(run.id)
    assert (run.state, run.attempt, run.result) == (RunState.SUCCEEDED, 2, "waited")
    assert notes(place, run.id, "ends") == [second]


@pytest.mark.usefixtures("worker")
def test_a_run_that_makes_room_may_clean_up_and_ends_cancelled(place: Site, tmp_path: Path) -> None:
    go, clean = tmp_path / "go", tmp_path / "clean"
    first = place.record("stopped_app.cleans_up", str(go), str(clean), overlap="cancel_other", retry={"attempts": 3})
    noted(place, first.id, "begins")
    second = another(place, first)
    noted(place, first.id, "cleans")
    assert (place.get(first.id).state, place.get(second.id).state) == (RunState.RUNNING, RunState.BUFFERED)
    clean.touch()
    first = place.ended(first.id)
    assert first.state is RunState.CANCELLED
    assert str(first.reason).endswith("took its place (overlap policy cancel_other).")
    assert first.error is not None
    assert first.error.type == "billiard.exceptions.SoftTimeLimitExceeded"
    noted(place, second.id, "begins")
    go.touch()
    assert place.ended(second.id).state is RunState.SUCCEEDED


@pytest.mark.usefixtures("worker")
def test_celery_does_not_retry_what_was_asked_to_stop(place: Site, tmp_path: Path) -> None:
    go = tmp_path / "go"
    first = place.record("stopped_app.retries_all", str(go), overlap="cancel_other")
    noted(place, first.id, "begins")
    second = another(place, first)
    assert place.ended(first.id).state is RunState.CANCELLED
    noted(place, second.id, "begins")
    go.touch()
    assert place.ended(second.id).state is RunState.SUCCEEDED
    assert len(notes(place, first.id, "begins")) == 1


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("task", ["waits", "ignores_sigterm"])
def test_a_run_that_is_terminated_ends_at_once_and_its_process_too(place: Site, tmp_path: Path, task: str) -> None:
    go = tmp_path / "go"
    first = place.record(f"stopped_app.{task}", str(go), overlap="terminate_other")
    (pid,) = noted(place, first.id, "begins")
    second = another(place, first)
    assert place.get(first.id).state is RunState.CANCELLED
    eventually(lambda: not lives(pid))
    noted(place, second.id, "begins")
    go.touch()
    assert place.ended(second.id).state is RunState.SUCCEEDED
    assert str(place.get(first.id).reason).endswith("took its place (overlap policy terminate_other).")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("task", ["waits", "waits_late"])
def test_a_run_whose_process_is_killed_is_lost_or_attempted_again(place: Site, tmp_path: Path, task: str) -> None:
    go = tmp_path / "go"
    fail = place.record(f"stopped_app.{task}", str(go))
    rerun = place.record(f"stopped_app.{task}", str(go), on_lost="rerun")
    for run in (fail, rerun):
        os.kill(noted(place, run.id, "begins")[0], signal.SIGKILL)
    lost = place.ended(fail.id)
    assert (lost.state, lost.attempt) == (RunState.LOST, 1)
    assert "The process that ran" in str(lost.reason)
    noted(place, rerun.id, "begins", times=2)
    go.touch()
    again = place.ended(rerun.id)
    assert (again.state, again.attempt, again.result) == (RunState.SUCCEEDED, 2, "waited")
    assert len(notes(place, fail.id, "begins")) == 1


@pytest.mark.usefixtures("worker")
def test_a_task_that_puts_its_message_back_starts_anew(place: Site) -> None:
    run = place.ended(place.record("stopped_app.gives_back").id)
    assert (run.state, run.result, run.attempt) == (RunState.SUCCEEDED, "at last", 1)
    assert len(notes(place, run.id, "begins")) == 3


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_pool_that_cannot_interrupt_says_so_and_goes_on(site: Site, tmp_path: Path) -> None:
    go = tmp_path / "go"
    options = ["--pool", "threads", "--concurrency", "2"]
    with site.node(), site.worker(*options, app="stopped_app", **environment(site)) as name:
        first = site.record("stopped_app.waits", str(go), overlap="cancel_other")
        noted(site, first.id, "begins")
        second = another(site, first)
        site.logged(name, f"Run {first.id} goes on: celery.concurrency.thread cannot interrupt a task")
        assert site.get(first.id).state is RunState.RUNNING
        go.touch()
        assert site.ended(first.id).state is RunState.SUCCEEDED
        assert site.ended(second.id).state is RunState.SUCCEEDED


@pytest.mark.parametrize("overlap", ["cancel_other", "terminate_other"])
def test_gevent_ends_what_is_asked_to_stop(site: Site, tmp_path: Path, overlap: str) -> None:
    go = tmp_path / "go"
    options = ["--pool", "gevent", "--concurrency", "2"]
    with site.node(), site.worker(*options, app="stopped_app", **environment(site)):
        first = site.record("stopped_app.waits", str(go), overlap=overlap)
        noted(site, first.id, "begins")
        second = another(site, first)
        assert site.ended(first.id).state is RunState.CANCELLED
        noted(site, second.id, "begins")
        go.touch()
        assert site.ended(second.id).state is RunState.SUCCEEDED
        assert notes(site, first.id, "ends") == []
