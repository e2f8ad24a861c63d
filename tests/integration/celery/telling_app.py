"""A Celery app whose tasks ask for their run, and tell of it."""
# mypy: disallow-untyped-decorators=False

import logging
import os
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from celery import Celery

import punctual
from punctual import Punctual, RunLogHandler, current_run

GO_ON = Path(os.environ.get("TEST_GO_ON", "/nowhere"))

app = Celery("telling", broker=os.environ["TEST_BROKER_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    worker_pool_start_method=os.environ.get("TEST_START_METHOD", "fork"),
)
Punctual(app, database_url=os.environ["TEST_DATABASE_URL"])

logger = logging.getLogger("telling")
logger.addHandler(RunLogHandler())
logger.setLevel(logging.INFO)


def facts() -> dict[str, Any] | None:
    run = current_run()
    if run is None:
        return None
    found = {field.name: getattr(run, field.name) for field in fields(run) if not field.name.startswith("_")}
    return {name: dict(fact) if name == "labels" else fact and str(fact) for name, fact in found.items()}


@app.task
def inner() -> Any:
    run = current_run()
    return None if run is None else str(run.id)


@app.task
def tell() -> dict[str, Any]:
    run = punctual.current_run()
    assert run is not None
    run.progress(1, 2, "half")
    run.log("from the task")
    logger.warning("from a %s", "logger")
    return {"facts": facts(), "applied": inner.apply().result, "called": inner(), "last_success": str(run.last_success)}


@app.task
def outside() -> Any:
    """Has no run, because nobody sent it but the test."""
    assert current_run() is None
    assert inner.apply().result is None


@app.task(bind=True, max_retries=1)
def twice(self: Any) -> Any:
    run = current_run()
    assert run is not None
    run.log(f"attempt {run.attempt}")
    run.progress(run.attempt)
    if run.attempt == 1:
        raise self.retry(countdown=0)
    return run.attempt


@app.task
def busy() -> None:
    """Tells how far it is until it may go on; the last word of each attempt is told too."""
    run = current_run()
    assert run is not None
    for number in range(20_000):
        run.progress(number, 20_000)
        if number < 2_000:
            run.log(f"line {number}")
    while not GO_ON.exists():
        time.sleep(0.05)
    run.progress(20_000, 20_000)


@app.task(bind=True, max_retries=1)
def secret(self: Any, password: str) -> Any:
    """Gives what its message says of the arguments, once it was sent again."""
    run = current_run()
    assert run is not None
    run.log(f"using {password}")
    run.progress(1, note=password)
    if self.request.retries == 0:
        raise self.retry(countdown=0, exc=ValueError(f"{password} was refused"))
    return {"shown": self.request.argsrepr, "given": f"<{password}>"}


@app.task
def refuse(password: str) -> None:
    """Fails, and says with what."""
    raise ValueError(password)


@app.task
def issue(word: str) -> dict[str, str]:
    """Gives what only its name tells to be a secret, and more of it than Celery shows."""
    return {"token": word * 1000}


@app.task
def pass_on(word: str) -> str:
    """Has another task do so, and is silent about it."""
    return "x" * len(issue.apply([word]).result)
