"""A worker that is killed whole: its message comes again, the same attempt does not, and the policy decides."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from integration.celery.site import Site
from punctual.domain.run import RunState
from punctual.engine.reconcile import LostRuns
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from punctual.testing import ManualClock
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitmqServer
from servers.redis import RedisServer
from servers.waiting import eventually

OPTIONS = ("--pool", "prefork", "--concurrency", "2")


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def place(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site on each broker in turn, with a node."""
    server: RedisServer | RabbitmqServer = request.getfixturevalue(f"{request.param}_server")
    url = postgres_server.create()
    database = Database(url)
    upgrade(database)
    site = Site(database, url, server.create(), tmp_path_factory.mktemp("killed"))
    with site.node():
        yield site
    site.close()
    postgres_server.drop(url)


def begins(site: Site, run_id: UUID) -> int:
    file = site.folder / "notes"
    return file.read_text().count(f"{run_id} begins ") if file.exists() else 0


def judge(site: Site, patience: timedelta = timedelta(seconds=1)) -> None:
    """Let a node that has seen the database for long enough look for lost runs, without waiting for it."""
    now = site.clock.now()
    clock = ManualClock(now - patience)
    node = LostRuns(site.database, clock, after=patience)
    node.step()
    clock.move_to(now)
    assert node.step() == 2


def test_what_a_killed_worker_ran_is_not_begun_again_unless_the_schedule_says_so(place: Site, tmp_path: Path) -> None:
    go = tmp_path / "go"
    environment = {"TEST_FOLDER": str(place.folder), "TEST_VISIBILITY": "1"}
    with place.worker(*OPTIONS, app="stopped_app", **environment):
        fail = place.record("stopped_app.waits_late", str(go))
        rerun = place.record("stopped_app.waits_late", str(go), on_lost="rerun")
        for run in (fail, rerun):
            eventually(lambda run=run: begins(place, run.id) == 1, 60)  # type: ignore[misc] # mypy gives up on the default
        place.workers[-1].kill()
    with place.worker(*OPTIONS, app="stopped_app", **environment) as name:
        for run in (fail, rerun):
            place.logged(name, f"Attempt 1 of run {run.id} is not started here")
        judge(place)
        assert place.ended(fail.id).state is RunState.LOST
        eventually(lambda: begins(place, rerun.id) == 2, 60)
        go.touch()
        again = place.ended(rerun.id)
        assert (again.state, again.attempt, again.worker) == (RunState.SUCCEEDED, 2, name)
    assert begins(place, fail.id) == 1
