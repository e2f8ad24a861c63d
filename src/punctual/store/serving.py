"""What the living workers serve, as far as it matters to some tasks."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import and_, select

from punctual.domain.processes import ALIVE_FOR
from punctual.domain.serving import Serving
from punctual.store.database import Transaction
from punctual.store.process_tables import queues, routes, worker_tasks, workers

_MEASURED_WITHIN = timedelta(minutes=1)


def read(tx: Transaction, tasks: Collection[str], *, now: datetime) -> Serving:
    """Return what is served of these tasks, and from which queues."""
    names = sorted(set(tasks))
    alive = workers.c.seen_at >= now - ALIVE_FOR
    living = and_(alive, workers.c.plugin)
    others = tx.connection.execute(select(workers.c.name).where(alive, ~workers.c.plugin).limit(1)).first() is not None
    known = Counter(
        queue for each in tx.connection.execute(select(workers.c.queues).where(living)).scalars() for queue in set(each)
    )
    any_worker = bool(known) or tx.connection.execute(select(workers.c.name).where(living).limit(1)).first() is not None
    served = (
        select(worker_tasks.c.task, workers.c.queues)
        .join(workers, workers.c.name == worker_tasks.c.worker)
        .where(worker_tasks.c.task.in_(names), living)
    )
    queues_of: dict[str, set[str]] = {}
    for task, consumed in tx.connection.execute(served):
        queues_of.setdefault(task, set()).update(consumed)
    routed = select(routes.c.task, routes.c.goes_to).where(
        routes.c.task.in_(names), routes.c.queue == "", routes.c.goes_to.is_not(None)
    )
    goes_to = {row.task: row.goes_to for row in tx.connection.execute(routed)}
    return Serving(any_worker, queues_of, set(known), _elsewhere(tx, known, now), goes_to, others)


def _elsewhere(tx: Transaction, known: Counter[str], now: datetime) -> set[str]:
    """Return the queues that have more consumers than the known workers."""
    measured = select(queues.c.name, queues.c.consumers).where(
        queues.c.consumers > 0, queues.c.measured_at >= now - _MEASURED_WITHIN
    )
    return {name for name, consumers in tx.connection.execute(measured) if consumers > known[name]}
