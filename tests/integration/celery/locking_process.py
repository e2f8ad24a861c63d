"""A process that calls guarded functions from several threads at once; writes what ran into the file it is given.

Arguments: the file, how many threads, how many calls each.
"""

import sys
import threading
import time
from pathlib import Path

from punctual import exclusive, idempotent

file, threads, calls = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
told = threading.Lock()


def tell(line: str) -> None:
    with told, file.open("a") as output:
        output.write(f"{time.monotonic_ns()} {line}\n")


@exclusive("two at once", limit=2, on_busy="wait", wait="1m")
def alone() -> None:
    tell("in")
    time.sleep(0.002)
    tell("out")


@idempotent("{key}", wait="1m")
def once(key: int) -> int:
    tell(f"body {key}")
    return time.monotonic_ns()


def work() -> None:
    for key in range(calls):
        alone()
        tell(f"got {key} {once(key)}")


workers = [threading.Thread(target=work) for _ in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
