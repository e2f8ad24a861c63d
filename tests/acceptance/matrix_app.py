"""A Celery app with a task for every situation of the matrix; each notes, in a file, that its body runs."""
# mypy: disallow-untyped-decorators=False

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery, current_task
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded

from punctual import Punctual
from punctual.celery import plugin
from punctual.celery.registry import Registry

NOTES = Path(os.environ["TEST_NOTES"])
LONG = 60
SOFT = 0.5

app = Celery("matrix", broker=os.environ["TEST_BROKER_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=8,
    worker_proc_alive_timeout=60,  # a child that is spawned imports all this anew
    broker_transport_options={"unacked_restore_interval": 1} if os.environ["TEST_BROKER_URL"][:5] == "redis" else {},
)
if os.environ.get("TEST_START_METHOD") == "spawn":  # a setting that Celery 5.5 does not know
    app.conf.worker_pool_start_method = "spawn"
Punctual(app, database_url=os.environ["TEST_DATABASE_URL"])
# Nobody wants to wait for so long in a test.
vars(plugin)["Registry"] = partial(Registry, interval=0.5)


def note() -> int:
    """Note that the body runs; return how often it does for the run."""
    with NOTES.open("a") as file:
        file.write(f"{current_task.request.id} {current_task.request.retries}\n")
    return NOTES.read_text().count(str(current_task.request.id))


def wait_for(go: str) -> str:
    deadline = time.monotonic() + LONG
    while not Path(go).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return "waited"


@app.task
def succeeds() -> str:
    note()
    return "done"


@app.task(ignore_result=True)
def ignores_result() -> str:
    note()
    return "done"


@app.task
def soon_stale() -> None:
    note()


@app.task
def raises() -> None:
    note()
    raise ValueError("no")


@app.task(autoretry_for=(OSError,), max_retries=2, default_retry_delay=0, retry_backoff=False)
def gives_up() -> None:
    note()
    raise OSError("never")


@app.task(bind=True, max_retries=5)
def comes_round(self: Any) -> str:
    note()
    if self.request.retries < 2:
        raise self.retry(exc=OSError("not yet"), countdown=0)
    return "done"


@app.task
def rejects() -> None:
    note()
    raise Reject("not mine", requeue=False)


@app.task(acks_late=True)
def puts_back() -> str:
    if note() < 2:
        raise Reject("not now", requeue=True)
    return "done"


@app.task
def ignores() -> None:
    note()
    raise Ignore("nothing to tell")


@app.task(soft_time_limit=SOFT)
def meets_soft_limit() -> str:
    note()
    time.sleep(2 * SOFT)
    return "done"


@app.task(soft_time_limit=SOFT)
def heeds_soft_limit() -> str:
    note()
    try:
        time.sleep(2 * SOFT)
    except SoftTimeLimitExceeded:
        return "tidied up"
    return "done"


@app.task(time_limit=SOFT)
def meets_hard_limit() -> str:
    note()
    time.sleep(8 * SOFT)
    return "done"


@app.task
def waits(go: str) -> str:
    note()
    return wait_for(go)


@app.task(acks_late=True)
def waits_late(go: str) -> str:
    note()
    return wait_for(go)


@app.task
def dies() -> None:
    note()
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(acks_late=True)
def dies_late() -> None:
    note()
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(acks_late=True, reject_on_worker_lost=True)
def dies_and_comes_again() -> None:
    note()
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(acks_late=True, reject_on_worker_lost=True)
def dies_twice() -> str:
    if note() < 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


@app.task
def exits() -> None:
    note()
    raise SystemExit(3)
