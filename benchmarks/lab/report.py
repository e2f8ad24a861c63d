"""What a benchmark found: printed side by side, and kept in `benchmarks/results/`, a file for each script.

A line of such a file is one figure of one run: when, at which commit (`+`: with changes of its own), what, its median,
the values that it is the median of, and the machine. `grep 'Redis, one node' benchmarks/results/burst.tsv` shows how
a figure moved. With `--trial` a script does a small part of its work, to see that it works, and keeps nothing.
"""

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from punctual.celery.app import broker_app

TRIAL = "--trial" in sys.argv
_RESULTS = Path(__file__).parents[1] / "results"
_HEAD = "when\tcommit\tfigure\tmedian\tunit\tvalues\tmachine"


def scaled(count: int) -> int:
    """Return how much to do of so much: all of it, or a small part in a trial."""
    return max(1, count // 50) if TRIAL else count


def version_of(url: str) -> str:
    """Return name and version of the server behind a URL."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            return f"PostgreSQL {connection.info.server_version // 10_000}.{connection.info.server_version % 10_000}"
    with broker_app(url).connection_for_write() as connection:
        if url.startswith("redis"):
            return f"Redis {connection.default_channel.client.info('server')['redis_version']}"
        return f"RabbitMQ {connection.default_channel.connection.server_properties['version']}"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of them (0 to 1) does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class Report:
    """The figures of one run of a script."""

    def __init__(self, script: str, title: str, *servers: str) -> None:
        """Print the title; `servers` are the URLs of those that are measured with."""
        self._file = _RESULTS / f"{Path(script).stem}.tsv"
        self._machine = ", ".join([_machine(), *map(version_of, servers)])
        self._when = f"{datetime.now(UTC):%Y-%m-%d %H:%MZ}"
        self._commit = _commit()
        print(f"{title}\n{self._machine}")

    def add(self, figure: str, unit: str, values: Sequence[float], *, beside: float | None = None) -> float:
        """Print the median of some values, with its ratio to what it is seen beside; keep it, and return it."""
        median = statistics.median(values)
        ratio = f"{median / beside:8.2f} x" if beside else f"{'':10}"
        spread = f"  ({min(values):.4g} to {max(values):.4g} in {len(values)})" if len(values) > 1 else ""
        print(f"  {figure:52} {median:10.4g} {unit:8} {ratio}{spread}", flush=True)
        if not TRIAL:
            self._keep(figure, unit, median, values)
        return median

    def _keep(self, figure: str, unit: str, median: float, values: Sequence[float]) -> None:
        _RESULTS.mkdir(exist_ok=True)
        fresh = not self._file.exists()
        shown = " ".join(f"{value:.4g}" for value in values)
        with self._file.open("a", encoding="utf-8") as file:
            if fresh:
                file.write(f"{_HEAD}\n")
            fields = [self._when, self._commit, figure, f"{median:.4g}", unit, shown, self._machine]
            file.write("\t".join(fields) + "\n")


def _machine() -> str:
    names = [line.partition(": ")[2] for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    processor = names[0].strip() if names else platform.processor()
    return f"{os.cpu_count()} x {processor}, Python {platform.python_version()}"


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""


def _commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--", "src")
    return f"{git('rev-parse', '--short', 'HEAD')}{'+' if changed else ''}"
