"""Every way in which an attempt can end, with a real worker of each pool: the ledger says what happened."""

from collections.abc import Iterator

import pytest

from integration.celery.site import Site
from punctual.domain.run import Run, RunState
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.redis import RedisServer

POOLS = {
    "prefork": ("--pool", "prefork", "--concurrency", "2"),
    "threads": ("--pool", "threads", "--concurrency", "3"),
    "gevent": ("--pool", "gevent", "--concurrency", "3"),
}


@pytest.fixture(scope="module", params=POOLS)
def place(
    request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, str, str]]:
    """A site with a worker, the pool, and the worker's name."""
    folder = tmp_path_factory.mktemp("endings")
    url = f"sqlite:///{folder / 'punctual.db'}"
    database = Database(url)
    upgrade(database)
    site = Site(database, url, redis_server.create(), folder)
    with site.worker(*POOLS[request.param]) as worker:
        yield site, request.param, worker
    site.close()


def failure(run: Run) -> tuple[RunState, str | None]:
    return run.state, None if run.error is None else run.error.type.rpartition(".")[2]


@pytest.mark.parametrize(
    ("task", "args", "error"), [("exit_with", [3], "SystemExit"), ("interrupt", [], "KeyboardInterrupt")]
)
def test_a_task_that_asks_its_process_to_end(
    place: tuple[Site, str, str], task: str, args: list[int], error: str
) -> None:
    site, pool, worker = place
    run = site.run(f"served_app.{task}", *args)
    if pool == "prefork":
        # Celery 5.7 tells that the process died, those before tell of the exception.
        assert failure(run) in {(RunState.LOST, None), (RunState.FAILED, error)}
        assert run.state is RunState.FAILED or str(run.reason).startswith("The process that ran the task died")
    else:
        assert failure(run) == (RunState.FAILED, error)
        assert run.error is not None
        assert f"in {task}" in str(run.error.traceback)
        assert (run.worker, run.attempt) == (worker, 1)
    assert site.run("served_app.add", 1).state is RunState.SUCCEEDED


def test_a_soft_time_limit_is_a_failure_unless_the_task_cleans_up(place: tuple[Site, str, str]) -> None:
    site, pool, _ = place
    uncaught, caught = (site.send(site.record("served_app.soft_limited", catches)) for catches in (False, True))
    if pool == "prefork":
        assert failure(site.ended(uncaught)) == (RunState.FAILED, "SoftTimeLimitExceeded")
        assert site.ended(caught).result == "cleaned up"
    else:  # Celery's other pools have no soft limit
        assert site.ended(uncaught).result == site.ended(caught).result == "never asked to stop"


def test_a_hard_time_limit_is_a_failure_with_the_reason(place: tuple[Site, str, str]) -> None:
    site, pool, _ = place
    run = site.run("served_app.hard_limited")
    if pool == "threads":  # Celery's threads have no time limit
        assert (run.state, run.result) == (RunState.SUCCEEDED, "never stopped")
    else:
        assert failure(run) == (RunState.FAILED, "TimeLimitExceeded")
        assert run.reason == "The task ran into its hard time limit."


@pytest.mark.parametrize(
    ("task", "state", "reason"),
    [
        ("ignore", RunState.CANCELLED, "The task raised Ignore"),
        ("reject", RunState.FAILED, None),
        ("not_there", RunState.FAILED, "No such task on this worker."),
        ("soon_stale", RunState.EXPIRED, "The message expired before a worker could start it."),
    ],
)
def test_what_ends_without_a_result(
    place: tuple[Site, str, str], task: str, state: RunState, reason: str | None
) -> None:
    site, _, _ = place
    run = site.run(f"served_app.{task}")
    assert run.state is state
    assert reason is None or str(run.reason).startswith(reason)


def test_a_run_that_was_revoked_before_it_came_is_cancelled(place: tuple[Site, str, str]) -> None:
    site, _, worker = place
    run = site.record("served_app.add", 1)
    site.app.control.revoke(str(run.id), destination=[worker], reply=True, timeout=10)
    site.send(run)
    assert (site.ended(run.id).state, site.get(run.id).reason) == (RunState.CANCELLED, "Revoked before it started.")


def test_a_solo_worker_that_a_task_ends_has_recorded_that_first(site: Site) -> None:
    with site.worker("--pool", "solo"):
        run = site.run("served_app.exit_with", 3)
        assert failure(run) == (RunState.FAILED, "SystemExit")
        assert site.workers[-1].wait(20) != 0
