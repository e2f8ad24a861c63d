"""Real workers that know nothing of Punctual: their runs are followed by their events, or by their results."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from integration.celery.site import Site
from punctual.celery.following.event_follower import EventFollower
from punctual.celery.following.result_follower import ResultFollower
from punctual.domain.run import RunState
from punctual.domain.source import Source
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.redis import RedisProcess
from servers.waiting import eventually

WITH_EVENTS = ["-E", "--pool", "prefork", "--concurrency", "2"]
LOST_AFTER = timedelta(seconds=10)


def follower(site: Site) -> EventFollower:
    return EventFollower(site.app, site.database, site.clock, lost_after=LOST_AFTER)


def open_site(broker_url: str, folder: Path) -> Site:
    url = f"sqlite:///{folder / 'punctual.db'}"
    database = Database(url)
    upgrade(database)
    return Site(database, url, broker_url, folder)


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with two nodes, both of which hear all events, and one worker that sends them."""
    server = request.getfixturevalue(f"{request.param}_server")
    site = open_site(server.create(), tmp_path_factory.mktemp("unmodified"))
    with site.node(follower(site)), site.node(follower(site)), site.worker(*WITH_EVENTS, app="plain_app"):
        yield site
    site.close()


def test_a_success_is_told_by_events(place: Site) -> None:
    run = place.ended(place.record("plain_app.add", 2, 3).id)
    assert (run.state, run.attempt, run.worker, run.result) == (RunState.SUCCEEDED, 1, "w0@test", "5")
    assert run.source is Source.EVENTS
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.started_at <= run.finished_at
    assert run.not_promised[0] == "Without the plug-in its task may run more than once."


def test_a_failure_is_told_with_its_error_and_the_policys_attempts_are_made(place: Site) -> None:
    run = place.ended(place.record("plain_app.fails", retry={"attempts": 2, "delay": 0}).id)
    assert (run.state, run.attempt) == (RunState.FAILED, 2)
    assert run.error is not None
    assert (run.error.type, run.error.message) == ("OSError", "no luck")
    assert run.error.traceback is not None
    assert "no luck" in run.error.traceback


def test_celerys_own_retries_are_attempts(place: Site) -> None:
    run = place.ended(place.record("plain_app.retries").id)
    assert (run.state, run.attempt, run.result) == (RunState.SUCCEEDED, 3, "2")


def test_a_run_that_takes_too_long_is_terminated(place: Site, tmp_path: Path) -> None:
    run = place.ended(place.record("plain_app.waits", str(tmp_path / "go"), timeout=1).id)
    assert (run.state, run.worker) == (RunState.FAILED, "w0@test")
    assert run.error is not None
    assert run.error.type == "TimedOut"
    place.logged("w0@test", f"Terminating {run.id}")
    # Both processes of the pool are free for others.
    assert place.ended(place.record("plain_app.add", 1, 1).id).state is RunState.SUCCEEDED


def test_a_run_that_is_terminated_by_a_person_is_cancelled_and_its_process_ends(place: Site, tmp_path: Path) -> None:
    run = place.record("plain_app.waits", str(tmp_path / "go"))
    place.until(run.id, lambda found: found.state is RunState.RUNNING)
    place.runs.cancel(run.id, actor="ann", terminate=True)
    place.logged("w0@test", f"Terminating {run.id}")
    assert place.get(run.id).state is RunState.CANCELLED


def test_a_run_that_somebody_revokes_is_cancelled(place: Site, tmp_path: Path) -> None:
    run = place.record("plain_app.waits", str(tmp_path / "go"))
    place.until(run.id, lambda found: found.state is RunState.RUNNING)
    place.app.control.revoke(str(run.id), terminate=True)
    found = place.ended(run.id)
    assert (found.state, found.reason) == (RunState.CANCELLED, "Terminated with signal 15 while it ran.")


def test_a_run_whose_worker_is_killed_is_lost(place: Site, tmp_path: Path) -> None:
    with place.worker("-E", "--pool", "threads", "-c", "1", "-Q", "doomed", app="plain_app") as name:
        run = place.record("plain_app.waits", str(tmp_path / "go"), queue="doomed")
        place.until(run.id, lambda found: found.state is RunState.RUNNING)
        os.kill(place.workers[-1].pid, signal.SIGKILL)
        found = place.ended(run.id)
    assert (found.state, found.worker) == (RunState.LOST, name)
    assert found.reason == f"Worker {name} has given no sign of life for 10 s."


def test_events_of_workers_with_the_plugin_disturb_nothing(redis_url: str, tmp_path: Path) -> None:
    site = open_site(redis_url, tmp_path)
    with site.node(follower(site)), site.node(follower(site)), site.worker(*WITH_EVENTS) as name:
        sent = [site.record("served_app.flaky", 1).id for _ in range(20)]
        ended = [site.ended(run_id) for run_id in sent]
    site.close()
    assert {(run.state, run.result, run.attempt) for run in ended} == {(RunState.SUCCEEDED, "at last", 2)}
    assert {(run.source, run.worker) for run in ended} == {(Source.PLUGIN, name)}
    assert "is not started here" not in site.log(name)


def test_results_are_looked_up_where_nobody_tells(redis_url: str, tmp_path: Path) -> None:
    site = open_site(redis_url, tmp_path)
    site.app.conf.result_backend = redis_url
    results = ResultFollower(site.app, site.database, site.clock)
    site.silent = True
    options = ["--pool", "threads", "--concurrency", "2"]
    with (
        site.node(follower(site), results),
        site.worker(*options, app="plain_app", TEST_BACKEND_URL=redis_url) as name,
    ):
        good = site.record("plain_app.add", 2, 3)
        bad = site.record("plain_app.fails", retry={"attempts": 2, "delay": 0})
        waiting = site.record("plain_app.waits", str(tmp_path / "go"))
        good, bad = site.ended(good.id), site.ended(bad.id)
        site.until(waiting.id, lambda run: run.state is RunState.RUNNING)
        (tmp_path / "go").touch()
        waiting = site.ended(waiting.id)
    site.close()
    assert (good.state, good.result, good.worker) == (RunState.SUCCEEDED, 5, name)
    assert (good.source, good.started_at) == (Source.RESULT_BACKEND, None)
    assert (bad.state, bad.attempt, bad.error and bad.error.message) == (RunState.FAILED, 2, "no luck")
    assert (waiting.state, waiting.result, waiting.worker) == (RunState.SUCCEEDED, "waited", name)


def test_events_are_followed_on_when_the_broker_was_away(tmp_path: Path) -> None:
    broker = RedisProcess(tmp_path, durable=True)
    site = open_site(f"{broker.url}/0", tmp_path)
    follows = follower(site)
    try:
        with site.node(follows), site.worker(*WITH_EVENTS, app="plain_app"):
            assert site.ended(site.record("plain_app.add", 1, 1).id).state is RunState.SUCCEEDED
            broker.kill()
            eventually(lambda: follows.fault, 60)
            broker.start()
            eventually(lambda: follows.fault is None, 60)
            assert site.ended(site.record("plain_app.add", 1, 2).id).result == "3"
    finally:
        site.close()
        broker.stop()
