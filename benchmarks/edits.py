"""How soon an edit counts: from its commit to the message of the first fire time that it gives.

    python3 dev.py bench edits

10,000 schedules wait. Another process changes one through `control`, as the API does, to fire some hundredths of a
second later; that wait is taken off. On SQLite nodes look each second instead of being told.
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab import nodes, servers
from lab.filling import due_at, fill
from lab.queues import Queue, queue
from lab.report import Report, percentile, scaled
from punctual.control.schedules import Schedules
from punctual.domain.triggers import once
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from punctual.store.migrate import upgrade

WAITING = scaled(10_000)
EDITS = scaled(100)
AHEAD = timedelta(milliseconds=40)


def edit(url: str, database: Database, messages: Queue) -> list[float]:
    """Return how many milliseconds it took for each of the edits to count."""
    took = []
    with nodes.running(url, database, messages.url):
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
        fill(database, due_at(tomorrow, WAITING, queue=messages.name))
        schedules = Schedules(database, DatabaseClock(database))
        for number in range(EDITS):
            time.sleep(number * 0.137 % 1)  # at no beat of the node
            fire_time = datetime.now(UTC) + AHEAD
            change = {"trigger": once(fire_time).model_dump(mode="json")}
            schedules.change(f"bench {number}", change, actor="bench", allow_unknown_task=True)
            committed = time.time()
            arrived = messages.moments(1)[0]
            took.append((arrived - max(committed, fire_time.timestamp())) * 1000)
    return took


def main() -> None:
    """Print the figures."""
    with (
        servers.postgres() as server,
        servers.redis() as broker_url,
        queue(broker_url) as messages,
        tempfile.TemporaryDirectory() as folder,
    ):
        report = Report(__file__, f"{EDITS} edits of {WAITING} schedules, one node, Redis", server.url, broker_url)
        with servers.database(server) as (url, database):
            took = {"PostgreSQL": edit(url, database, messages)}
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        database = Database(url)
        upgrade(database)
        took["SQLite"] = edit(url, database, messages)
        database.close()
        for name, each in took.items():
            for share in (0.5, 0.99):
                report.add(f"{name}, p{share * 100:g}", "ms", [percentile(each, share)])


if __name__ == "__main__":
    main()
