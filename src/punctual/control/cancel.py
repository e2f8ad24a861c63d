"""Cancelling a run: what the ledger says at once, and what its worker is asked and can do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from punctual.domain.errors import ConflictError
from punctual.domain.processes import Worker
from punctual.domain.run import TERMINAL, Run, RunState, Stop
from punctual.store import admission, failures, runs, workers
from punctual.store.database import Transaction


class Interruption(StrEnum):
    """What becomes of the task of a run that is cancelled."""

    NOT_NEEDED = "not_needed"
    ASKED = "asked"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants a run cancelled and how; `terminate` does not wait for the task to clean up."""

    actor: str
    terminate: bool
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A run once somebody cancelled it, what becomes of its task, and that in a sentence for people."""

    run: Run
    interruption: Interruption
    message: str


def cancel(tx: Transaction, run: Run, wish: Wish, *, now: datetime) -> tuple[Interruption, str]:
    """Cancel a run; return what becomes of its task, and that in words. Raises ConflictError for one that has ended.

    One that does not run, or is to be terminated, is cancelled at once. One that runs is asked to stop, and ends when
    its task does. Workers are told to drop its messages.
    """
    failures.hold(tx, run.schedule_id)
    run = runs.lock(tx, run.id) or run
    if run.state in TERMINAL:
        message = f"The run {run.id} is {run.state.value}: it has ended, so it cannot be cancelled."
        raise ConflictError(message, fix="Look at the run to see how it ended.")
    stop = Stop.TERMINATE if wish.terminate else Stop.CANCEL
    if run.state is not RunState.RUNNING:
        reason = _reason(f"Cancelled by {wish.actor} while it was {run.state.value}", wish.note)
        if run.state is RunState.BUFFERED:  # no worker knows of it
            admission.cancel(tx, [run.id], reason=reason, at=now)
            tx.changed = True
        else:
            admission.ask_to_stop(tx, [run.id], stop, reason=reason, at=now)
        return Interruption.NOT_NEEDED, "It is cancelled: no worker starts it any more."
    if wish.terminate:
        reason = _reason(f"Terminated by {wish.actor} while it ran", wish.note)
        admission.cancel(tx, [run.id], reason=reason, at=now)
    else:
        reason = _reason(f"{wish.actor} asked it to stop", wish.note)
    admission.ask_to_stop(tx, [run.id], stop, reason=reason, at=now)
    worker = None if run.worker is None else workers.get(tx, run.worker)
    return _interruption(worker, terminate=wish.terminate)


def _interruption(worker: Worker | None, *, terminate: bool) -> tuple[Interruption, str]:
    ledger = "The ledger says cancelled from now on." if terminate else "The run ends when its task does."
    if worker is None:
        return Interruption.UNKNOWN, f"Its worker is asked to stop it; whether it can is not known. {ledger}"
    if not worker.plugin:
        return _without_plugin(worker, ledger, terminate=terminate)
    if not worker.interrupts:
        why = f"Its worker {worker.name} cannot interrupt a task (pool {worker.pool}), so the task runs on."
        return Interruption.IMPOSSIBLE, f"{why} {ledger}"
    how = "stop it; the task may clean up first"
    if terminate:
        how = "end the process that runs it" if worker.pool == "prefork" else "end it at once"
    return Interruption.ASKED, f"Its worker {worker.name} is asked to {how}. {ledger}"


def _without_plugin(worker: Worker, ledger: str, *, terminate: bool) -> tuple[Interruption, str]:
    who = f"Its worker {worker.name} has no plug-in"
    if terminate:
        return (
            Interruption.UNKNOWN,
            f"{who}: it is told to terminate the task; whether its pool can is not known. {ledger}",
        )
    why = f"{who}, and cannot be asked to let the task clean up: the task runs on unless it is terminated."
    return Interruption.IMPOSSIBLE, f"{why} {ledger}"


def _reason(what: str, note: str | None) -> str:
    return f"{what}: {note}" if note else f"{what}."
