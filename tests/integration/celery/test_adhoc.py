"""What a real worker records of tasks that Punctual did not send, where it is asked to."""

from collections.abc import Iterator

import pytest
from celery import chain, group

from integration.celery.site import Site
from punctual.domain.identity import adhoc_run_id
from punctual.domain.run import Cause, Run, RunState
from servers.waiting import eventually


@pytest.fixture(scope="module")
def worker(any_site: Site) -> Iterator[str]:
    with any_site.worker("--pool", "prefork", "--concurrency", "2", PUNCTUAL_RECORD="all") as name:
        yield name


def ended(site: Site, task_id: str) -> Run:
    """Return the run of a task once it is there, and has ended."""
    run_id = adhoc_run_id(task_id)

    def look() -> Run | None:
        page = site.runs.list(cause=Cause.ADHOC, limit=200, cursor=None)
        return next((run for run in page.items if run.id == run_id and run.finished_at is not None), None)

    return eventually(look, 15)


def test_a_task_is_recorded_as_a_run_is(any_site: Site, worker: str) -> None:
    task_id = any_site.app.send_task("served_app.add", [2], {"y": 3}).id
    run = ended(any_site, task_id)
    assert str(run.id) == task_id
    assert (run.state, run.result, run.worker, run.attempt) == (RunState.SUCCEEDED, 5, worker, 1)
    assert (run.task, run.args, run.kwargs) == ("served_app.add", [2], {"y": 3})
    assert run.schedule == "served_app.add (ad hoc)"
    assert run.received_at is not None
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.received_at <= run.started_at <= run.finished_at


def test_an_id_that_is_no_uuid_gets_a_run_of_its_own(any_site: Site, worker: str) -> None:
    assert worker
    any_site.app.send_task("served_app.fail", ["no"], task_id="not-a-run")
    run = ended(any_site, "not-a-run")
    assert (run.state, run.args) == (RunState.FAILED, ["no"])
    assert run.error is not None
    assert run.error.type == "ValueError"


def test_each_task_of_a_chain_and_of_a_group_is_a_run(any_site: Site, worker: str) -> None:
    assert worker
    add = any_site.app.signature
    last = chain(add("served_app.add", [1, 2]), add("served_app.add", [10])).apply_async()
    assert ended(any_site, last.id).result == 13
    assert ended(any_site, last.parent.id).result == 3
    both = group(add("served_app.add", [1, 1]), add("served_app.add", [2, 2])).apply_async()
    assert [ended(any_site, one.id).result for one in both.results] == [2, 4]


def test_retries_are_attempts_of_one_run(any_site: Site, worker: str) -> None:
    assert worker
    run = ended(any_site, any_site.app.send_task("served_app.flaky", [2]).id)
    assert (run.state, run.result, run.attempt) == (RunState.SUCCEEDED, "at last", 3)


def test_ends_that_the_main_process_tells_of_are_recorded_too(any_site: Site, worker: str) -> None:
    assert worker
    unknown = any_site.app.send_task("served_app.not_there")
    expired = any_site.app.send_task("served_app.add", [1], expires=-1)
    killed = any_site.app.send_task("served_app.kill_own_process")
    assert ended(any_site, unknown.id).state is RunState.FAILED
    assert (ended(any_site, expired.id).state, ended(any_site, expired.id).args) == (RunState.EXPIRED, [1])
    assert ended(any_site, killed.id).state is RunState.LOST


def test_runs_of_schedules_are_recorded_as_ever(any_site: Site, worker: str) -> None:
    assert worker
    run = any_site.run("served_app.add", 1, 2)
    assert (run.state, run.result, run.cause) == (RunState.SUCCEEDED, 3, Cause.MANUAL)
    replaced = any_site.run("served_app.become_add")
    assert (replaced.state, replaced.result, replaced.cause) == (RunState.SUCCEEDED, 23, Cause.MANUAL)
