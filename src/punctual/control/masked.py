"""What people may see of schedules and runs: all but the secrets in their arguments."""

from collections.abc import Sequence

from punctual.domain.masking import Masking, Schema
from punctual.domain.run import Run
from punctual.domain.schedule import Schedule
from punctual.store import workers
from punctual.store.database import Transaction


def masked_schedules(tx: Transaction, found: Sequence[Schedule], masking: Masking) -> list[Schedule]:
    """Return schedules with the secrets of their task calls masked."""
    known = workers.signatures(tx, {schedule.spec.task for schedule in found})
    return [_schedule(schedule, known.get(schedule.spec.task), masking) for schedule in found]


def masked_schedule(tx: Transaction, schedule: Schedule, masking: Masking) -> Schedule:
    """Return a schedule with the secrets of its task call masked."""
    return masked_schedules(tx, [schedule], masking)[0]


def masked_runs(tx: Transaction, found: Sequence[Run], masking: Masking) -> list[Run]:
    """Return runs with the secrets of their task calls masked, wherever they stand."""
    known = workers.signatures(tx, {run.task for run in found})
    return [_run(run, known.get(run.task), masking) for run in found]


def masked_run(tx: Transaction, run: Run, masking: Masking) -> Run:
    """Return a run with the secrets of its task call masked, wherever they stand."""
    return masked_runs(tx, [run], masking)[0]


def _schedule(schedule: Schedule, signature: Schema | None, masking: Masking) -> Schedule:
    spec = schedule.spec
    if not spec.args and not spec.kwargs:
        return schedule
    call = masking.call(signature, spec.args, spec.kwargs)
    shown = spec.model_copy(update={"args": call.args, "kwargs": call.kwargs})
    return schedule.model_copy(update={"spec": shown})


def _run(run: Run, signature: Schema | None, masking: Masking) -> Run:
    """Mask the arguments; and once more what the worker did, which may be one of before, or without the plug-in."""
    call = masking.call(signature, run.args, run.kwargs)
    error = run.error
    if error is not None and call.hidden.texts:
        said = None if error.traceback is None else call.hidden.text(error.traceback)
        error = error.model_copy(update={"message": call.hidden.text(error.message), "traceback": said})
    result = masking.value(run.result, call.hidden)
    return run.model_copy(update={"args": call.args, "kwargs": call.kwargs, "result": result, "error": error})
