"""With real workers of every pool: what becomes of a task whose lock is held, and of the lock of a worker that dies."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from integration.celery.site import Site
from punctual.celery.leases import Leases
from punctual.control.locks import Locks
from punctual.domain.identity import new_id
from punctual.domain.lock import Claim, Holder, Lock, Purpose
from punctual.domain.run import RunState
from punctual.settings import Settings
from punctual.store.database import Database
from servers.redis import RedisServer
from servers.waiting import eventually

POOLS = {
    "prefork": ("--pool", "prefork", "--concurrency", "2"),
    "spawn": ("--pool", "prefork", "--concurrency", "2"),
    "threads": ("--pool", "threads", "--concurrency", "2"),
    "solo": ("--pool", "solo"),
    "gevent": ("--pool", "gevent", "--concurrency", "2"),
}
HERE = Holder(function="the test", host="here", pid=os.getpid())


@pytest.fixture(scope="module", params=POOLS)
def place(
    request: pytest.FixtureRequest,
    redis_server: RedisServer,
    migrated_sqlite: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Site, str, str]]:
    """A site with a worker, the pool, and the worker's name."""
    pool: str = request.param
    folder = tmp_path_factory.mktemp("locks")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, folder / 'punctual.db')}"
    site = Site(Database(url), url, redis_server.create(), folder)
    method = {"TEST_START_METHOD": "spawn"} if pool == "spawn" else {}
    with site.worker(*POOLS[pool], **options(site), **method) as worker:
        yield site, pool, worker
    site.close()


def options(site: Site) -> dict[str, str]:
    """Return what a worker of the app needs to know."""
    return {"app": "locked_app", "TEST_NOTES": str(site.folder / "notes"), "PUNCTUAL_LOCK_LEASE": "1s"}


def bodies(site: Site, run_id: UUID) -> int:
    file = site.folder / "notes"
    return file.read_text().count(f"{run_id} body") if file.exists() else 0


def held(site: Site, key: str) -> list[Lock]:
    return [lock for lock in Locks(site.database, site.clock).list(limit=100, cursor=None).items if lock.key == key]


def test_a_task_whose_lock_is_held_is_skipped_retried_or_waits(place: tuple[Site, str, str]) -> None:
    site, pool, worker = place
    here = Leases(site.database, Settings().lock_lease)
    lock = here.acquire(Claim(Purpose.EXCLUSIVE, "lock:k"), HERE)
    assert lock is not None
    skipped = site.ended(site.send(site.record("locked_app.skips", "k", "/dev/null")))
    assert (skipped.state, skipped.worker, skipped.attempt) == (RunState.SKIPPED, worker, 1)
    assert skipped.reason == "The lock 'lock:k' is held by 1 already."
    assert skipped.error is None
    assert skipped.started_at is not None
    assert skipped.finished_at is not None

    retried = site.send(site.record("locked_app.retries", "k"))
    error = site.until(retried, lambda run: run.state is RunState.RETRYING).error
    assert error is not None
    assert error.type == "punctual.domain.errors.LockBusyError"
    site.until(retried, lambda run: run.attempt > 1)
    if pool != "solo":  # which would wait for it with all else
        waiting = site.send(site.record("locked_app.waits", "k"))
        site.until(waiting, lambda run: run.state is RunState.RUNNING)
        assert bodies(site, waiting) == 0
    here.release(lock)
    if pool != "solo":
        assert site.ended(waiting).result == "k"
    run = site.ended(retried)
    assert (run.state, bodies(site, retried)) == (RunState.SUCCEEDED, 1)
    assert run.result == run.attempt - 1
    assert bodies(site, skipped.id) == 0
    assert held(site, "lock:k") == []


def test_a_lock_outlives_its_lease_while_its_task_runs_and_results_are_shared(
    place: tuple[Site, str, str], tmp_path: Path
) -> None:
    (site, _, worker), go = place, tmp_path / "go"
    run_id = site.send(site.record("locked_app.skips", "k", str(go)))
    (lock,) = eventually(lambda: held(site, "lock:k"), 60, lambda: site.log(worker))
    assert (lock.task_id, lock.worker, lock.function) == (str(run_id), worker, "locked_app.skips")
    eventually(lambda: held(site, "lock:k")[0].expires_at > lock.expires_at + 2 * (lock.expires_at - lock.acquired_at))
    go.touch()
    assert site.ended(run_id).result == "held"
    assert held(site, "lock:k") == []

    key = str(new_id())
    ids = [site.send(site.record("locked_app.once", key)) for _ in range(4)]
    runs = [site.ended(run_id) for run_id in ids]
    assert {run.state for run in runs} == {RunState.SUCCEEDED}
    assert len({run.result for run in runs if isinstance(run.result, str)}) == 1
    assert sum(bodies(site, run_id) for run_id in ids) == 1


@pytest.mark.parametrize("victim", ["its process", "its whole worker"])
def test_the_lock_of_what_is_killed_gets_free(site: Site, tmp_path: Path, victim: str) -> None:
    with site.worker(*POOLS["prefork"], **options(site)) as name:
        site.send(site.record("locked_app.skips", "k", str(tmp_path / "never")))
        (lock,) = eventually(lambda: held(site, "lock:k"), 60, lambda: site.log(name))
        waiting = site.send(site.record("locked_app.waits", "k"))
        site.until(waiting, lambda run: run.state is RunState.RUNNING)
        if victim == "its process":
            os.kill(lock.pid, signal.SIGKILL)
            assert site.ended(waiting).state is RunState.SUCCEEDED
            return
        site.workers[-1].kill()
        os.kill(lock.pid, signal.SIGKILL)  # a child that its parent leaves behind
        with site.worker(*POOLS["prefork"], **options(site)):
            assert site.ended(site.send(site.record("locked_app.waits", "k"))).state is RunState.SUCCEEDED
