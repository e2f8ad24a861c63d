"""The Celery app that the workers under test serve; told by environment variables where broker and database are."""
# mypy: disallow-untyped-decorators=False

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, get_args

from celery import Celery
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded

from punctual import Punctual, RunEvent
from punctual.celery.hooks import Moment

app = Celery("served", broker=os.environ["TEST_BROKER_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_pool_start_method=os.environ.get("TEST_START_METHOD", "fork"),
)
punctual = Punctual(app, database_url=os.environ["TEST_DATABASE_URL"])


def note_event(event: RunEvent) -> None:
    if "TEST_EVENTS" in os.environ:
        error = "" if event.error is None else event.error.type.rpartition(".")[2]
        with Path(os.environ["TEST_EVENTS"]).open("a") as file:
            file.write(
                f"{event.run_id} {event.state} {event.attempt} {event.task} {event.schedule is not None} {error}\n"
            )
        if event.state == "succeeded":
            raise ValueError("a hook that fails")


for moment in get_args(Moment):
    punctual.on(moment)(note_event)


@punctual.scheduled("every 1h", args=[1, 2], description="Adds every hour.")
@app.task
def add(x: int, y: int = 0) -> int:
    """Add two numbers."""
    return x + y


@app.task
def fail(text: str) -> None:
    raise ValueError(text)


@app.task(bind=True, max_retries=2)
def flaky(self: Any, fails: int) -> str:
    if self.request.retries < fails:
        raise self.retry(exc=OSError(f"try {self.request.retries}"), countdown=0)
    return "at last"


@app.task(bind=True, max_retries=1)
def flaky_later(self: Any) -> None:
    raise self.retry(exc=OSError(f"try {self.request.retries}"), countdown=600)


@app.task
def soon_stale() -> None:
    """Expires before any worker can start it (the tests' sender sets that)."""


@app.task
def unusual() -> object:
    return object()


@app.task
def kill_own_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(time_limit=1)
def run_for_ever() -> None:
    while True:
        time.sleep(1)


@app.task
def wait_for(path: str) -> str:
    deadline = time.monotonic() + 30
    while not Path(path).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(path)
        time.sleep(0.02)
    return "waited"


@app.task
def exit_with(code: int) -> None:
    sys.exit(code)


@app.task
def interrupt() -> None:
    raise KeyboardInterrupt


@app.task(soft_time_limit=1)
def soft_limited(catches: bool) -> str:  # noqa: FBT001 - as in the message
    try:
        time.sleep(3)
    except SoftTimeLimitExceeded:
        if not catches:
            raise
        return "cleaned up"
    return "never asked to stop"


@app.task(time_limit=1)
def hard_limited() -> str:
    time.sleep(3)
    return "never stopped"


@app.task
def ignore() -> None:
    raise Ignore("not my business")


@app.task
def reject() -> None:
    raise Reject("no", requeue=False)


@app.task(bind=True)
def become_add(self: Any) -> None:
    raise self.replace(add.s(20, 3))
