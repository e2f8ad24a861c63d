"""How late messages are, and what a node costs, at 500 and at 1,000 fires a second on end.

    python3 dev.py bench steady

Interval schedules whose fire times are spread evenly. Lateness is from the fire time of each message to its arrival in
Redis; the node's share of a core is that of its process, without the database's.
"""

import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from lab import nodes, servers
from lab.filling import fill, soon
from lab.queues import Queue, queue
from lab.report import TRIAL, Report, percentile
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import every
from servers.postgres import PostgresServer

PERIOD = timedelta(seconds=10)
RATES = (500, 1_000)
WARM_UP_SECONDS = 5.0
SECONDS = 3.0 if TRIAL else 20.0
PATIENCE_SECONDS = 2.0


def spread(first: datetime, rate: int, *, queue: str) -> Iterator[tuple[ScheduleSpec, datetime]]:
    """Give schedules that fire so often a second together."""
    count = rate * PERIOD // timedelta(seconds=1)
    for number in range(count):
        due = first + number * PERIOD / count
        name = f"bench {number}"
        yield ScheduleSpec(name=name, task="bench.nothing", trigger=every(PERIOD, anchor=due), queue=queue), due


def fire(server: PostgresServer, messages: Queue, rate: int) -> tuple[list[float], float]:
    """Return the lateness of each message, in seconds, and the share of a core."""
    with servers.database(server) as (url, database), nodes.running(url, database, messages.url) as (node,):
        first = soon()
        fill(database, spread(first, rate, queue=messages.name))
        begin = first.timestamp() + WARM_UP_SECONDS
        end = begin + SECONDS
        messages.arrivals(until=begin)
        cpu = node.cpu_seconds()
        arrived = messages.arrivals(until=end)
        cpu = node.cpu_seconds() - cpu
        arrived += messages.arrivals(until=time.time() + PATIENCE_SECONDS)
    late = [each.at - each.message.fire_time for each in arrived if begin <= each.message.fire_time < end]
    if len(late) < rate * SECONDS * 0.999:
        sys.exit(f"only {len(late)} messages of {rate * SECONDS:g} arrived in time")
    return late, cpu / SECONDS


def main() -> None:
    """Print the figures."""
    with servers.postgres() as server, servers.redis() as broker_url, queue(broker_url) as messages:
        report = Report(__file__, f"steady for {SECONDS:g} s, one node, Redis", server.url, broker_url)
        beside: list[float | None] = [None, None, None]
        for rate in RATES:
            late, share = fire(server, messages, rate)
            p50, p99 = percentile(late, 0.5) * 1000, percentile(late, 0.99) * 1000
            beside = [
                report.add(f"{rate} fires/s, {what}", unit, [value], beside=former)
                for (what, unit, value), former in zip(
                    (("lateness p50", "ms", p50), ("lateness p99", "ms", p99), ("share of a core", "%", share * 100)),
                    beside,
                    strict=True,
                )
            ]


if __name__ == "__main__":
    main()
