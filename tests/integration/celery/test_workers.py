"""How real workers of each pool tell of themselves, and record through faults."""

from pathlib import Path

from integration.celery.site import Site
from punctual.control.system import System
from punctual.control.tasks import Tasks
from punctual.domain.run import RunState
from servers.postgres import PostgresServer
from servers.waiting import eventually


def test_a_worker_tells_its_tasks_and_declared_schedules_and_leaves_when_it_stops(site: Site) -> None:
    with site.worker("--pool", "threads", "--concurrency", "3", "-Q", "celery,slow") as name:
        (view,) = System(site.database, site.clock).workers()
        worker = view.worker
        assert view.live
        assert (worker.name, worker.pool, worker.concurrency) == (name, "threads", 3)
        assert worker.queues == ["celery", "slow"]
        task = Tasks(site.database, site.clock).get("served_app.add")
        assert task.live
        assert task.task.description == "Add two numbers."
        assert task.task.signature is not None
        assert task.task.queues == ["celery", "slow"]
        schedule = eventually(lambda: declared(site))
        assert schedule == ("served_app.add", [1, 2], "Adds every hour.", "served")
        run = site.run("served_app.add", 4)
        assert (run.state, run.result, run.worker) == (RunState.SUCCEEDED, 4, name)
        assert site.run("served_app.fail", "no").state is RunState.FAILED
    assert System(site.database, site.clock).workers() == []


def declared(site: Site) -> tuple[str, list[object], str, str | None] | None:
    page = site.schedules.list(query="served_app.add", state=None, limit=10, cursor=None)
    for schedule in page.items:
        spec = schedule.spec
        return spec.name, list(spec.args), spec.description, schedule.declared_by
    return None


def test_a_solo_worker_that_is_busy_is_still_alive_and_records(site: Site, tmp_path: Path) -> None:
    with site.worker("--pool", "solo", "--without-heartbeat"):
        run_id = site.send(site.record("served_app.wait_for", str(tmp_path / "go")))
        site.until(run_id, lambda run: run.state is RunState.RUNNING)
        system = System(site.database, site.clock)
        before = system.workers()[0].worker.seen_at
        eventually(lambda: system.workers()[0].worker.seen_at > before)
        assert site.get(run_id).state is RunState.RUNNING
        (tmp_path / "go").touch()
        assert site.ended(run_id).result == "waited"
        assert system.workers()[0].worker.concurrency == 1


def test_children_that_are_spawned_instead_of_forked_record_too(site: Site) -> None:
    with site.worker("--pool", "prefork", "--concurrency", "1", TEST_START_METHOD="spawn") as name:
        run = site.run("served_app.add", 2, 2)
        assert (run.state, run.result, run.worker) == (RunState.SUCCEEDED, 4, name)


def test_what_happens_while_the_database_is_away_is_recorded_when_it_is_back(
    postgres_site: Site, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    site = postgres_site
    with site.worker("--pool", "prefork", "--concurrency", "1") as name:
        running, waiting = site.record("served_app.wait_for", str(tmp_path / "go")), site.record("served_app.add", 1, 1)
        site.send(running)
        site.until(running.id, lambda run: run.state is RunState.RUNNING)
        with postgres_server.away(site.database_url):
            (tmp_path / "go").touch()
            site.send(waiting)
            site.logged(name, f"served_app.add[{waiting.id}] succeeded")
            site.logged(name, "Records of runs wait")
        first, second = site.ended(running.id), site.ended(waiting.id)
        assert (first.state, first.result) == (RunState.SUCCEEDED, "waited")
        assert (second.state, second.result) == (RunState.SUCCEEDED, 2)
        assert second.finished_at is not None
        assert first.finished_at is not None
        assert first.finished_at <= second.finished_at
