"""Sites for the tests: a shared one per kind of database, one of a test's own, and one of events alone."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.celery.asked import Asked
from integration.celery.event_site import EventSite, NewRun
from integration.celery.site import Site
from punctual.control.schedules import Schedules
from punctual.domain.run import Run
from punctual.engine.loop import Engine
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from punctual.testing import ManualClock
from servers.postgres import PostgresServer
from servers.redis import RedisServer


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def any_site(
    request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site on each kind of database in turn, shared by the tests of a module."""
    folder = tmp_path_factory.mktemp("site")
    if request.param == "sqlite":
        yield from _open(f"sqlite:///{folder / 'punctual.db'}", redis_server.create(), folder)
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create()
        yield from _open(url, redis_server.create(), folder)
        server.drop(url)


@pytest.fixture
def site(redis_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site of the test's own, on SQLite."""
    yield from _open(f"sqlite:///{tmp_path / 'punctual.db'}", redis_url, tmp_path)


@pytest.fixture
def postgres_site(postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site of the test's own, on PostgreSQL."""
    yield from _open(postgres_url, redis_url, tmp_path)


@pytest.fixture
def event_site(database: Database, clock: ManualClock) -> EventSite:
    """Two nodes, so that all that is told is told twice."""
    return EventSite(database, clock, nodes=2)


@pytest.fixture
def new_run(schedules: Schedules, engine: Engine) -> NewRun:
    numbers = itertools.count()

    def make(**policies: Any) -> Run:
        name = f"s{next(numbers)}"
        schedules.create({"name": name, "task": "tick", "trigger": "every 30d", **policies}, actor="test")
        run = schedules.run_now(name, actor="test")
        engine.step()
        return run

    return make


def _open(database_url: str, broker_url: str, folder: Path) -> Iterator[Site]:
    database = Database(database_url)
    upgrade(database)
    site = Site(database, database_url, broker_url, folder)
    yield site
    site.close()


@pytest.fixture
def asked(database: Database, database_url: str) -> Iterator[Asked]:
    """A gate on each kind of database in turn."""
    asked = Asked(database, database_url)
    yield asked
    asked.gate.close()
