"""What workers tell the ledger of a run: as the records of the plug-in, and as what the model makes of them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from model import ledger
from model.node import RESEND
from model.world import Message, Run, World
from punctual.celery.records import Ended, GivenBack, Lost, Record, Retrying, Started
from punctual.domain.run import RunError, RunState
from punctual.store.attempts import Runner

ENDS = ["succeeded", "failed", "failed", "retrying", "given back", "cancelled", "lost"]
"""How an attempt that runs may end."""

STRAYS = ["started", *ENDS, "expired", "revoked", "unknown task"]
"""What may be told of any run."""

NOT_BEGUN = {"expired": RunState.EXPIRED, "revoked": RunState.CANCELLED, "unknown task": RunState.FAILED}
"""What may be told of an attempt that could not even begin."""

_ERROR = RunError(type="E", message="m")
_COUNTDOWN = timedelta(seconds=5)


def life_of(world: World, name: str) -> UUID:
    return world.workers[name][0]


def started(world: World, message: Message, name: str) -> Started:
    """Return a worker's record that it starts what a message says."""
    return Started(message.run_id, 0.0, Runner(name, life_of(world, name)), message.attempt, message.timeout)


def follow_start(world: World, message: Message, name: str, at: datetime) -> bool:
    deadline = None if message.timeout is None else at + timedelta(seconds=message.timeout)
    return ledger.start(world.runs[message.run_id], message.attempt, life_of(world, name), deadline, at)


def ended(world: World, run_id: UUID, how: str, attempt: int | None) -> Record:
    """Return the record of a worker, of `w0` where it says of which, that an attempt came to an end."""
    if how in NOT_BEGUN:
        return Ended(run_id, 0.0, attempt, NOT_BEGUN[how], "w0", reason="why", begun=False)
    records: dict[str, Record] = {
        "retrying": Retrying(run_id, 0.0, attempt or 1, _ERROR, _COUNTDOWN.total_seconds()),
        "given back": GivenBack(run_id, 0.0, attempt or 1, _ERROR),
        "lost": Lost(run_id, 0.0, attempt, life_of(world, "w0"), "Its process died."),
        "succeeded": Ended(run_id, 0.0, attempt, RunState.SUCCEEDED, "w0"),
        "failed": Ended(run_id, 0.0, attempt, RunState.FAILED, "w0", error=_ERROR),
        "cancelled": Ended(run_id, 0.0, attempt, RunState.CANCELLED, "w0", reason="why"),
    }
    return records[how]


def follow_end(world: World, run: Run, how: str, attempt: int | None, at: datetime) -> bool:
    follow: dict[str, Callable[[], bool]] = {
        "retrying": lambda: ledger.retried(run, attempt or 1, at, at + _COUNTDOWN + RESEND),
        "given back": lambda: ledger.give_back(run, attempt or 1, at, at + RESEND),
        "lost": lambda: ledger.lose(world, run, attempt, at, life_of(world, "w0")),
        "succeeded": lambda: ledger.succeed(run, attempt, at),
        "failed": lambda: ledger.fail(world, run, attempt, at, reason=False),
        "cancelled": lambda: ledger.end(run, RunState.CANCELLED, attempt, at, reason=True),
        "unknown task": lambda: ledger.fail(world, run, attempt, at, reason=True, begun=False),
        "expired": lambda: ledger.end(run, RunState.EXPIRED, attempt, at, reason=True, begun=False),
        "revoked": lambda: ledger.end(run, RunState.CANCELLED, attempt, at, reason=True, begun=False),
    }
    return follow[how]()
