"""Seconds until the messages of 10,000 schedules that are due at one second are in the broker.

    python3 dev.py bench burst

A real `punctual scheduler` (or two) does all of it: claim, plan, a ledger row each, advance, publish. Half of the
schedules are intervals, half are crons; each round has a fresh database and fresh nodes, which know none of them. Time
counts from the second at which they are due. The yardstick is a bare loop of Celery's `send_task`, which only
publishes; beside it is what a node's sender alone takes.
"""

import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import NamedTuple

from lab import nodes, servers
from lab.filling import due_at, fill, soon
from lab.queues import Queue, queue
from lab.report import TRIAL, Report, scaled
from punctual.celery.sender import CelerySender
from punctual.domain.identity import new_id
from punctual.engine.sender import TaskMessage
from servers.postgres import PostgresServer

SCHEDULES = scaled(10_000)
ROUNDS = 1 if TRIAL else 3
BATCH = 1_000


class Burst(NamedTuple):
    """Seconds from due to the last message, seconds of the processor in all nodes, the smallest share of a node."""

    last: float
    cpu: float
    share: float


def fire(server: PostgresServer, messages: Queue, *, count: int) -> Burst:
    """Measure one burst of so many nodes; exits when a message is missing or doubled."""
    with (
        servers.database(server) as (url, database),
        nodes.running(url, database, messages.url, count=count) as started,
    ):
        due = soon()
        fill(database, due_at(due, SCHEDULES, queue=messages.name))
        time.sleep(max(0.0, due.timestamp() - time.time() - 0.1))
        cpu = sum(node.cpu_seconds() for node in started)
        last = messages.watch(SCHEDULES, within=120)[-1].at - due.timestamp()
        cpu = sum(node.cpu_seconds() for node in started) - cpu
        taken = messages.take()
    runs = {message.run for message in taken}
    if not len(runs) == len(taken) == SCHEDULES:
        sys.exit(f"{len(taken)} messages of {len(runs)} runs instead of {SCHEDULES}")
    sent = Counter(message.node for message in taken)
    return Burst(last, cpu, min(sent.values()) / SCHEDULES if len(sent) == count else 0.0)


def send_task(messages: Queue) -> float:
    """Return the seconds of a bare loop of `send_task`."""
    started = time.monotonic()
    for number in range(SCHEDULES):
        messages.app.send_task("bench.nothing", args=[number, f"customer-{number}"], queue=messages.name)
    took = time.monotonic() - started
    messages.empty()
    return took


def only_send(messages: Queue) -> float:
    """Return the seconds that a node's sender takes for messages that are made already."""
    sender, now = CelerySender(messages.app), datetime.now(UTC)
    made = [
        TaskMessage(
            run_id=new_id(),
            schedule_id=new_id(),
            schedule=f"bench {number}",
            fire_time=now,
            cause="schedule",
            task="bench.nothing",
            args=[number, f"customer-{number}"],
            kwargs={},
            queue=messages.name,
        )
        for number in range(SCHEDULES)
    ]
    started = time.monotonic()
    for start in range(0, SCHEDULES, BATCH):
        sender.send(made[start : start + BATCH])
    took = time.monotonic() - started
    sender.close()
    messages.empty()
    return took


def measure(server: PostgresServer, broker_url: str) -> None:
    """Print the figures on one broker."""
    with queue(broker_url) as messages:
        broker = messages.broker
        report = Report(__file__, f"{SCHEDULES} due at one second, {broker}: the last message", server.url, broker_url)
        bare = report.add(f"{broker}, send_task alone", "s", [send_task(messages) for _ in range(ROUNDS)])
        report.add(f"{broker}, a node's sender alone", "s", [only_send(messages) for _ in range(ROUNDS)], beside=bare)
        for count, what in ((1, "1 node"), (2, "2 nodes")):
            rounds = [fire(server, messages, count=count) for _ in range(ROUNDS)]
            report.add(f"{broker}, {what}", "s", [each.last for each in rounds], beside=bare)
            report.add(f"{broker}, {what}, processor time", "s", [each.cpu for each in rounds])
            report.add(f"{broker}, {what}, smallest share of one", "%", [each.share * 100 for each in rounds])


def main() -> None:
    """Measure on each broker."""
    with servers.postgres() as server:
        for broker in (servers.redis, servers.rabbitmq):
            with broker() as url:
                measure(server, url)


if __name__ == "__main__":
    main()
