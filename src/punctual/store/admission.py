"""Taking runs into the ledger beside others: which may start, wait, or are skipped, and which make room for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import case, select, true, update

from punctual.domain.overlap import OpenRun, Verdict, admit, replaced_reason
from punctual.domain.policies import Overlap, RunRules
from punctual.domain.run import Cause, RunState, Stop
from punctual.store.database import Transaction
from punctual.store.endings import end_by
from punctual.store.tables import is_open, runs


class Admission:
    """The open runs of some locked schedules, as they become with each run that is taken in."""

    NOTHING: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("deadline", "exclusive", "concurrency_key", "concurrency_limit"),
    )
    """The columns of a governed run, of a record that is none."""

    def __init__(self, tx: Transaction, schedule_ids: Sequence[UUID]) -> None:
        """Read the open runs of the schedules, backfills left out: these have a limit of their own."""
        self._tx = tx
        self._open: dict[UUID, list[OpenRun]] = {key: [] for key in schedule_ids}
        self._made_room: list[tuple[Overlap, datetime, Verdict]] = []
        if schedule_ids:
            query = (
                select(runs.c.schedule_id, runs.c.id, runs.c.fire_time, runs.c.state)
                .where(runs.c.schedule_id.in_(schedule_ids), is_open(runs))
                .where(runs.c.cause != Cause.BACKFILL.value)
                .order_by(runs.c.due_time, runs.c.fire_time)
            )
            for schedule_id, key, fire_time, state in tx.connection.execute(query):
                self._open[schedule_id].append(OpenRun(key, fire_time, RunState(state)))

    def admit(self, row: dict[str, Any], rules: RunRules, now: datetime) -> dict[str, Any]:
        """Return what becomes of a run that would be pending, as the columns that say so."""
        open_runs = self._open.get(row["schedule_id"], [])
        verdict = admit(rules.overlap, open_runs)
        if verdict.ended or verdict.stopped:
            self._made_room.append((rules.overlap, row["fire_time"], verdict))
            gone = {run.id for run in verdict.ended}
            open_runs[:] = [run for run in open_runs if run.id not in gone]
        state, reason, holds = verdict.state, verdict.reason, rules.concurrency
        if state is RunState.PENDING and holds is not None:
            state, reason = RunState.BUFFERED, f"Waits for its turn: {holds.limit} at once of {holds.key!r}."
        if state is not RunState.SKIPPED:
            open_runs.append(OpenRun(row["id"], row["fire_time"], state))
        skipped = state is RunState.SKIPPED
        sent = state is RunState.PENDING
        return {
            "state": state.value,
            "reason": reason,
            "finished_at": now if skipped else None,
            "send_at": row["send_at"] if sent else None,
            "lease_node": row["lease_node"] if sent else None,
            "deadline": None if skipped or rules.expires is None else row["due_time"] + rules.expires,
            "exclusive": rules.overlap.exclusive,
            "concurrency_key": None if holds is None else holds.key,
            "concurrency_limit": None if holds is None else holds.limit,
        }

    def carry_out(self, now: datetime) -> set[UUID]:
        """End the runs that made room, once those for which they did are inserted; return which."""
        ended: set[UUID] = set()
        for overlap, fire_time, verdict in self._made_room:
            ids = [run.id for run in verdict.ended]
            reason = replaced_reason(overlap, fire_time)
            cancel(self._tx, ids, reason=reason, at=now)
            stop = Stop.TERMINATE if overlap is Overlap.TERMINATE_OTHER else Stop.CANCEL
            ask_to_stop(self._tx, [run.id for run in verdict.stopped], stop, reason=reason, at=now)
            ended.update(ids)
        return ended


def cancel(tx: Transaction, ids: Sequence[UUID], *, reason: str, at: datetime) -> None:
    """End open runs in the ledger, whatever their workers do."""
    if ids:
        ended = {"state": RunState.CANCELLED.value, "reason": reason, "finished_at": at, **LEFT_ALONE}
        end_by(tx, update(runs).where(runs.c.id.in_(ids), is_open(runs)).values(ended))


def ask_to_stop(tx: Transaction, ids: Sequence[UUID], stop: Stop, *, reason: str, at: datetime) -> None:
    """Let any node ask the workers to stop these runs, whichever attempt they are at.

    One that runs is cancelled when its attempt ends without success, the others at once. Those that were asked to
    clean up already are not asked to do so again, because that would interrupt them at it.
    """
    if not ids:
        return
    running = runs.c.state == RunState.RUNNING.value
    again = runs.c.cancelling.is_(None) if stop is Stop.CANCEL else true()
    cancelling = case((running, reason), else_=runs.c.cancelling)
    asked = {"stop": stop.value, "stop_attempt": None, "cancelling": cancelling}
    tx.connection.execute(update(runs).where(runs.c.id.in_(ids), again).values(asked))
    over = {"state": RunState.CANCELLED.value, "reason": reason, "finished_at": at, **LEFT_ALONE}
    end_by(tx, update(runs).where(runs.c.id.in_(ids), is_open(runs), ~running).values(over))
    tx.changed = True


def ask_to_stop_attempt(tx: Transaction, run_id: UUID, attempt: int) -> None:
    """Let any node ask the workers to terminate this attempt of a run, and those before."""
    asked = {"stop": Stop.TERMINATE.value, "stop_attempt": attempt}
    tx.connection.execute(update(runs).where(runs.c.id == run_id).values(asked))
    tx.changed = True


LEFT_ALONE: dict[str, Any] = {"send_at": None, "lease_node": None, "deadline": None}
"""The columns of a run for which nothing is to be done any more."""
