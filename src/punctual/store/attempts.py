"""What happens to a run once it is sent: attempts start, fail and end. Each move is refused unless it is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import BindParameter, ColumnElement, Update, and_, bindparam, case, literal, or_, select, update

from punctual.domain.run import ALLOWED_FROM, TERMINAL, Cause, RunError, RunState, Stop, StopRequest
from punctual.domain.source import WITHOUT_PLUGIN, Source
from punctual.store.admission import LEFT_ALONE
from punctual.store.database import Transaction
from punctual.store.endings import end_by
from punctual.store.process_tables import workers
from punctual.store.tables import runs, schedule_versions
from punctual.store.types import UtcDateTime


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What decides on the end of an attempt; `document` is the version of the spec that the run belongs to.

    `cancelling` says why the run was asked to stop; None when it was not.
    """

    schedule_id: UUID
    cause: Cause
    state: RunState
    attempt: int
    cancelling: str | None
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and what was told of it; with a `result_size`, the result is the first part of so many bytes."""

    state: RunState
    result: JsonValue = None
    result_size: int | None = None
    error: RunError | None = None
    reason: str | None = None
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """A run whose attempt is to be ended from outside."""

    id: UUID
    state: RunState
    attempt: int
    worker: str | None
    source: Source | None


@dataclass(frozen=True, slots=True)
class Runner:
    """Who runs an attempt: a worker by its name, the life of it, and the process; None where it does not say."""

    worker: str
    worker_id: UUID | None = None
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class HeldAttempt:
    """An attempt that runs, and the process that runs it."""

    run_id: UUID
    attempt: int
    pid: int


def start(
    tx: Transaction,
    run_id: UUID,
    runner: Runner,
    *,
    attempt: int,
    deadline: datetime | None,
    at: datetime,
    received_at: datetime | None = None,
    again: bool = False,
) -> bool:
    """Let an attempt begin; False: it must not, for it has begun before, or the run has ended or is to end.

    Of any number that ask for one (run, attempt), one alone gets True. `deadline` is when it is timed out,
    `received_at` when its message came to the worker. Who did not hear the answer asks `again` with the same facts, and
    gets the same answer. The plug-in gets it too for what only the events of its own worker told before; and events may
    tell that another worker has the same attempt by now.
    """
    facts = {
        "worker": runner.worker,
        "worker_id": runner.worker_id,
        "worker_pid": runner.pid,
        "attempt": attempt,
        "started_at": at,
        "received_at": received_at,
        "deadline": deadline,
    }
    told = {f"new_{name}": value for name, value in facts.items()}
    return tx.connection.execute(_starting(tx.source, again=again), {"run": run_id, **told}).rowcount == 1


@lru_cache
def _starting(source: Source | None, *, again: bool) -> Update:
    """Return the statement of a start; made once, for to make it takes longer than to run it."""
    names = ("worker", "worker_id", "worker_pid", "attempt", "started_at")
    new = {name: bindparam(f"new_{name}", type_=runs.c[name].type) for name in (*names, "received_at", "deadline")}
    may = runs.c.attempt < new["attempt"]
    if again:
        may = or_(may, and_(*(runs.c[name].is_not_distinct_from(new[name]) for name in names)))
    if source is Source.PLUGIN:
        may = or_(may, and_(heard_of(new["attempt"]), runs.c.worker == new["worker"]))
    elif source is Source.EVENTS:
        moved = and_(runs.c.worker_id.is_distinct_from(new["worker_id"]), runs.c.started_at < new["started_at"])
        may = or_(may, and_(heard_of(new["attempt"]), moved))
    run = bindparam("run", type_=runs.c.id.type)
    facts = {**new, "received_by": new["worker"], "error": None, "progress": None}
    return _moving(source, run, RunState.RUNNING, facts, may, runs.c.cancelling.is_(None))


def retry(
    tx: Transaction,
    run_id: UUID,
    *,
    attempt: int,
    error: RunError,
    send_at: datetime | None,
    sent_by_celery: bool,
    holder: UUID | None = None,
) -> bool:
    """Record that an attempt failed and another one follows, sent by a node from `send_at` on.

    Where Celery itself has sent the message, that is when a node takes it for lost. False: the ledger refused the
    move; so is one that comes after the next attempt has started. `holder` is for `end`'s reason.
    """
    facts: dict[str, Any] = {"attempt": attempt, "error": error.model_dump(mode="json"), "send_at": send_at}
    if not sent_by_celery:
        facts["queued_at"] = None
    return _move(tx, run_id, RunState.RETRYING, facts, *_fence(attempt, holder))


def give_back(tx: Transaction, run_id: UUID, *, attempt: int, error: RunError, send_at: datetime | None) -> bool:
    """Record that an attempt was broken off and its message is in the queue again, from which it may start anew.

    From `send_at` on the message is taken for lost. False: the ledger refused the move.
    """
    facts = {"attempt": attempt - 1, "error": error.model_dump(mode="json"), "send_at": send_at}
    running = and_(runs.c.state == RunState.RUNNING.value, runs.c.attempt == attempt)
    return _move(tx, run_id, RunState.RETRYING, facts, running)


def end(
    tx: Transaction,
    run_id: UUID,
    ending: Ending,
    *,
    attempt: int | None,
    at: datetime,
    begun: bool = True,
    holder: UUID | None = None,
) -> bool:
    """Record a terminal state; False: the ledger refused the move, for the first terminal state wins.

    An attempt that failed already has no say any more; None speaks for whichever is the last. What is said of one that
    was not `begun` is refused when it has, by another delivery of its message; and so is, with a `holder`, what is
    said of an attempt that another life of a worker runs.
    """
    facts: dict[str, Any] = {
        # Who tells of the end may know the time a little worse than who told of the start.
        "finished_at": case((runs.c.started_at > at, runs.c.started_at), else_=literal(at, UtcDateTime)),
        "result": ending.result,
        "result_size": ending.result_size,
        "error": None if ending.error is None else ending.error.model_dump(mode="json"),
        "reason": ending.reason,
    }
    if ending.worker is not None:
        facts["worker"] = ending.worker
    if attempt is None:
        return _move(tx, run_id, ending.state, facts)
    if not begun:
        return _move(tx, run_id, ending.state, facts, runs.c.attempt < attempt)
    return _move(tx, run_id, ending.state, {**facts, "attempt": attempt}, *_fence(attempt, holder))


def facts_of(tx: Transaction, run_id: UUID) -> RunFacts | None:
    """Return what is known of a run; None when there is none."""
    version = and_(
        schedule_versions.c.schedule_id == runs.c.schedule_id, schedule_versions.c.version == runs.c.schedule_version
    )
    query = (
        select(
            runs.c.schedule_id, runs.c.cause, runs.c.state, runs.c.attempt, runs.c.cancelling, schedule_versions.c.spec
        )
        .join(schedule_versions, version)
        .where(runs.c.id == run_id)
    )
    row = tx.connection.execute(query).one_or_none()
    if row is None:
        return None
    return RunFacts(row.schedule_id, Cause(row.cause), RunState(row.state), row.attempt, row.cancelling, row.spec)


def overdue(tx: Transaction, now: datetime, *, limit: int) -> list[OpenAttempt]:
    """Return the runs whose deadline has passed, the earliest first."""
    query = select(*_OF_OPEN).where(runs.c.deadline <= now)
    return _open(tx, query.order_by(runs.c.deadline).limit(limit))


def orphans(tx: Transaction, *, seen_since: datetime, limit: int, by_events: bool = False) -> list[OpenAttempt]:
    """Return running runs whose worker, in the life that started them, was not seen since then; the earliest first.

    Runs of workers that never said who they are cannot be told from others, and are left out. Either those that the
    plug-in told of, or those `by_events`.
    """
    events = Source.EVENTS.value
    lives = select(workers.c.id).where(workers.c.id == runs.c.worker_id, workers.c.seen_at >= seen_since)
    query = select(*_OF_OPEN).where(
        runs.c.state == RunState.RUNNING.value,
        runs.c.source == events if by_events else runs.c.source.is_distinct_from(events),
        runs.c.worker_id.is_not(None),
        runs.c.started_at < seen_since,
        ~lives.exists(),
    )
    return _open(tx, query.order_by(runs.c.started_at).limit(limit))


def held_by(tx: Transaction, worker_id: UUID) -> list[HeldAttempt]:
    """Return the attempts that a life of a worker runs, each with the process that does."""
    query = select(runs.c.id, runs.c.attempt, runs.c.worker_pid).where(
        runs.c.state == RunState.RUNNING.value, runs.c.worker_id == worker_id, runs.c.worker_pid.is_not(None)
    )
    return [HeldAttempt(*row) for row in tx.connection.execute(query)]


def to_stop(tx: Transaction, *, limit: int) -> list[StopRequest]:
    """Return the runs that workers are still to be asked to stop."""
    query = select(runs.c.id, runs.c.stop, runs.c.stop_attempt, runs.c.state).where(runs.c.stop.is_not(None))
    return [
        StopRequest(key, Stop(stop), attempt, over=RunState(state) in TERMINAL)
        for key, stop, attempt, state in tx.connection.execute(query.limit(limit))
    ]


def asked_to_stop(tx: Transaction, requests: Sequence[StopRequest]) -> None:
    """Note that the workers were asked; what is to be asked of them since then stays."""
    for stop in {request.stop for request in requests}:
        ids = [request.run_id for request in requests if request.stop is stop]
        tx.connection.execute(update(runs).where(runs.c.id.in_(ids), runs.c.stop == stop.value).values(stop=None))


def heard_of(attempt: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether an attempt runs by what events alone have told."""
    running, events = RunState.RUNNING.value, Source.EVENTS.value
    return and_(runs.c.attempt == attempt, runs.c.state == running, runs.c.source == events)


def not_over(attempt: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether an attempt still has a say: once `retrying`, only the ones that follow have."""
    return or_(
        and_(runs.c.state == RunState.RETRYING.value, runs.c.attempt < attempt),
        and_(runs.c.state != RunState.RETRYING.value, runs.c.attempt <= attempt),
    )


_OF_OPEN = (runs.c.id, runs.c.state, runs.c.attempt, runs.c.worker, runs.c.source)


def _open(tx: Transaction, query: Any) -> list[OpenAttempt]:  # noqa: ANN401 - a select of these columns
    return [
        OpenAttempt(key, RunState(state), attempt, worker, None if source is None else Source(source))
        for key, state, attempt, worker, source in tx.connection.execute(query)
    ]


def _fence(attempt: int, holder: UUID | None) -> list[ColumnElement[bool]]:
    fence = [not_over(attempt)]
    if holder is not None:
        fence.append(or_(runs.c.state != RunState.RUNNING.value, runs.c.worker_id == holder))
    return fence


def _move(
    tx: Transaction, run_id: UUID, state: RunState, facts: dict[str, Any], *conditions: ColumnElement[bool]
) -> bool:
    statement = _moving(tx.source, run_id, state, facts, *conditions)
    if state in TERMINAL:
        return bool(end_by(tx, statement))
    return tx.connection.execute(statement).rowcount == 1


def may_become(state: RunState) -> ColumnElement[bool]:
    """Return whether runs are in a state from which this one may follow."""
    # Not with IN, whose list SQLAlchemy writes anew for each execution.
    return or_(*(runs.c.state == origin.value for origin in sorted(ALLOWED_FROM[state])))


def _moving(
    source: Source | None,
    run_id: UUID | BindParameter[UUID],
    state: RunState,
    facts: dict[str, Any],
    *conditions: ColumnElement[bool],
) -> Update:
    if source is not None:
        facts = {**facts, "source": source.value}
    if source in WITHOUT_PLUGIN:
        conditions = (*conditions, runs.c.source.is_distinct_from(Source.PLUGIN.value))
    found = update(runs).where(runs.c.id == run_id, may_become(state), *conditions)
    return found.values({"state": state.value, **LEFT_ALONE, **facts})
