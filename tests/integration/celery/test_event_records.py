"""What events tell becomes of runs in the ledger: each event once, whoever heard it, in whatever order it came."""

from datetime import timedelta
from typing import Any

import pytest

from integration.celery.event_site import ONE, TWO, EventSite, NewRun
from punctual.control.cancel import Interruption
from punctual.domain.run import RunState, Stop
from punctual.domain.source import Source
from punctual.engine.loop import Engine
from punctual.testing import ManualClock, RecordingSender

RETRY = {"attempts": 3, "delay": 0, "backoff": 1}
SECOND = timedelta(seconds=1)


def test_a_run_that_succeeds(event_site: EventSite, new_run: NewRun, clock: ManualClock) -> None:
    run = new_run()
    event_site.begin(run)
    assert event_site.said(run) == (RunState.RUNNING, 1, ONE)
    clock.advance(SECOND)
    event_site.tell("task-succeeded", run, result="{'rows': 3}", runtime=1.0)
    found = event_site.get(run)
    assert (found.state, found.result, found.source) == (RunState.SUCCEEDED, "{'rows': 3}", Source.EVENTS)
    assert found.started_at is not None
    assert found.finished_at is not None
    assert abs(found.finished_at - found.started_at - SECOND) < SECOND / 2


def test_a_run_that_fails(event_site: EventSite, new_run: NewRun) -> None:
    run = new_run()
    event_site.begin(run)
    event_site.tell("task-failed", run, exception="ValueError('no luck')", traceback="Traceback: ...")
    found = event_site.get(run)
    assert (found.state, found.worker) == (RunState.FAILED, ONE)
    assert found.error is not None
    assert (found.error.type, found.error.message, found.error.traceback) == (
        "ValueError",
        "no luck",
        "Traceback: ...",
    )


def test_what_is_told_twice_counts_once_and_the_first_end_wins(event_site: EventSite, new_run: NewRun) -> None:
    run = new_run()
    told = [
        event_site.event("task-received", run, retries=0),
        event_site.event("task-started", run),
        event_site.event("task-succeeded", run, result="1", runtime=0.1),
    ]
    event_site.deliver(*told)
    before = event_site.get(run)
    event_site.deliver(*told)
    event_site.tell("task-failed", run, exception="E()")
    assert event_site.get(run) == before


def test_events_that_arrive_in_another_order_are_put_in_theirs(event_site: EventSite, new_run: NewRun) -> None:
    run = new_run()
    received, started = event_site.event("task-received", run, retries=0), event_site.event("task-started", run)
    succeeded = event_site.event("task-succeeded", run, result="1", runtime=0.1)
    event_site.deliver(received, succeeded, started)
    assert event_site.said(run) == (RunState.SUCCEEDED, 1, ONE)
    assert event_site.get(run).started_at is not None


def test_an_end_whose_start_nobody_heard_tells_the_start(
    event_site: EventSite, new_run: NewRun, clock: ManualClock
) -> None:
    run = new_run()
    clock.advance(10 * SECOND)
    event_site.tell("task-succeeded", run, result="1", runtime=4.0)
    found = event_site.get(run)
    assert (found.state, found.attempt, found.worker) == (RunState.SUCCEEDED, 1, ONE)
    assert found.started_at is not None
    assert found.finished_at is not None
    assert abs(found.finished_at - found.started_at - 4 * SECOND) < SECOND


def test_each_retry_of_celery_is_an_attempt(event_site: EventSite, new_run: NewRun) -> None:
    run = new_run()
    event_site.begin(run)
    event_site.tell("task-retried", run, exception="OSError('busy')")
    assert event_site.said(run) == (RunState.RETRYING, 1, ONE)
    error = event_site.get(run).error
    assert error is not None
    assert error.message == "busy"
    event_site.begin(run, TWO, retries=1)
    assert event_site.said(run) == (RunState.RUNNING, 2, TWO)
    event_site.tell("task-succeeded", run, TWO, result="1", runtime=0.1)
    assert event_site.said(run) == (RunState.SUCCEEDED, 2, TWO)


def test_the_next_try_may_be_heard_of_before_the_retry(event_site: EventSite, new_run: NewRun) -> None:
    run = new_run()
    event_site.begin(run)
    retried = event_site.event("task-retried", run, exception="OSError('busy')")
    event_site.begin(run, TWO, retries=1)
    event_site.deliver(retried)
    assert event_site.said(run) == (RunState.RUNNING, 2, TWO)


def test_the_policys_attempts_are_counted_on(event_site: EventSite, new_run: NewRun, engine: Engine) -> None:
    run = new_run(retry=RETRY)
    for attempt in (1, 2):
        event_site.begin(run)
        assert event_site.said(run) == (RunState.RUNNING, attempt, ONE)
        event_site.tell("task-failed", run, exception="OSError()")
        assert event_site.said(run) == (RunState.RETRYING, attempt, ONE)
        engine.step()
    event_site.begin(run)
    event_site.tell("task-failed", run, exception="OSError()")
    assert event_site.said(run) == (RunState.FAILED, 3, ONE)


def test_a_failure_told_again_once_the_next_attempt_is_sent_is_not_its(
    event_site: EventSite, new_run: NewRun, engine: Engine
) -> None:
    run = new_run(retry=RETRY)
    event_site.begin(run)
    started, failed = event_site.event("task-started", run), event_site.event("task-failed", run, exception="OSError()")
    event_site.deliver(failed)
    engine.step()
    event_site.deliver(started, failed)
    assert event_site.said(run) == (RunState.RETRYING, 1, ONE)
    event_site.begin(run, TWO)
    event_site.deliver(failed)
    assert event_site.said(run) == (RunState.RUNNING, 2, TWO)


def test_a_process_that_dies_loses_the_run(event_site: EventSite, new_run: NewRun) -> None:
    run = new_run()
    event_site.begin(run)
    event_site.tell("task-failed", run, exception="WorkerLostError('Worker exited prematurely: signal 9.')")
    found = event_site.get(run)
    assert (found.state, found.error) == (RunState.LOST, None)
    assert found.reason == "The process that ran the task died: Worker exited prematurely: signal 9."


@pytest.mark.parametrize(
    ("fields", "begun", "state", "reason"),
    [
        ({"terminated": True, "signum": 15}, True, RunState.CANCELLED, "Terminated with signal 15 while it ran."),
        ({"terminated": False}, False, RunState.CANCELLED, "Revoked before it started."),
        ({"expired": True}, False, RunState.EXPIRED, "The message expired before a worker could start it."),
    ],
)
def test_what_is_revoked(
    event_site: EventSite, new_run: NewRun, fields: dict[str, Any], state: RunState, reason: str, *, begun: bool
) -> None:
    run = new_run()
    if begun:
        event_site.begin(run)
    else:
        event_site.tell("task-received", run, retries=0)
    event_site.tell("task-revoked", run, **fields)
    assert (event_site.get(run).state, event_site.get(run).reason) == (state, reason)


def test_a_message_that_is_put_back_starts_the_same_attempt_anew(event_site: EventSite, new_run: NewRun) -> None:
    run = new_run()
    for kind in ("task-rejected", "task-cancelled"):
        event_site.begin(run)
        event_site.tell(kind, run, requeue=True)
        assert event_site.get(run).state is RunState.RETRYING
    event_site.begin(run, TWO)
    assert event_site.said(run) == (RunState.RUNNING, 1, TWO)


def test_a_task_that_rejects_its_message_has_failed(event_site: EventSite, new_run: NewRun) -> None:
    run = new_run()
    event_site.begin(run)
    event_site.tell("task-rejected", run, requeue=False)
    assert event_site.get(run).state is RunState.FAILED


def test_an_attempt_that_another_worker_begins_by_the_same_message_is_its(
    event_site: EventSite, new_run: NewRun, clock: ManualClock
) -> None:
    run = new_run()
    event_site.begin(run)
    clock.advance(SECOND)
    event_site.begin(run, TWO)
    assert event_site.said(run) == (RunState.RUNNING, 1, TWO)
    event_site.tell("task-failed", run, ONE, exception="E()")
    assert event_site.said(run) == (RunState.RUNNING, 1, TWO)


def test_celerys_retry_of_a_run_that_is_to_stop_is_dropped(
    event_site: EventSite, new_run: NewRun, engine: Engine, sender: RecordingSender
) -> None:
    run = new_run()
    event_site.begin(run)
    event_site.runs.cancel(run.id, actor="ann")
    event_site.tell("task-retried", run, exception="OSError()")
    assert event_site.get(run).state is RunState.CANCELLED
    engine.step()
    last = sender.stopped[-1]
    assert (last.run_id, last.stop, last.over) == (run.id, Stop.CANCEL, True)


def test_the_schedules_timeout_counts_from_the_start(event_site: EventSite, new_run: NewRun) -> None:
    run = new_run(timeout="90s")
    event_site.begin(run)
    found = event_site.get(run)
    assert found.started_at is not None
    assert found.times_out_at == found.started_at + 90 * SECOND


def test_what_times_out_without_the_plugin_is_terminated_and_not_attempted_again(
    event_site: EventSite, new_run: NewRun, clock: ManualClock, engine: Engine, sender: RecordingSender
) -> None:
    run = new_run(timeout="90s", retry=RETRY)
    event_site.begin(run)
    clock.advance(91 * SECOND)
    engine.step()
    found = event_site.get(run)
    assert found.state is RunState.FAILED
    assert found.reason == (
        "Attempt 1 ran for longer than the schedule's timeout. No other one follows, for its worker has no plug-in."
    )
    assert [(asked.run_id, asked.stop, asked.over) for asked in sender.stopped] == [(run.id, Stop.TERMINATE, True)]


@pytest.mark.parametrize(
    ("terminate", "interruption", "words"),
    [
        (False, Interruption.IMPOSSIBLE, "has no plug-in, and cannot be asked to let the task clean up"),
        (True, Interruption.UNKNOWN, "has no plug-in: it is told to terminate the task"),
    ],
)
def test_who_cancels_is_told_what_such_a_worker_can_do(
    event_site: EventSite, new_run: NewRun, interruption: Interruption, words: str, *, terminate: bool
) -> None:
    run = new_run()
    event_site.tell("worker-online")
    event_site.begin(run)
    answer = event_site.runs.cancel(run.id, actor="ann", terminate=terminate)
    assert answer.interruption is interruption
    assert words in answer.message
