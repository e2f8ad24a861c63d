"""A Celery app whose tasks take their time, die, and clean up; each notes, in a file, what happens in it."""
# mypy: disallow-untyped-decorators=False

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery, current_task
from celery.exceptions import Reject, SoftTimeLimitExceeded

from punctual import Punctual
from punctual.celery import plugin, stopping
from punctual.celery.registry import Registry

FOLDER = Path(os.environ["TEST_FOLDER"])
LONG = 60

app = Celery("stopped", broker=os.environ["TEST_BROKER_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": float(os.environ.get("TEST_VISIBILITY", "3600")),
        "unacked_restore_interval": 1,
    },
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
)
Punctual(app, database_url=os.environ["TEST_DATABASE_URL"])
# Nobody wants to wait for so long in a test.
stopping.PATIENCE = 0.5
vars(plugin)["Registry"] = partial(Registry, interval=0.3)


def note(what: str) -> None:
    with (FOLDER / "notes").open("a") as file:
        file.write(f"{current_task.request.id} {what} {os.getpid()}\n")


def wait(go: str) -> None:
    """Wait for a file."""
    deadline = time.monotonic() + LONG
    while not Path(go).exists() and time.monotonic() < deadline:
        time.sleep(0.02)


@app.task
def fails() -> None:
    note("begins")
    raise OSError("no luck")


@app.task
def waits(go: str) -> str:
    note("begins")
    wait(go)
    note("ends")
    return "waited"


@app.task(acks_late=True)
def waits_late(go: str) -> str:
    note("begins")
    wait(go)
    note("ends")
    return "waited"


@app.task(autoretry_for=(Exception,), default_retry_delay=0, max_retries=3, retry_backoff=False)
def retries_all(go: str) -> None:
    note("begins")
    wait(go)


@app.task
def cleans_up(go: str, clean: str) -> None:
    note("begins")
    try:
        wait(go)
    except SoftTimeLimitExceeded:
        note("cleans")
        wait(clean)
        raise


@app.task
def ignores_sigterm(go: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note("begins")
    wait(go)


@app.task(bind=True, acks_late=True)
def gives_back(self: Any) -> str:
    note("begins")
    if (FOLDER / "notes").read_text().count(f"{self.request.id} begins") < 3:
        raise Reject("busy", requeue=True)
    return "at last"
