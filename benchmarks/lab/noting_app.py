"""A Celery app whose tasks note when they begin, and whose workers note when they are done with them.

BENCH_NOTES is a folder for the notes, a file for each process; with BENCH_PLUGIN the app has the plug-in.
"""

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery
from celery.worker.request import Request

from punctual import Punctual

app = Celery("bench", broker=os.environ["BENCH_BROKER_URL"], set_as_current=False)
app.conf.update(
    task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=8, worker_hijack_root_logger=False
)
if "BENCH_PLUGIN" in os.environ:
    Punctual(app)


def note(word: str, run_id: str) -> None:
    """Write a line: the word, the run, the moment (seconds since 1970)."""
    # One write of a short line to a file opened for appending is whole.
    with Path(os.environ["BENCH_NOTES"], f"{os.getpid()}").open("a", encoding="utf-8") as file:
        file.write(f"{word} {run_id} {time.time():.6f}\n")


class NotingRequest(Request):  # type: ignore[misc] # Celery has no types
    """Notes when the worker acknowledges the message, which is when it is done with it."""

    def acknowledge(self) -> None:
        """Note it, and do so."""
        note("done", self.id)
        super().acknowledge()


class NotingTask(app.Task):  # type: ignore[misc,name-defined] # Celery has no types
    """A task whose end is noted."""

    Request = "lab.noting_app:NotingRequest"


@app.task(name="bench.noted", base=NotingTask, bind=True)  # type: ignore[untyped-decorator] # same
def noted(self: Any) -> None:  # noqa: ANN401 - Celery has no types
    """Do nothing else."""
    note("began", self.request.id)
