"""Before a change: deciding on the fire times up to now by the spec that was in force."""

from datetime import datetime

from punctual.domain.planner import plan
from punctual.domain.schedule import Schedule
from punctual.store import ledger
from punctual.store.database import Transaction
from punctual.store.ledger import Entry
from punctual.store.timetables import timetable_of


def settle(tx: Transaction, schedule: Schedule, now: datetime) -> Schedule:
    """Record what a locked schedule owes up to `now`, for any node to send, and return it moved on.

    So a change never leaves a fire time without a record, and never fires an old one by the new spec.
    """
    spec, status = schedule.spec, schedule.status
    timetable = timetable_of(tx, schedule)
    while status.next_fire_time is not None and status.next_fire_time <= now:
        left = status.runs_left(spec)
        made = plan(timetable, spec.catchup, first=status.next_fire_time, now=now, runs_left=left)
        ledger.record(tx, [Entry(schedule.id, schedule.version, made, spec.rules)], now=now, lease=None)
        last = made.runs[-1].fire_time if made.runs else status.last_fire_time
        counted = {"last_fire_time": last, "run_count": status.run_count + len(made.runs)}
        status = status.at(made.next_fire_time, made.next_due_time).model_copy(update=counted)
    return schedule.model_copy(update={"status": status})
