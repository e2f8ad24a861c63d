"""What events tell becomes of runs in the ledger: each event once, whoever heard it, in whatever order it came."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from punctual.celery.following.event_records import EventRecords
from punctual.celery.following.heard import Heard, Hearing
from punctual.control.cancel import Interruption
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.control.system import System
from punctual.domain.clock import monotonic
from punctual.domain.identity import new_id
from punctual.domain.processes import Worker
from punctual.domain.run import Run, RunState, Stop
from punctual.domain.source import Source
from punctual.engine.loop import Engine
from punctual.engine.reconcile import LostRuns
from punctual.store import attempts, workers
from punctual.store.attempts import Runner
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender

ONE, TWO = "celery@one", "celery@two"
RETRY = {"attempts": 3, "delay": 0, "backoff": 1}
SECOND = timedelta(seconds=1)

NewRun = Callable[..., Run]


class Site:
    """Workers that send events, and any number of nodes that hear all of them."""

    def __init__(self, database: Database, clock: ManualClock, nodes: int) -> None:
        self._database = database
        self._nodes = [(Hearing(), EventRecords(database, clock)) for _ in range(nodes)]
        self._numbers = itertools.count()
        self.runs = Runs(database, clock)
        self.system = System(database, clock)

    def event(self, kind: str, run: Run | None = None, worker: str = ONE, **fields: Any) -> dict[str, Any]:
        number = next(self._numbers)
        about = {} if run is None else {"uuid": str(run.id)}
        stamp = {"timestamp": 1e9 + number / 1e3, "clock": number}
        return {"type": kind, "hostname": worker, "pid": 7, **stamp, **about, **fields}

    def tell(self, kind: str, run: Run | None = None, worker: str = ONE, **fields: Any) -> None:
        self.deliver(self.event(kind, run, worker, **fields))

    def deliver(self, *events: dict[str, Any]) -> None:
        """Let all nodes hear these at once."""
        for hearing, records in self._nodes:
            heard = [hearing.read(event, monotonic()) for event in events]
            records.write([each for each in heard if isinstance(each, Heard)])

    def begin(self, run: Run, worker: str = ONE, retries: int = 0) -> None:
        self.tell("task-received", run, worker, retries=retries, name="tick")
        self.tell("task-started", run, worker)

    def get(self, run: Run) -> Run:
        return self.runs.get(run.id)

    def said(self, run: Run) -> tuple[RunState, int, str | None]:
        found = self.get(run)
        return found.state, found.attempt, found.worker


@pytest.fixture
def site(database: Database, clock: ManualClock) -> Site:
    """Two nodes, so that all that is told is told twice."""
    return Site(database, clock, nodes=2)


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


def test_a_run_that_succeeds(site: Site, new_run: NewRun, clock: ManualClock) -> None:
    run = new_run()
    site.begin(run)
    assert site.said(run) == (RunState.RUNNING, 1, ONE)
    clock.advance(SECOND)
    site.tell("task-succeeded", run, result="{'rows': 3}", runtime=1.0)
    found = site.get(run)
    assert (found.state, found.result, found.source) == (RunState.SUCCEEDED, "{'rows': 3}", Source.EVENTS)
    assert found.started_at is not None
    assert found.finished_at is not None
    assert abs(found.finished_at - found.started_at - SECOND) < SECOND / 2


def test_a_run_that_fails(site: Site, new_run: NewRun) -> None:
    run = new_run()
    site.begin(run)
    site.tell("task-failed", run, exception="ValueError('no luck')", traceback="Traceback: ...")
    found = site.get(run)
    assert (found.state, found.worker) == (RunState.FAILED, ONE)
    assert found.error is not None
    assert (found.error.type, found.error.message, found.error.traceback) == (
        "ValueError",
        "no luck",
        "Traceback: ...",
    )


def test_what_is_told_twice_counts_once_and_the_first_end_wins(site: Site, new_run: NewRun) -> None:
    run = new_run()
    told = [
        site.event("task-received", run, retries=0),
        site.event("task-started", run),
        site.event("task-succeeded", run, result="1", runtime=0.1),
    ]
    site.deliver(*told)
    before = site.get(run)
    site.deliver(*told)
    site.tell("task-failed", run, exception="E()")
    assert site.get(run) == before


def test_events_that_arrive_in_another_order_are_put_in_theirs(site: Site, new_run: NewRun) -> None:
    run = new_run()
    received, started = site.event("task-received", run, retries=0), site.event("task-started", run)
    succeeded = site.event("task-succeeded", run, result="1", runtime=0.1)
    site.deliver(received, succeeded, started)
    assert site.said(run) == (RunState.SUCCEEDED, 1, ONE)
    assert site.get(run).started_at is not None


def test_an_end_whose_start_nobody_heard_tells_the_start(site: Site, new_run: NewRun, clock: ManualClock) -> None:
    run = new_run()
    clock.advance(10 * SECOND)
    site.tell("task-succeeded", run, result="1", runtime=4.0)
    found = site.get(run)
    assert (found.state, found.attempt, found.worker) == (RunState.SUCCEEDED, 1, ONE)
    assert found.started_at is not None
    assert found.finished_at is not None
    assert abs(found.finished_at - found.started_at - 4 * SECOND) < SECOND


def test_each_retry_of_celery_is_an_attempt(site: Site, new_run: NewRun) -> None:
    run = new_run()
    site.begin(run)
    site.tell("task-retried", run, exception="OSError('busy')")
    assert site.said(run) == (RunState.RETRYING, 1, ONE)
    error = site.get(run).error
    assert error is not None
    assert error.message == "busy"
    site.begin(run, TWO, retries=1)
    assert site.said(run) == (RunState.RUNNING, 2, TWO)
    site.tell("task-succeeded", run, TWO, result="1", runtime=0.1)
    assert site.said(run) == (RunState.SUCCEEDED, 2, TWO)


def test_the_next_try_may_be_heard_of_before_the_retry(site: Site, new_run: NewRun) -> None:
    run = new_run()
    site.begin(run)
    retried = site.event("task-retried", run, exception="OSError('busy')")
    site.begin(run, TWO, retries=1)
    site.deliver(retried)
    assert site.said(run) == (RunState.RUNNING, 2, TWO)


def test_the_policys_attempts_are_counted_on(site: Site, new_run: NewRun, engine: Engine) -> None:
    run = new_run(retry=RETRY)
    for attempt in (1, 2):
        site.begin(run)
        assert site.said(run) == (RunState.RUNNING, attempt, ONE)
        site.tell("task-failed", run, exception="OSError()")
        assert site.said(run) == (RunState.RETRYING, attempt, ONE)
        engine.step()
    site.begin(run)
    site.tell("task-failed", run, exception="OSError()")
    assert site.said(run) == (RunState.FAILED, 3, ONE)


def test_a_failure_told_again_once_the_next_attempt_is_sent_is_not_its(
    site: Site, new_run: NewRun, engine: Engine
) -> None:
    run = new_run(retry=RETRY)
    site.begin(run)
    started, failed = site.event("task-started", run), site.event("task-failed", run, exception="OSError()")
    site.deliver(failed)
    engine.step()
    site.deliver(started, failed)
    assert site.said(run) == (RunState.RETRYING, 1, ONE)
    site.begin(run, TWO)
    site.deliver(failed)
    assert site.said(run) == (RunState.RUNNING, 2, TWO)


def test_a_process_that_dies_loses_the_run(site: Site, new_run: NewRun) -> None:
    run = new_run()
    site.begin(run)
    site.tell("task-failed", run, exception="WorkerLostError('Worker exited prematurely: signal 9.')")
    found = site.get(run)
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
    site: Site, new_run: NewRun, fields: dict[str, Any], state: RunState, reason: str, *, begun: bool
) -> None:
    run = new_run()
    if begun:
        site.begin(run)
    else:
        site.tell("task-received", run, retries=0)
    site.tell("task-revoked", run, **fields)
    assert (site.get(run).state, site.get(run).reason) == (state, reason)


def test_a_message_that_is_put_back_starts_the_same_attempt_anew(site: Site, new_run: NewRun) -> None:
    run = new_run()
    for kind in ("task-rejected", "task-cancelled"):
        site.begin(run)
        site.tell(kind, run, requeue=True)
        assert site.get(run).state is RunState.RETRYING
    site.begin(run, TWO)
    assert site.said(run) == (RunState.RUNNING, 1, TWO)


def test_a_task_that_rejects_its_message_has_failed(site: Site, new_run: NewRun) -> None:
    run = new_run()
    site.begin(run)
    site.tell("task-rejected", run, requeue=False)
    assert site.get(run).state is RunState.FAILED


def test_an_attempt_that_another_worker_begins_by_the_same_message_is_its(
    site: Site, new_run: NewRun, clock: ManualClock
) -> None:
    run = new_run()
    site.begin(run)
    clock.advance(SECOND)
    site.begin(run, TWO)
    assert site.said(run) == (RunState.RUNNING, 1, TWO)
    site.tell("task-failed", run, ONE, exception="E()")
    assert site.said(run) == (RunState.RUNNING, 1, TWO)


def test_celerys_retry_of_a_run_that_is_to_stop_is_dropped(
    site: Site, new_run: NewRun, engine: Engine, sender: RecordingSender
) -> None:
    run = new_run()
    site.begin(run)
    site.runs.cancel(run.id, actor="ann")
    site.tell("task-retried", run, exception="OSError()")
    assert site.get(run).state is RunState.CANCELLED
    engine.step()
    last = sender.stopped[-1]
    assert (last.run_id, last.stop, last.over) == (run.id, Stop.CANCEL, True)


def test_the_schedules_timeout_counts_from_the_start(site: Site, new_run: NewRun) -> None:
    run = new_run(timeout="90s")
    site.begin(run)
    found = site.get(run)
    assert found.started_at is not None
    assert found.times_out_at == found.started_at + 90 * SECOND


def test_what_times_out_without_the_plugin_is_terminated_and_not_attempted_again(
    site: Site, new_run: NewRun, clock: ManualClock, engine: Engine, sender: RecordingSender
) -> None:
    run = new_run(timeout="90s", retry=RETRY)
    site.begin(run)
    clock.advance(91 * SECOND)
    engine.step()
    found = site.get(run)
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
    site: Site, new_run: NewRun, interruption: Interruption, words: str, *, terminate: bool
) -> None:
    run = new_run()
    site.tell("worker-online")
    site.begin(run)
    answer = site.runs.cancel(run.id, actor="ann", terminate=terminate)
    assert answer.interruption is interruption
    assert words in answer.message


def test_events_of_a_worker_with_the_plugin_tell_nothing(
    site: Site, new_run: NewRun, database: Database, clock: ManualClock
) -> None:
    run = new_run()
    now = clock.now()
    own = Worker(
        name=ONE, host="one", pid=7, pool="solo", concurrency=1, queues=["celery"], started_at=now, seen_at=now
    )
    with database.write() as tx:
        workers.announce(tx, own, [])
    site.begin(run)
    site.tell("worker-heartbeat", active=1, processed=9)
    assert site.get(run).state is RunState.QUEUED
    with database.read() as tx:
        assert workers.get(tx, ONE) == own


def test_a_run_that_the_gate_let_start_is_left_to_the_plugin(
    site: Site, new_run: NewRun, database: Database, clock: ManualClock
) -> None:
    run = new_run()
    with database.write(Source.PLUGIN) as tx:
        attempts.start(tx, run.id, Runner(TWO, new_id()), attempt=1, deadline=None, at=clock.now())
    before = site.get(run)
    site.begin(run)
    site.tell("task-succeeded", run, result="1", runtime=0.1)
    assert site.get(run) == before


def test_a_worker_is_known_by_its_events(site: Site, clock: ManualClock, database: Database) -> None:
    about: dict[str, Any] = {"sw_ident": "py-celery", "sw_ver": "5.6.0", "freq": 2.0}
    site.tell("worker-online", active=0, processed=0, **about)
    life = site.system.workers()[0].worker.id
    clock.advance(5 * SECOND)
    site.tell("worker-heartbeat", active=2, processed=4, **about)
    (view,) = site.system.workers()
    worker = view.worker
    assert (worker.name, worker.host, worker.pid, worker.pool, worker.plugin) == (ONE, "one", 7, "unknown", False)
    assert (worker.active, worker.processed, worker.celery_version) == (2, 4, "5.6.0")
    assert (worker.id, view.live) == (life, True)
    with database.read() as tx:
        assert workers.served_since(tx, ["tick"], since=clock.now()) == set()


@pytest.mark.parametrize(
    "fields", [{"pid": 8, "processed": 9}, {"processed": 0}], ids=["another process", "counts anew"]
)
def test_a_worker_that_is_started_again_is_a_new_life(site: Site, clock: ManualClock, fields: dict[str, Any]) -> None:
    site.tell("worker-heartbeat", active=1, processed=4)
    first = site.system.workers()[0].worker
    clock.advance(5 * SECOND)
    site.tell("worker-online", active=0, **fields)
    second = site.system.workers()[0].worker
    assert first.id != second.id
    assert second.started_at > first.started_at


def test_a_worker_that_is_long_gone_is_forgotten(site: Site, clock: ManualClock) -> None:
    site.tell("worker-heartbeat")
    clock.advance(timedelta(minutes=11))
    site.tell("worker-heartbeat", worker=TWO)
    assert [view.worker.name for view in site.system.workers()] == [TWO]


def test_a_run_whose_worker_gives_no_sign_of_life_is_lost(
    site: Site, new_run: NewRun, clock: ManualClock, database: Database
) -> None:
    lost, kept = new_run(), new_run()
    site.begin(lost, ONE)
    site.begin(kept, TWO)
    judge = LostRuns(database, clock, after=60 * SECOND, by_events=True)
    for_plugin = LostRuns(database, clock)
    for _ in range(14):
        judge.step()
        for_plugin.step()
        clock.advance(5 * SECOND)
        site.tell("worker-heartbeat", worker=TWO, active=1, processed=1)
    judge.step()
    assert site.get(kept).state is RunState.RUNNING
    found = site.get(lost)
    assert (found.state, found.reason) == (
        RunState.LOST,
        "Worker celery@one has given no sign of life for 60 s.",
    )


def test_nobody_is_lost_while_this_node_hears_nothing(
    site: Site, new_run: NewRun, clock: ManualClock, database: Database
) -> None:
    run = new_run()
    site.begin(run)
    judge = LostRuns(database, clock, after=60 * SECOND, by_events=True)
    for _ in range(20):
        judge.step()
        clock.advance(30 * SECOND)
    assert site.get(run).state is RunState.RUNNING
