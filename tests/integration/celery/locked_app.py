"""A Celery app whose tasks exclude each other, or succeed once."""
# mypy: disallow-untyped-decorators=False

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery, current_task

from punctual import Punctual, current_lock, exclusive, idempotent

NOTES = Path(os.environ["TEST_NOTES"])

app = Celery("locked", broker=os.environ["TEST_BROKER_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    worker_pool_start_method=os.environ.get("TEST_START_METHOD", "fork"),
    worker_prefetch_multiplier=10,
)
Punctual(app, database_url=os.environ["TEST_DATABASE_URL"])


def note(what: str) -> None:
    with NOTES.open("a") as file:
        file.write(f"{current_task.request.id} {what}\n")


def wait_for(path: str) -> None:
    deadline = time.monotonic() + 60
    while not Path(path).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(path)
        time.sleep(0.02)


@app.task
@exclusive("lock:{key}")
def skips(key: str, go: str) -> str:
    note(f"body {key}")
    wait_for(go)
    lock = current_lock()
    return "held" if lock is not None and lock.held else "not held"


@app.task(bind=True, max_retries=None)
@exclusive("lock:{key}", on_busy="retry", wait=0.5)
def retries(self: Any, key: str) -> int:
    del key
    note("body")
    return int(self.request.retries)


@app.task
@exclusive("lock:{key}", on_busy="wait", wait="1m")
def waits(key: str) -> str:
    note("body")
    return key


@app.task
@idempotent("{key}")
def once(key: str) -> str:
    note("body")
    return f"{key} by {current_task.request.id}"
