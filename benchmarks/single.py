"""How late the message of a single schedule is that is due while nothing else is, among 10,000 that wait.

    python3 dev.py bench single

From the fire time to the arrival in Redis; each schedule is due once, at a part of a second of its own. The yardstick
is one `send_task` over a connection that is open, from the call to the arrival.
"""

import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from lab import nodes, servers
from lab.filling import due_at, fill, soon
from lab.queues import Queue, queue
from lab.report import Report, percentile, scaled
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import once
from servers.postgres import PostgresServer

SINGLE = scaled(200)
WAITING = scaled(10_000)
APART = timedelta(milliseconds=211)


def one_by_one(first: datetime, *, queue: str) -> Iterator[tuple[ScheduleSpec, datetime]]:
    """Give schedules that are due one after another."""
    for number in range(SINGLE):
        due = first + number * APART
        yield ScheduleSpec(name=f"single {number}", task="bench.nothing", trigger=once(due), queue=queue), due


def fire(server: PostgresServer, messages: Queue) -> list[float]:
    """Return the lateness of each message, in milliseconds."""
    with servers.database(server) as (url, database), nodes.running(url, database, messages.url):
        first = soon()
        fill(database, due_at(first + timedelta(days=1), WAITING, queue=messages.name))
        fill(database, one_by_one(first, queue=messages.name))
        arrived = messages.arrivals(until=(first + SINGLE * APART).timestamp() + 1)
    if len(arrived) != SINGLE:
        sys.exit(f"{len(arrived)} messages instead of {SINGLE}")
    return [(each.at - each.message.fire_time) * 1000 for each in arrived]


def send_task(messages: Queue) -> list[float]:
    """Return the milliseconds that each `send_task` takes until its message has arrived."""
    called: list[float] = []

    def call() -> None:
        for _ in range(SINGLE):
            called.append(time.time())
            messages.app.send_task("bench.nothing", queue=messages.name)
            time.sleep(0.02)

    thread = threading.Thread(target=call)
    thread.start()
    seen = messages.moments(SINGLE)
    thread.join()
    return [(at - start) * 1000 for start, at in zip(called, seen, strict=True)]


def main() -> None:
    """Print the figures."""
    with servers.postgres() as server, servers.redis() as broker_url, queue(broker_url) as messages:
        title = f"{SINGLE} single schedules due one after another, one node, Redis: lateness"
        report = Report(__file__, title, server.url, broker_url)
        bare, late = send_task(messages), fire(server, messages)
        for share in (0.5, 0.99):
            beside = report.add(f"send_task, p{share * 100:g}", "ms", [percentile(bare, share)])
            report.add(f"a schedule, p{share * 100:g}", "ms", [percentile(late, share)], beside=beside)


if __name__ == "__main__":
    main()
