"""What recording adds to a run, at 200 runs a second through two workers, and what a paused database does to tasks.

    python3 dev.py bench recording

The same messages go through two ordinary prefork workers, without the plug-in and with it, in turn and several times,
on PostgreSQL. A run's time is from the sending of its message until its worker is done with it. In the middle of a last
round all processes of PostgreSQL are stopped (SIGSTOP) for a while.

The data of PostgreSQL is in a folder for temporary files, so TMPDIR says on which disk: each start waits for it once.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from sqlalchemy import func, select

from lab import servers
from lab.filling import recorded
from lab.queues import Queue, queue
from lab.report import Report, percentile, scaled
from punctual.celery.sender import CelerySender
from punctual.domain.run import RunState
from punctual.engine.sender import TaskMessage
from punctual.store import tables
from punctual.store.database import Database
from servers.postgres import PostgresServer

RATE = 200
SECONDS = scaled(100) / 5
PAUSE = SECONDS / 2
ROUNDS = 3
WORKERS = 2
PROCESSES = 2
BURST = 50
WARM_UP = 30 * BURST
_BENCHMARKS = Path(__file__).parent
_LONGEST_WAIT = 60.0

Times = dict[str, float]


class Round:
    """Messages through workers, and what became of them."""

    def __init__(self, folder: Path, database: Database, url: str, messages: Queue, *, plugin: bool) -> None:
        """Record the runs."""
        self._notes = folder
        self._database = database
        self._queue = messages
        self._environment = {
            **os.environ,
            "BENCH_BROKER_URL": messages.url,
            "BENCH_NOTES": str(folder),
            "PUNCTUAL_DATABASE_URL": url,
            "PYTHONPATH": str(_BENCHMARKS),
            **({"BENCH_PLUGIN": "1"} if plugin else {}),
        }
        self._plugin = plugin
        count = int(RATE * SECONDS)
        self.messages = [
            replace(message, queue=messages.name) for message in recorded(database, "bench.noted", count + WARM_UP)
        ]

    def run(self, server: PostgresServer | None) -> tuple[Times, Times]:
        """Return when each message was sent and when its worker was done; `server` is paused in the middle."""
        with ExitStack() as stack:
            for number in range(WORKERS):
                stack.enter_context(self._worker(number))
            sender = CelerySender(self._queue.app)
            stack.callback(sender.close)
            warm = self._warm_up(sender)
            timed = self.messages[warm : warm + int(RATE * SECONDS)]
            pause = threading.Timer(SECONDS / 4, paused, [server, PAUSE]) if server else None
            if pause is not None:
                pause.start()
            sent = send_steadily(sender, timed)
            if pause is not None:
                pause.join()
            self._wait_for(warm + len(timed))
            if self._plugin:
                self._wait_for_records(warm + len(timed))
        return sent, self._noted("done")

    def _warm_up(self, sender: CelerySender) -> int:
        """Give each process of the workers tasks, so that it has done everything before; return how many."""
        for count in range(BURST, WARM_UP + 1, BURST):
            sender.send(self.messages[count - BURST : count])
            self._wait_for(count)
        if len(list(self._notes.glob("[0-9]*"))) < WORKERS * (1 + PROCESSES):
            sys.exit("a process of the workers does nothing")
        return WARM_UP

    @contextmanager
    def _worker(self, number: int) -> Iterator[None]:
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "lab.noting_app",
            "worker",
            "-c",
            str(PROCESSES),
            "-n",
            f"w{number}@bench",
        ]
        log = (self._notes / f"log-{number}").open("wb")
        process = subprocess.Popen(
            [*command, "-Q", self._queue.name, "-l", "WARNING"], env=self._environment, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)
            log.close()

    def _noted(self, wanted: str) -> Times:
        lines = [line.split() for path in self._notes.glob("[0-9]*") for line in path.read_text().splitlines()]
        return {run_id: float(at) for word, run_id, at in lines if word == wanted}

    def _wait_for(self, count: int) -> None:
        give_up_at = time.time() + _LONGEST_WAIT
        while len(self._noted("done")) < count:
            if time.time() > give_up_at:
                sys.exit(f"{len(self._noted('done'))} runs of {count} were done")
            time.sleep(0.2)

    def _wait_for_records(self, count: int) -> None:
        ended = select(func.count()).where(tables.runs.c.state == RunState.SUCCEEDED.value)
        give_up_at = time.time() + _LONGEST_WAIT
        while True:
            with self._database.read() as tx:
                found = tx.connection.execute(ended).scalar_one()
            if found == count:
                return
            if time.time() > give_up_at:
                sys.exit(f"{found} runs of {count} have their end in the ledger")
            time.sleep(0.2)


def send_steadily(sender: CelerySender, messages: list[TaskMessage]) -> Times:
    """Send so many messages a second, and return when each was sent."""
    sent: Times = {}
    start = time.time()
    for number, message in enumerate(messages):
        time.sleep(max(start + number / RATE - time.time(), 0))
        sent[str(message.run_id)] = time.time()
        sender.send([message])
    return sent


def paused(server: PostgresServer, seconds: float) -> None:
    """Stop all processes of a PostgreSQL of this machine for so long."""
    with psycopg.connect(server.url) as connection:
        (text,) = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone() or ("",)
    main = int(text.split()[0])
    children = subprocess.run(["pgrep", "-P", str(main)], capture_output=True, text=True, check=True).stdout.split()
    pids = [main, *map(int, children)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def milliseconds(sent: Times, done: Times) -> list[float]:
    """Return how long each run took."""
    return [(done[run_id] - at) * 1000 for run_id, at in sent.items()]


def measure(server: PostgresServer, broker_url: str, *, plugin: bool, pause: bool = False) -> list[float]:
    """Return the milliseconds of each run of a round."""
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.database(server) as (url, database),
        queue(broker_url) as messages,
    ):
        return milliseconds(*Round(Path(folder), database, url, messages, plugin=plugin).run(server if pause else None))


def main() -> None:
    """Print the figures."""
    with servers.postgres() as server, servers.redis() as broker_url:
        title = f"{RATE} runs/s for {SECONDS:g} s through {WORKERS} prefork workers, Redis: sent until done"
        report = Report(__file__, title, server.url, broker_url)
        bare: list[float] = []
        recording: list[float] = []
        for _ in range(ROUNDS):
            bare += measure(server, broker_url, plugin=False)
            recording += measure(server, broker_url, plugin=True)
        away = measure(server, broker_url, plugin=True, pause=True)
        for share in (0.5, 0.99, 1.0):
            name = "longest" if share == 1 else f"p{share * 100:g}"
            beside = report.add(f"without the plug-in, {name}", "ms", [percentile(bare, share)])
            report.add(f"recorded, {name}", "ms", [percentile(recording, share)], beside=beside)
            report.add(f"database paused for {PAUSE:g} s, {name}", "ms", [percentile(away, share)], beside=beside)
        report.add("recording adds, p50", "ms", [percentile(recording, 0.5) - percentile(bare, 0.5)])
        slow = percentile(bare, 1.0) + 100
        report.add(f"runs of {len(away)} slower than {slow:.0f} ms, paused", "runs", [sum(ms > slow for ms in away)])


if __name__ == "__main__":
    main()
