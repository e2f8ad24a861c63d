"""What a node costs with 1,000,000 schedules, beside one with 1,000: its start, its memory, and its rest.

    python3 dev.py bench million

One schedule is due already, all others in some days. Start is from the start of the process to the message of the one
that is due; memory is read after the rest, in which the node's share of a core is measured.
"""

import time
from datetime import UTC, datetime, timedelta

from lab import servers
from lab.filling import due_at, fill, multiply
from lab.nodes import Node
from lab.queues import Queue, queue
from lab.report import TRIAL, Report
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import once
from servers.postgres import PostgresServer

FEW = 1_000
TIMES = 10 if TRIAL else 1_000
ROUNDS = 1 if TRIAL else 3
REST_SECONDS = 5.0 if TRIAL else 30.0


def start(server: PostgresServer, messages: Queue, times: int) -> list[tuple[float, float, float]]:
    """Return the seconds of a start, megabytes, and the percentage of a core, of each round."""
    found = []
    with servers.database(server) as (url, database):
        now = datetime.now(UTC)
        fill(database, due_at((now + timedelta(days=7)).replace(microsecond=0), FEW, queue=messages.name))
        multiply(database, times)
        for number in range(ROUNDS):
            due = datetime.now(UTC)
            spec = ScheduleSpec(name=f"due {number}", task="bench.nothing", trigger=once(due), queue=messages.name)
            fill(database, [(spec, due)])
            node = Node(url, messages.url)
            first = messages.moments(1)[0] - node.started_at
            time.sleep(1)
            cpu = node.cpu_seconds()
            time.sleep(REST_SECONDS)
            cpu = node.cpu_seconds() - cpu
            found.append((first, node.memory(), cpu / REST_SECONDS * 100))
            node.stop()
    return found


def main() -> None:
    """Print the figures side by side."""
    with servers.postgres() as server, servers.redis() as broker_url, queue(broker_url) as messages:
        report = Report(__file__, "a node's start and rest, one node, Redis", server.url, broker_url)
        few, many = start(server, messages, 1), start(server, messages, TIMES)
        for what, unit, place in (
            ("start to first message", "s", 0),
            ("memory", "MB", 1),
            ("at rest", "% of a core", 2),
        ):
            beside = report.add(f"{FEW} schedules, {what}", unit, [each[place] for each in few])
            report.add(f"{FEW * TIMES} schedules, {what}", unit, [each[place] for each in many], beside=beside)


if __name__ == "__main__":
    main()
