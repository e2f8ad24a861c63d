"""A Celery app that knows nothing of Punctual."""
# mypy: disallow-untyped-decorators=False

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery

LONG = 60

app = Celery("plain", broker=os.environ["TEST_BROKER_URL"], backend=os.environ.get("TEST_BACKEND_URL"))
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_prefetch_multiplier=1,
    task_track_started=True,
    result_extended=True,
)


@app.task
def add(left: int, right: int) -> int:
    return left + right


@app.task
def fails() -> None:
    raise OSError("no luck")


@app.task(bind=True, max_retries=2)
def retries(self: Any) -> int:
    if self.request.retries < 2:
        raise self.retry(exc=OSError("busy"), countdown=0)
    return int(self.request.retries)


@app.task
def waits(go: str) -> str:
    deadline = time.monotonic() + LONG
    while not Path(go).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return "waited"
