"""What a node leaves behind that is killed half-way through the messages of 10,000 schedules due at one second.

    python3 dev.py bench crash

Once another node is there that goes on, once the node is started again at once. A run without a message at the end is
lost; a run with two is doubled (both messages have the run's id, so the worker plug-in starts it once). What the killed
node was sending is sent again when its lease runs out.
"""

import time
from collections import Counter
from typing import NamedTuple

from sqlalchemy import select

from lab import nodes, servers
from lab.filling import due_at, fill, soon
from lab.nodes import Node
from lab.queues import Queue, queue
from lab.report import TRIAL, Report, scaled
from punctual.domain.run import RunState
from punctual.store import agenda
from punctual.store.database import Database
from punctual.store.tables import runs
from servers.postgres import PostgresServer

SCHEDULES = scaled(10_000)
ROUNDS = 1 if TRIAL else 3


class Found(NamedTuple):
    """What there was in the end; seconds are from the kill to the next message, and to the last."""

    lost: int
    doubled: int
    next_message: float
    last_message: float


def crash(server: PostgresServer, messages: Queue, *, count: int) -> Found:
    """Kill one of so many nodes, and return what there was when the others, or its successor, had finished."""
    with (
        servers.database(server) as (url, database),
        nodes.running(url, database, messages.url, count=count) as started,
    ):
        due = soon()
        fill(database, due_at(due, SCHEDULES, queue=messages.name))
        messages.watch(SCHEDULES // 2, within=60)
        started[0].kill()
        killed_at, length = time.time(), messages.length()
        if count == 1:
            started.append(Node(url, messages.url))
        grown = [killed_at]
        while not settled(database):
            if (now := messages.length()) > length:
                length = now
                grown.append(time.time())
            time.sleep(0.01)
        sent = Counter(message.run for message in messages.take())
    after = [at - killed_at for at in grown]
    return Found(SCHEDULES - len(sent), sum(sent.values()) - len(sent), after[min(1, len(after) - 1)], after[-1])


def settled(database: Database) -> bool:
    """Tell whether nothing is due and nothing unsent."""
    with database.read() as tx:
        now, due = tx.dialect.now(tx.connection), agenda.read(tx)
        unsent = tx.connection.execute(select(runs.c.id).where(runs.c.state == RunState.PENDING.value).limit(1))
        return (due.due is None or due.due > now) and unsent.one_or_none() is None


def main() -> None:
    """Print the figures."""
    with servers.postgres() as server, servers.redis() as broker_url, queue(broker_url) as messages:
        report = Report(__file__, f"killed half-way through {SCHEDULES}, Redis", server.url, broker_url)
        for what, count in (("one of two nodes", 2), ("one node, restarted", 1)):
            rounds = [crash(server, messages, count=count) for _ in range(ROUNDS)]
            report.add(f"{what}: runs lost", "runs", [each.lost for each in rounds])
            report.add(f"{what}: messages doubled", "messages", [each.doubled for each in rounds])
            report.add(f"{what}: until the next message", "s", [each.next_message for each in rounds])
            report.add(f"{what}: until the last message", "s", [each.last_message for each in rounds])


if __name__ == "__main__":
    main()
