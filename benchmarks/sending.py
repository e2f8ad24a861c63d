"""How many messages a second reach the broker: by Celery's `send_task`, made by Celery one by one, and as copies.

All three ways send the same calls and return once the broker has them (`send_task` on RabbitMQ: without confirmation).
Wall time is what a user sees; CPU seconds of this process are what it costs, and hold on a busy machine too. Queues of
its own are used and removed. RabbitMQ is left out unless it is named:

    PUNCTUAL_BENCH_REDIS_URL=redis://127.0.0.1:6379/15 \
    PUNCTUAL_BENCH_RABBITMQ_URL=amqp://guest:guest@127.0.0.1/ python benchmarks/sending.py
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from unittest import mock

from celery import Celery

from punctual.celery.app import broker_app
from punctual.celery.sender import CelerySender
from punctual.domain.clock import monotonic
from punctual.domain.identity import new_id
from punctual.engine.sender import TaskMessage

MESSAGES = 2_000
BATCH = 1_000
ROUNDS = 5


class Cost(NamedTuple):
    """Seconds on the clock, and of the processor in this process."""

    wall: float
    cpu: float


def cost(work: Callable[[], None]) -> Cost:
    """Return what the work costs."""
    wall, cpu = monotonic(), time.process_time()
    work()
    return Cost(monotonic() - wall, time.process_time() - cpu)


class Bench:
    """One broker, with a queue of its own."""

    def __init__(self, url: str) -> None:
        """Connect and make the queue."""
        self._queue = f"punctual-bench-{new_id().hex[:8]}"
        self._app: Celery = broker_app(url)
        self._app.conf.task_default_queue = self._queue
        self._sender = CelerySender(self._app)
        now = datetime.now(UTC)
        self._messages = [
            TaskMessage(
                run_id=new_id(),
                schedule_id=new_id(),
                schedule=f"schedule {number}",
                fire_time=now,
                cause="schedule",
                task="bench.nothing",
                args=[number, "some text"],
                kwargs={"path": f"/data/{number}", "keep": 3},
                queue=None,
            )
            for number in range(MESSAGES)
        ]

    def send_task(self) -> None:
        """Send as an application does."""
        for message in self._messages:
            self._app.send_task(message.task, message.args, message.kwargs, task_id=str(message.run_id))

    def copies(self) -> None:
        """Send as a node does."""
        for start in range(0, MESSAGES, BATCH):
            self._sender.send(self._messages[start : start + BATCH])

    def one_by_one(self) -> None:
        """Send as a node does where Celery makes each message."""
        with mock.patch("punctual.celery.link.can_copy", return_value=False):
            self.copies()

    def measured(self, work: Callable[[], None]) -> Cost:
        """Return the medians of some rounds, after one that is not counted."""
        costs = []
        for _ in range(ROUNDS + 1):
            costs.append(cost(work))
            self._check()
        return Cost(*map(statistics.median, zip(*costs[1:], strict=True)))

    def _check(self) -> None:
        with self._app.connection_for_write() as connection:
            found = connection.default_channel.queue_purge(self._queue)
        if found != MESSAGES:
            sys.exit(f"{found} messages instead of {MESSAGES}")

    def close(self) -> None:
        """Remove the queue and disconnect."""
        with self._app.connection_for_write() as connection:
            connection.default_channel.queue_delete(self._queue)
            connection.default_channel.exchange_delete(self._queue)
        self._sender.close()
        self._app.close()


def main() -> None:
    """Print a table for each broker."""
    urls = {
        "Redis": os.environ.get("PUNCTUAL_BENCH_REDIS_URL", "redis://127.0.0.1:6379/15"),
        "RabbitMQ": os.environ.get("PUNCTUAL_BENCH_RABBITMQ_URL"),
    }
    for name, url in urls.items():
        if url is None:
            print(f"{name}: PUNCTUAL_BENCH_{name.upper()}_URL is not set")
            continue
        bench = Bench(url)
        ways = {
            "app.send_task": bench.send_task,
            "Celery makes each": bench.one_by_one,
            "copies": bench.copies,
        }
        costs = {way: bench.measured(work) for way, work in ways.items()}
        bench.close()
        print(f"{name}: {MESSAGES} messages of one kind in batches of {BATCH}, median of {ROUNDS}")
        for way, (wall, cpu) in costs.items():
            ratio = costs["app.send_task"].cpu / cpu
            each = f"{wall / MESSAGES * 1e6:5.0f} us each, {cpu / MESSAGES * 1e6:5.0f} us of CPU"
            print(f"  {way:18} {MESSAGES / wall:8.0f}/s  {each}  {ratio:5.1f} x as cheap as send_task")


if __name__ == "__main__":
    main()
