"""Whether a new run may start beside the others of its schedule, waits for them, or takes their place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from punctual.domain.policies import Overlap
from punctual.domain.run import RunState

MOST_BUFFERED = 1000
"""Runs of one schedule that may wait; beyond, they are skipped."""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that has not ended."""

    id: UUID
    fire_time: datetime
    state: RunState


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a new run: `pending`, `buffered` or `skipped`, and why.

    `ended` are open runs that are cancelled in its favour, `stopped` those among them and the others that a worker is
    to be asked to stop.
    """

    state: RunState
    reason: str | None = None
    ended: tuple[OpenRun, ...] = ()
    stopped: tuple[OpenRun, ...] = ()


_STARTS = Verdict(RunState.PENDING)
_FULL = Verdict(RunState.SKIPPED, f"{MOST_BUFFERED} runs wait already (overlap policy buffer_all).")


def admit(overlap: Overlap, open_runs: Sequence[OpenRun]) -> Verdict:
    """Decide on a new run beside the open ones of its schedule; the caller holds them still."""
    if not open_runs:
        return _STARTS
    waiting = [run for run in open_runs if run.state is RunState.BUFFERED]
    match overlap:
        case Overlap.ALLOW:
            return _STARTS
        case Overlap.SKIP:
            return _skipped(overlap, open_runs[0])
        case Overlap.BUFFER_ONE:
            return _skipped(overlap, waiting[0]) if waiting else _buffered(overlap, open_runs[0])
        case Overlap.BUFFER_ALL:
            return _FULL if len(waiting) >= MOST_BUFFERED else _buffered(overlap, open_runs[0])
        case Overlap.CANCEL_OTHER | Overlap.TERMINATE_OTHER:
            return _in_place_of(overlap, open_runs)


def _in_place_of(overlap: Overlap, open_runs: Sequence[OpenRun]) -> Verdict:
    if overlap is Overlap.TERMINATE_OTHER:
        return Verdict(RunState.PENDING, ended=tuple(open_runs), stopped=_sent(open_runs))
    running = tuple(run for run in open_runs if run.state is RunState.RUNNING)
    replaced = tuple(run for run in open_runs if run.state is not RunState.RUNNING)
    waits = _buffered(overlap, running[0]) if running else _STARTS
    return Verdict(waits.state, waits.reason, ended=replaced, stopped=(*running, *_sent(replaced)))


def replaced_reason(overlap: Overlap, fire_time: datetime) -> str:
    """Return why a run was cancelled in favour of the one of `fire_time`."""
    return f"The run of {_instant(fire_time)} took its place (overlap policy {overlap.value})."


def _sent(runs: Sequence[OpenRun]) -> tuple[OpenRun, ...]:
    """Return those of which a worker may know."""
    return tuple(run for run in runs if run.state is not RunState.BUFFERED and run.state is not RunState.PENDING)


def _skipped(overlap: Overlap, other: OpenRun) -> Verdict:
    reason = f"The run of {_instant(other.fire_time)} was still {other.state.value} (overlap policy {overlap.value})."
    return Verdict(RunState.SKIPPED, reason)


def _buffered(overlap: Overlap, other: OpenRun) -> Verdict:
    reason = f"Waits for the end of the run of {_instant(other.fire_time)} (overlap policy {overlap.value})."
    return Verdict(RunState.BUFFERED, reason)


def _instant(fire_time: datetime) -> str:
    return fire_time.isoformat().replace("+00:00", "Z")
