"""The workers' side: tasks that write down each execution themselves, so that it is not the ledger that says so."""

import os
import random
import time
from functools import cache
from typing import Any

from celery import Celery

from chaos.diary import Line, write
from punctual import Punctual
from punctual.celery.headers import attempt_of

LONGEST_NAP = 0.3

app = Celery("chaos", log="punctual.celery.worker_log:WorkerLog")
app.conf.update(
    accept_content=["json"],
    task_ignore_result=True,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Redis delivers a message again that was not acknowledged in time: soon here, so that it happens.
    broker_transport_options={"visibility_timeout": 20} if os.environ["CELERY_BROKER_URL"].startswith("redis") else {},
)
Punctual(app)


class ChaosError(Exception):
    """The failure of an attempt, on purpose."""


@app.task(bind=True, name="chaos.work")  # type: ignore[untyped-decorator] # Celery has no types
def work(self: Any, fails: float, tag: int) -> None:
    """Nap, mostly shortly, and fail in a share of attempts; the same run and attempt always does the same."""
    _execute(self.request, fails, tag)


@app.task(bind=True, name="chaos.work_acknowledged_late", acks_late=True)  # type: ignore[untyped-decorator] # same
def work_acknowledged_late(self: Any, fails: float, tag: int) -> None:
    """Do the same, the message acknowledged at the end."""
    _execute(self.request, fails, tag)


def _execute(request: Any, fails: float, tag: int) -> None:
    run, attempt = str(request.id), attempt_of(request)
    dice = random.Random(f"{run} {attempt}")
    failing = dice.random() < fails
    write(_diary(os.getpid()), Line("start", run, attempt, os.getpid(), tag, time.time()))
    time.sleep(LONGEST_NAP * dice.random() ** 6)
    write(_diary(os.getpid()), Line("failed" if failing else "done", run, attempt, os.getpid(), tag, time.time()))
    if failing:
        raise ChaosError(run)


@cache
def _diary(_pid: int) -> int:
    """Return this process's own descriptor of the file."""
    return os.open(os.environ["CHAOS_DIARY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
