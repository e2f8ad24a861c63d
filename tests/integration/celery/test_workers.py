"""How real workers of each pool tell of themselves, and record through faults."""

from pathlib import Path

import pytest
from pydantic import JsonValue

from integration.celery.site import Site
from punctual.control.system import System
from punctual.control.tasks import Tasks
from punctual.domain.run import Run, RunState
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


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_hooks_hear_of_every_step_of_a_run_once(site: Site, tmp_path: Path, pool: str) -> None:
    events = tmp_path / "events"

    def heard(run: Run) -> list[str]:
        lines = events.read_text().splitlines()
        return [line.partition(" ")[2].strip() for line in lines if line.startswith(str(run.id))]

    with site.worker("--pool", pool, "--concurrency", "1", TEST_EVENTS=str(events)) as name:
        add, flaky, fail = (site.run(f"served_app.{task}", *args) for task, args in RUNS)
        stale = site.run("served_app.soon_stale")
        site.logged(name, f"failed for run {add.id} (succeeded)")
        assert heard(add) == [f"{state} 1 served_app.add True" for state in ("received", "running", "succeeded")]
        # The main process may get the message of the next attempt before the task's own process is done with this one.
        assert sorted(heard(flaky)) == sorted(
            f"{step} served_app.flaky True{error}"
            for step, error in [
                ("received 1", ""),
                ("running 1", ""),
                ("retrying 1", " OSError"),
                ("received 2", ""),
                ("running 2", ""),
                ("succeeded 2", ""),
            ]
        )
        assert heard(fail)[-1] == "failed 1 served_app.fail True ValueError"
        assert heard(stale)[-1] == "expired 1 served_app.soon_stale True"


RUNS: list[tuple[str, list[JsonValue]]] = [("add", [1]), ("flaky", [1]), ("fail", ["no"])]


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
