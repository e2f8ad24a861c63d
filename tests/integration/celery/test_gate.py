"""With real workers of every pool: one attempt of a run starts once, however often its message is delivered."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from redis import Redis

from integration.celery.site import Site, message_of
from punctual.control.system import System
from punctual.domain.identity import new_id
from punctual.domain.run import Run, RunState
from punctual.store.admission import cancel
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitmqServer
from servers.redis import RedisServer
from servers.waiting import eventually

POOLS = {
    "prefork": ("--pool", "prefork", "--concurrency", "2"),
    "spawn": ("--pool", "prefork", "--concurrency", "2"),
    "threads": ("--pool", "threads", "--concurrency", "3"),
    "solo": ("--pool", "solo"),
    "gevent": ("--pool", "gevent", "--concurrency", "3"),
}
TASKS = ["before_plugin", "plain", "late", "bound", "shared", "custom_base", "classy", "again", "becomes_plain"]
PLACES = [*((pool, "redis") for pool in POOLS), ("prefork", "rabbitmq")]
ONE_PROCESS = [(pool, broker) for pool, broker in PLACES if pool in {"threads", "solo", "gevent"}]


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def gated(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, str, str]]:
    """A site with a worker, the pool, and the worker's name."""
    pool, broker = request.param
    server: RedisServer | RabbitmqServer = request.getfixturevalue(f"{broker}_server")
    broker_url, database_url, folder = server.create(), postgres_server.create(), tmp_path_factory.mktemp("gated")
    database = Database(database_url)
    upgrade(database)
    site = Site(database, database_url, broker_url, folder)
    environment = {"TEST_NOTES": str(folder / "notes"), "TEST_RESULTS": broker_url if broker == "redis" else "rpc://"}
    if pool == "spawn":
        environment["TEST_START_METHOD"] = "spawn"
    with site.worker(*POOLS[pool], app="gated_app", **environment) as worker:
        yield site, pool, worker
    # What was not acknowledged would be back in the queue now.
    assert site.waiting_messages() == 0
    site.close()
    postgres_server.drop(database_url)


def notes(site: Site, run_id: UUID) -> Counter[str]:
    file = site.folder / "notes"
    lines = file.read_text().splitlines() if file.exists() else []
    return Counter(line.partition(" ")[2] for line in lines if line.startswith(str(run_id)))


def refused(site: Site, worker: str, run: Run, *, times: int) -> None:
    text = f"of run {run.id} is not started here"
    eventually(lambda: site.log(worker).count(text) == times, 60, message=lambda: site.log(worker))


def test_each_attempt_starts_once_however_often_its_message_is_delivered(gated: tuple[Site, str, str]) -> None:
    site, pool, worker = gated
    # A spawned process has no tasks that Celery's `register_task` made.
    tasks = [task for task in TASKS if not (pool == "spawn" and task == "classy")]
    runs = {task: site.record(f"gated_app.{task}") for task in tasks}
    site.sender.send([message_of(run) for run in runs.values() for _ in range(3)])

    ended = {task: site.ended(run.id) for task, run in runs.items()}
    for task, run in runs.items():
        refused(site, worker, run, times=2)
        assert ended[task].state is RunState.SUCCEEDED, task
        seen = notes(site, run.id)
        match task:
            case "again":
                assert [seen[f"attempt {number}"] for number in (1, 2, 3)] == [1, 1, 1]
                assert (seen["prerun"], seen["postrun"], seen["success"]) == (3, 3, 1)
                assert ended[task].attempt == 3
            case "becomes_plain":
                # The task that takes the place of another has its id, and is no second start of it.
                assert (seen["body"], seen["prerun"], seen["success"]) == (2, 2, 1)
            case "custom_base":
                assert (seen["call"], seen["body"], seen["prerun"], seen["success"]) == (1, 1, 1, 1)
            case _:
                assert (seen["body"], seen["prerun"], seen["postrun"], seen["success"]) == (1, 1, 1, 1), task

    site.sender.send([message_of(run) for run in runs.values()])
    for run in runs.values():
        refused(site, worker, run, times=3)


def test_the_worker_tells_how_many_starts_its_processes_refused(gated: tuple[Site, str, str]) -> None:
    site, _, worker = gated
    system = System(site.database, site.clock)

    def told() -> int:
        return next(view.worker.refused for view in system.workers() if view.worker.name == worker)

    before = eventually(lambda: None if told() != site.log(worker).count("is not started here") else told() + 1) - 1
    site.sender.send([message_of(site.record("gated_app.plain"))] * 3)
    eventually(lambda: told() == before + 2, 30)


def test_a_refused_start_leaves_no_trace_and_foreign_tasks_pass(gated: tuple[Site, str, str]) -> None:
    site, _, worker = gated
    over = site.record("gated_app.late")
    with site.database.write() as tx:
        cancel(tx, [over.id], reason="Not wanted.", at=site.clock.now())
    site.sender.send([message_of(over), replace(message_of(over), task="gated_app.plain")])
    refused(site, worker, over, times=2)
    foreign, forwarded = new_id(), new_id()
    site.app.send_task("gated_app.plain", task_id=str(foreign))
    eventually(lambda: notes(site, foreign)["success"] == 1)
    # A message that was sent on with the headers of another is no run.
    site.app.send_task("gated_app.plain", task_id=str(forwarded), headers={"punctual_run": str(over.id)})
    eventually(lambda: notes(site, forwarded)["success"] == 1)
    assert notes(site, over.id) == Counter()
    assert site.get(over.id).state is RunState.CANCELLED
    if site.broker_url.startswith("redis"):
        with Redis.from_url(site.broker_url) as results:
            assert not results.exists(f"celery-task-meta-{over.id}")
            assert results.exists(f"celery-task-meta-{foreign}")


# Where a pool has processes, those of a new one are guarded as they start, as those of the first one were.
@pytest.mark.parametrize("gated", ONE_PROCESS, indirect=True, ids="-".join)
def test_tasks_are_guarded_after_the_pool_was_restarted_too(gated: tuple[Site, str, str]) -> None:
    site, _, worker = gated
    (reply,) = site.app.control.broadcast("pool_restart", destination=[worker], reply=True, timeout=10)
    assert "ok" in reply[worker], reply
    run = site.record("gated_app.plain")
    site.sender.send([message_of(run)] * 3)
    assert site.ended(run.id).state is RunState.SUCCEEDED
    refused(site, worker, run, times=2)
    assert notes(site, run.id)["body"] == 1


def test_connections_that_were_cut_open_no_gate(gated: tuple[Site, str, str], postgres_server: PostgresServer) -> None:
    site, _, worker = gated
    assert postgres_server.cut(site.database_url) > 0
    run = site.record("gated_app.plain")
    site.sender.send([message_of(run)] * 3)
    assert site.ended(run.id).state is RunState.SUCCEEDED
    refused(site, worker, run, times=2)
    assert notes(site, run.id)["body"] == 1


def test_while_the_database_is_away_tasks_run_and_are_recorded_afterwards(
    gated: tuple[Site, str, str], postgres_server: PostgresServer
) -> None:
    site, _, worker = gated
    run = site.record("gated_app.plain")
    with postgres_server.away(site.database_url):
        site.sender.send([message_of(run)])
        site.logged(worker, f"Run {run.id} starts without having asked whether it may")
        eventually(lambda: notes(site, run.id)["success"] == 1)
    ended = site.ended(run.id)
    assert (ended.state, ended.worker, ended.attempt) == (RunState.SUCCEEDED, worker, 1)
    site.sender.send([replace(message_of(run), repeated=True)] * 2)
    eventually(lambda: sum(site.log(worker).count(f"{run.id} is {what}") for what in ("put off", "not started")) == 2)
    assert notes(site, run.id)["body"] == 1
