"""What the ledger says about runs that a real worker has executed, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.celery.site import Site
from punctual.control.system import System
from punctual.domain.run import RunState
from servers.waiting import eventually


@pytest.fixture(scope="module")
def worker(any_site: Site) -> Iterator[str]:
    with any_site.worker("--pool", "prefork", "--concurrency", "2") as name:
        yield name


def test_a_success_is_recorded_with_its_result_its_worker_and_its_times(any_site: Site, worker: str) -> None:
    run = any_site.run("served_app.add", 2, 3)
    assert (run.state, run.result, run.worker, run.attempt, run.error) == (RunState.SUCCEEDED, 5, worker, 1, None)
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.received_at is not None
    assert run.received_by == worker
    assert run.fire_time <= run.received_at <= run.started_at <= run.finished_at <= any_site.clock.now()


def test_a_run_that_waits_in_a_worker_says_so_before_it_starts(any_site: Site, worker: str, tmp_path: Path) -> None:
    go = tmp_path / "go"
    busy = [any_site.send(any_site.record("served_app.wait_for", str(go))) for _ in range(2)]
    for run_id in busy:
        any_site.until(run_id, lambda run: run.state is RunState.RUNNING)
    waiting = any_site.send(any_site.record("served_app.add", 1))
    before = any_site.until(waiting, lambda run: run.received_at is not None)
    assert (before.started_at, before.received_by, before.worker) == (None, worker, None)
    system = System(any_site.database, any_site.clock)

    def load() -> tuple[int, int]:
        (told,) = (view.worker for view in system.workers() if view.worker.name == worker)
        return told.active, told.reserved

    eventually(lambda: load() == (2, 1), 30, message=lambda: str(load()))
    go.touch()
    after = any_site.ended(waiting)
    assert after.received_at is not None
    assert before.received_at is not None
    assert abs((after.received_at - before.received_at).total_seconds()) < 1
    assert after.worker == worker


def test_a_failure_is_recorded_with_its_traceback(any_site: Site, worker: str) -> None:
    run = any_site.run("served_app.fail", "no \x00 such luck")
    assert (run.state, run.worker) == (RunState.FAILED, worker)
    assert run.error is not None
    assert (run.error.type, run.error.message) == ("ValueError", "no \\x00 such luck")
    assert run.error.traceback is not None
    assert "in fail" in run.error.traceback


def test_a_retry_is_recorded_and_the_last_attempt_tells_the_end(any_site: Site, worker: str) -> None:
    run = any_site.run("served_app.flaky", 2)
    assert (run.state, run.result, run.attempt, run.worker) == (RunState.SUCCEEDED, "at last", 3, worker)


def test_a_run_waits_for_its_next_attempt_as_retrying_with_the_error(any_site: Site, worker: str) -> None:
    assert worker
    run_id = any_site.send(any_site.record("served_app.flaky_later"))
    run = any_site.until(run_id, lambda run: run.state is RunState.RETRYING)
    assert run.error is not None
    assert (run.error.type, run.error.message) == ("OSError", "try 0")
    assert "in flaky_later" in str(run.error.traceback)


def test_a_result_that_is_not_json_is_recorded_as_a_text_that_says_so(any_site: Site, worker: str) -> None:
    assert worker
    result = any_site.run("served_app.unusual").result
    assert isinstance(result, str)
    assert result.startswith("<object object at")
    assert "not JSON" in result


def test_a_message_that_expired_is_recorded_as_expired(any_site: Site, worker: str) -> None:
    assert worker
    run = any_site.run("served_app.soon_stale")
    assert run.state is RunState.EXPIRED
    assert run.reason is not None
    assert run.started_at is None


def test_a_task_that_the_worker_does_not_know_is_recorded_as_failed(any_site: Site, worker: str) -> None:
    run = any_site.run("served_app.not_there")
    assert (run.state, run.reason) == (RunState.FAILED, "No such task on this worker.")
    assert run.error is not None
    assert run.error.message == f"Worker {worker} has no task named 'served_app.not_there'."


def test_a_task_whose_process_is_killed_is_recorded_as_lost(any_site: Site, worker: str) -> None:
    assert worker
    run = any_site.run("served_app.kill_own_process")
    assert run.state is RunState.LOST
    assert str(run.reason).startswith("The process that ran the task died")


def test_a_hard_time_limit_is_recorded_as_a_failure(any_site: Site, worker: str) -> None:
    assert worker
    run = any_site.run("served_app.run_for_ever")
    assert (run.state, run.reason) == (RunState.FAILED, "The task ran into its hard time limit.")


def test_a_task_that_raises_ignore_does_not_stay_running(any_site: Site, worker: str) -> None:
    assert worker
    run = any_site.run("served_app.ignore")
    assert run.state is RunState.CANCELLED
    assert "Ignore" in str(run.reason)


def test_a_task_that_rejects_its_message_is_recorded_as_failed(any_site: Site, worker: str) -> None:
    assert worker
    assert any_site.run("served_app.reject").state is RunState.FAILED


def test_a_replaced_task_ends_with_the_result_of_the_task_that_replaces_it(any_site: Site, worker: str) -> None:
    assert worker
    run = any_site.run("served_app.become_add")
    assert (run.state, run.result) == (RunState.SUCCEEDED, 23)


def test_a_run_that_is_terminated_is_recorded_as_cancelled(any_site: Site, worker: str, tmp_path: Path) -> None:
    assert worker
    run_id = any_site.send(any_site.record("served_app.wait_for", str(tmp_path / "never")))
    any_site.until(run_id, lambda run: run.state is RunState.RUNNING)
    any_site.app.control.revoke(str(run_id), terminate=True)
    run = any_site.ended(run_id)
    assert (run.state, run.reason) == (RunState.CANCELLED, "Terminated with signal 15 while it ran.")


def test_messages_that_punctual_did_not_send_are_not_recorded(any_site: Site, worker: str) -> None:
    any_site.app.send_task("served_app.add", [1, 1], task_id="not-a-run")
    any_site.logged(worker, "served_app.add[not-a-run] succeeded")
    assert any_site.run("served_app.add", 1).state is RunState.SUCCEEDED
    assert "Signal handler" not in any_site.log(worker)
