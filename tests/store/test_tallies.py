"""What ends is counted in the transaction in which it does: once, whoever ends it, and not when that is undone."""

import contextlib
import threading
from datetime import datetime, timedelta
from uuid import UUID

import worker_records
from punctual.domain.identity import new_id
from punctual.domain.planner import PassedOver, Plan, PlannedRun
from punctual.domain.policies import Concurrency, Overlap, RunRules
from punctual.domain.run import Arguments, Cause, RunError, RunState
from punctual.domain.schedule import Schedule, ScheduleSpec, ScheduleStatus
from punctual.domain.tally import Counts
from punctual.store import adhoc, admission, attempt_batches, ledger, outbox, runs, schedules, totals
from punctual.store.adhoc import AdhocRun
from punctual.store.attempt_batches import Success
from punctual.store.database import Database
from punctual.store.ledger import Entry, Lease
from punctual.testing import ManualClock

NOW = ManualClock().now()
SECOND = timedelta(seconds=1)


def make(database: Database, name: str, task: str = "tidy") -> UUID:
    key = new_id()
    spec = ScheduleSpec.model_validate({"name": name, "task": task, "trigger": "every 1m"})
    new = Schedule(id=key, version=1, spec=spec, status=ScheduleStatus(), created_at=NOW, updated_at=NOW)
    with database.write() as tx:
        schedules.insert(tx, new, actor="test")
    return key


def record(database: Database, schedule_id: UUID, at: datetime = NOW, rules: RunRules = RunRules()) -> UUID:  # noqa: B008 - is frozen
    entry = Entry(schedule_id, 1, Plan.of(PlannedRun(at, at, Cause.MANUAL)), rules)
    with database.write() as tx:
        return ledger.insert_asked_for(tx, entry, now=at, arguments=Arguments())


def send(database: Database, at: datetime) -> None:
    node = new_id()
    with database.write() as tx:
        found = outbox.claim_unsent(tx, at, lease=Lease(node, at + SECOND), limit=100)
        outbox.mark_sent(tx, [run.id for run in found], node=node, at=at, again_at=None)


def of_task(database: Database, task: str = "tidy") -> dict[str, Counts]:
    with database.read() as tx:
        return next((total.by_state for total in totals.of_tasks(tx) if total.task == task), {})


def ended(database: Database, task: str = "tidy") -> dict[str, float]:
    return {state: counts.numbers["ended"] for state, counts in of_task(database, task).items()}


def test_a_run_is_counted_with_how_late_it_was_how_long_it_waited_and_how_long_it_ran(database: Database) -> None:
    run = record(database, make(database, "one"))
    send(database, NOW + SECOND)
    with database.write() as tx:
        worker_records.start(tx, run, at=NOW + 3 * SECOND)
    with database.write() as tx:
        worker_records.end(tx, run, RunState.SUCCEEDED, at=NOW + 43 * SECOND, attempt=1)
    numbers = of_task(database)["succeeded"].numbers
    assert {name: count for name, count in numbers.items() if count} == {
        "ended": 1,
        "lateness_sum": 1,
        "lateness_3": 1,
        "queue_wait_sum": 2,
        "queue_wait_4": 1,
        "run_time_sum": 40,
        "run_time_6": 1,
    }


def test_a_worker_that_is_faster_than_the_note_of_the_sending_counts_from_its_start(database: Database) -> None:
    run = record(database, make(database, "one"))
    with database.write() as tx:
        worker_records.start(tx, run, at=NOW + 2 * SECOND)
        worker_records.end(tx, run, RunState.SUCCEEDED, at=NOW + 3 * SECOND, attempt=1)
    numbers = of_task(database)["succeeded"].numbers
    assert [numbers[f"{name}_sum"] for name in ("lateness", "queue_wait", "run_time")] == [2, 0, 1]
    assert numbers["queue_wait_0"] == 1


def test_of_a_batch_of_successes_those_are_counted_that_the_ledger_takes(database: Database) -> None:
    key = make(database, "one")
    found = [record(database, key, NOW + number * SECOND) for number in range(4)]
    with database.write() as tx:
        worker_records.end(tx, found[0], RunState.LOST, at=NOW)
    at = NOW + 9 * SECOND
    for _ in range(2):
        with database.write() as tx:
            attempt_batches.succeed(tx, [Success(run, 1, None, None, "w", at) for run in found])
    assert ended(database) == {"lost": 1, "succeeded": 3}


def test_of_runs_that_punctual_did_not_send_only_the_time_they_ran_is_measured(database: Database) -> None:
    run = new_id()
    with database.write() as tx:
        adhoc.record(tx, [AdhocRun(run, "tidy", [], {}, NOW)])
        worker_records.start(tx, run, at=NOW + SECOND)
        worker_records.end(tx, run, RunState.SUCCEEDED, at=NOW + 3 * SECOND, attempt=1)
    numbers = of_task(database)["succeeded"].numbers
    assert [numbers[f"{name}_sum"] for name in ("lateness", "queue_wait", "run_time")] == [0, 0, 2]
    assert numbers["lateness_0"] == numbers["queue_wait_0"] == 0
    with database.read() as tx:
        assert totals.of_schedules(tx, 9) == ([], 0)


def test_the_first_end_counts_and_no_other(database: Database) -> None:
    run = record(database, make(database, "one"))
    for state in (RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.LOST):
        with database.write() as tx:
            worker_records.end(tx, run, state, at=NOW)
    assert ended(database) == {"succeeded": 1}


def test_an_end_that_is_undone_is_not_counted(database: Database) -> None:
    run = record(database, make(database, "one"))
    with contextlib.suppress(RuntimeError), database.write() as tx:
        worker_records.end(tx, run, RunState.SUCCEEDED, at=NOW)
        raise RuntimeError
    assert ended(database) == {}


def test_a_retry_is_no_end_and_its_run_tells_no_wait(database: Database) -> None:
    run = record(database, make(database, "one"))
    send(database, NOW)
    error = RunError(type="OSError", message="full")
    for attempt in (1, 2):
        with database.write() as tx:
            worker_records.start(tx, run, at=NOW + attempt * SECOND, attempt=attempt)
    with database.write() as tx:
        worker_records.end(tx, run, RunState.FAILED, at=NOW + 4 * SECOND, attempt=2, error=error)
    (counts,) = of_task(database).values()
    assert [counts.numbers[f"{name}_sum"] for name in ("lateness", "queue_wait", "run_time")] == [0, 0, 2]


def test_what_ends_without_a_worker_is_counted_too(database: Database) -> None:
    key = make(database, "one")
    cancelled = record(database, key)
    buffered = record(database, key, NOW + SECOND, RunRules(concurrency=Concurrency(key="db", limit=1)))
    with database.write() as tx:
        admission.cancel(tx, [cancelled, buffered], reason="By hand.", at=NOW)
    record(database, key, NOW + 2 * SECOND)
    record(database, key, NOW + 3 * SECOND, RunRules(overlap=Overlap.SKIP))
    passed = PassedOver(RunState.MISSED, NOW - 9 * SECOND, NOW - 5 * SECOND, 3, exact=True, reason="too late")
    entry = Entry(key, 1, Plan((), (passed,), None, None))
    for _ in range(2):
        with database.write() as tx:
            ledger.record(tx, [entry], now=NOW + 4 * SECOND, lease=None)
    assert ended(database) == {"cancelled": 2, "skipped": 1, "missed": 1}


def test_runs_skipped_by_a_pause_are_counted(database: Database) -> None:
    key = make(database, "one")
    planned = PlannedRun(NOW + SECOND, NOW + SECOND, Cause.SCHEDULE)
    with database.write() as tx:
        ledger.record(tx, [Entry(key, 1, Plan.of(planned))], now=NOW, lease=None)
        assert runs.skip_pending(tx, key, reason="Paused.", at=NOW) == 1
    assert ended(database) == {"skipped": 1}


def test_schedules_are_counted_apart_and_the_ones_that_ended_last_are_told(database: Database) -> None:
    for number, name in enumerate(("old", "new")):
        run = record(database, make(database, name), NOW + number * SECOND)
        with database.write() as tx:
            worker_records.end(tx, run, RunState.SUCCEEDED, at=NOW + number * SECOND)
    assert ended(database) == {"succeeded": 2}
    with database.read() as tx:
        (total,), left_out = totals.of_schedules(tx, 1)
        assert (total.task, total.schedule, total.by_state["succeeded"].numbers["ended"]) == ("tidy", "new", 1)
        assert left_out == 1
    with database.write() as tx:
        totals.forget_idle(tx, before=NOW + SECOND)
    with database.read() as tx:
        assert totals.of_schedules(tx, 5)[1] == 0
        assert [total.schedule for total in totals.of_schedules(tx, 5)[0]] == ["new"]
    assert ended(database) == {"succeeded": 2}


def test_processes_and_threads_that_end_runs_of_the_same_tasks_lose_no_count(database: Database) -> None:
    keys = [make(database, f"s{number}", task=f"task{number % 3}") for number in range(6)]
    found = [[record(database, key, NOW + number * SECOND) for key in keys] for number in range(8)]
    faults: list[Exception] = []

    def end(mine: list[UUID]) -> None:
        try:
            with database.write() as tx:
                for run in mine:
                    worker_records.end(tx, run, RunState.SUCCEEDED, at=NOW)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            faults.append(error)

    threads = [
        threading.Thread(target=end, args=(mine if number % 2 else mine[::-1],)) for number, mine in enumerate(found)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert [ended(database, f"task{number}") for number in range(3)] == [{"succeeded": 16}] * 3
