"""Before a change: deciding on the fire times up to now by the spec that was in force."""

from datetime import datetime

from punctual.domain.planner import plan
from punctual.domain.schedule import Schedule
from punctual.store import ledger
from punctual.store.database import Transaction
from punctual.store.ledger import Entry


def settle(tx: Transaction, schedule: Schedule, now: datetime) -> Schedule:
    """Record what a locked schedule owes up to `now`, for any node to send, and return it moved on.

    So a change never leaves a fire time without a record, and never fires an old one by the new spec.
    """
    status = schedule.status
    while status.next_fire_time is not None and status.next_fire_time <= now:
        made = plan(schedule.spec.trigger, schedule.spec.catchup, first=status.next_fire_time, now=now)
        ledger.record(tx, [Entry(schedule.id, schedule.version, made)], now=now, lease=None)
        last = made.runs[-1].fire_time if made.runs else status.last_fire_time
        status = status.at(made.next_fire_time).model_copy(update={"last_fire_time": last})
    return schedule.model_copy(update={"status": status})
