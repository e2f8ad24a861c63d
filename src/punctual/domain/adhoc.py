"""Tasks that Punctual did not send: what stands in the ledger where the schedule of a run does."""

from datetime import UTC, datetime

from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import once

_LONGEST_NAME = 180
_NEVER_AGAIN = datetime(1970, 1, 1, tzinfo=UTC)


def adhoc_spec(task: str) -> ScheduleSpec:
    """Return the spec to which the runs of a task belong that others sent; it is of a schedule that never fires.

    Raises ValidationError for a name that no task can have.
    """
    return ScheduleSpec(name=f"{task[:_LONGEST_NAME]} (ad hoc)", task=task, trigger=once(_NEVER_AGAIN))
