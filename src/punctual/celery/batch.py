"""A batch of records written at once, in the right order: one statement for all of a kind that comes often."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from punctual.celery.records import Appeared, Ended, Lost, Record, Started, Told
from punctual.domain.run import RunState
from punctual.engine import outcomes
from punctual.store import adhoc, attempt_batches, failures
from punctual.store.attempt_batches import Start, Success
from punctual.store.database import Transaction

Instants = Sequence[tuple[Record, datetime]]
"""Records, each with the instant of which it tells."""


def write_batch(tx: Transaction, told: Instants) -> int:
    """Write records, those of one run in their order; return how many the ledger refused.

    The schedules whose failures in a row may change are locked first, in one order, so that any number of writers may
    do this at a time.
    """
    well = [record.run_id for record, _ in told if _is_success(record)]
    badly = [record.run_id for record, _ in told if _may_be_failure(record)]
    counted = failures.hold_all(tx, well=well, badly=badly)
    refused = 0
    for one_each in _rounds(told):
        starts, successes, others = _sorted_out(one_each, counted)
        adhoc.record(tx, [record.run(at) for record, at in one_each if isinstance(record, Appeared)])
        refused += len(starts) - attempt_batches.start(tx, starts)
        refused += len(successes) - attempt_batches.succeed(tx, successes)
        refused += sum(not record.write(tx, at) for record, at in others)
    # What begins, and what a task tells while it runs, makes no room for others.
    if not all(isinstance(record, Appeared | Started | Told) for record, _ in told):
        outcomes.wake_waiting(tx)
    return refused


def _rounds(told: Instants) -> Iterator[Instants]:
    """Yield the first records of all runs, then the second ones, and so on."""
    of_run: defaultdict[UUID, int] = defaultdict(int)
    rounds: defaultdict[int, list[tuple[Record, datetime]]] = defaultdict(list)
    for record, at in told:
        rounds[of_run[record.run_id]].append((record, at))
        of_run[record.run_id] += 1
    yield from rounds.values()


def _sorted_out(told: Instants, counted: set[UUID]) -> tuple[list[Start], list[Success], Instants]:
    """Return starts and successes, to be written at once, and other records.

    A success of one of the runs that are `counted` is such another: it ends failures in a row.
    """
    starts: list[Start] = []
    successes: list[Success] = []
    others: list[tuple[Record, datetime]] = []
    for record, at in told:
        if isinstance(record, Started):
            received_at, deadline = record.received_at(at), record.deadline(at)
            starts.append(Start(record.run_id, record.runner, record.attempt, received_at, deadline, at))
        elif isinstance(record, Ended) and _is_success(record) and record.attempt and record.run_id not in counted:
            successes.append(
                Success(record.run_id, record.attempt, record.result, record.result_size, record.worker, at)
            )
        elif not isinstance(record, Appeared):
            others.append((record, at))
    return starts, successes, others


def _is_success(record: Record) -> bool:
    return isinstance(record, Ended) and record.state is RunState.SUCCEEDED


def _may_be_failure(record: Record) -> bool:
    return isinstance(record, Lost) or (isinstance(record, Ended) and record.state is RunState.FAILED)
