"""A Celery app with every kind of task; each notes, in a file, that its body runs."""
# mypy: disallow-untyped-decorators=False

import os
from pathlib import Path
from typing import Any

from celery import Celery, Task, current_task, shared_task
from celery.signals import task_postrun, task_prerun, task_success

from punctual import Punctual

NOTES = Path(os.environ["TEST_NOTES"])

app = Celery("gated", broker=os.environ["TEST_BROKER_URL"], backend=os.environ.get("TEST_RESULTS"))
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_track_started=True,
    worker_prefetch_multiplier=4,
    worker_pool_restarts=True,
    worker_pool_start_method=os.environ.get("TEST_START_METHOD", "fork"),
)


def note(what: str) -> None:
    with NOTES.open("a") as file:
        file.write(f"{current_task.request.id} {what}\n")


@app.task
def before_plugin() -> None:
    note("body")


Punctual(app, database_url=os.environ["TEST_DATABASE_URL"])


@app.task
def plain() -> None:
    note("body")


@app.task(acks_late=True)
def late() -> None:
    note("body")


@app.task(bind=True)
def bound(self: Any) -> None:
    assert self.request.get("punctual_run") == self.request.id
    note("body")


@shared_task(name="gated_app.shared")
def shared() -> None:
    note("body")


class Calling(Task):  # type: ignore[misc] # Celery has no types
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        note("call")
        return super().__call__(*args, **kwargs)


@app.task(base=Calling)
def custom_base() -> None:
    note("body")


class Classy(Task):  # type: ignore[misc] # Celery has no types
    name = "gated_app.classy"

    def run(self) -> None:
        note("body")


app.register_task(Classy())


@app.task(bind=True, autoretry_for=(OSError,), max_retries=2, retry_backoff=False, default_retry_delay=0)
def again(self: Any) -> None:
    note(f"attempt {self.request.retries + 1}")
    if self.request.retries < 2:
        raise OSError("not yet")


@app.task(bind=True)
def becomes_plain(self: Any) -> None:
    note("body")
    raise self.replace(plain.s().set(headers=self.request.headers))


@task_prerun.connect
@task_postrun.connect
@task_success.connect
def heard(sender: Any, signal: Any, **_: object) -> None:
    names = {id(task_prerun): "prerun", id(task_postrun): "postrun", id(task_success): "success"}
    with NOTES.open("a") as file:
        file.write(f"{sender.request.id} {names[id(signal)]}\n")
