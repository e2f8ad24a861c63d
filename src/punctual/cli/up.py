"""`punctual up`: everything on this machine, with nothing else installed."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from punctual.domain.errors import SetupError

_MOST_PROCESSES = 8


class Pool(StrEnum):
    """How the worker runs tasks at the same time."""

    PREFORK = "prefork"
    THREADS = "threads"
    SOLO = "solo"


def up(
    *,
    app: Annotated[
        str | None,
        typer.Option(
            "-A", "--app", help="Your Celery app (`proj.celery`) instead of the tasks that come with Punctual."
        ),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of all data. [default: PUNCTUAL_DATA_DIR or your user data folder]")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [default: PUNCTUAL_HOST or 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port to listen on, 0 for a free one. [default: PUNCTUAL_PORT or 8710]"),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, help=f"Tasks at the same time. [default: processors, at most {_MOST_PROCESSES}]"),
    ] = None,
    pool: Annotated[Pool, typer.Option(help="How tasks run at the same time.")] = Pool.PREFORK,
) -> None:
    """Run everything on this machine, supervised.

    That is a broker, the API and web UI, a scheduler, and a worker; all of it stops with Ctrl-C. The broker is left
    out when PUNCTUAL_BROKER_URL or your app names one; the database is SQLite in the data folder unless
    PUNCTUAL_DATABASE_URL names another.

    For example:
        punctual up -A proj.celery --port 9000
    """
    if os.name != "posix":
        message = "`punctual up` needs Linux or macOS"
        raise SetupError(message, fix="Run `punctual server --with-scheduler` and a Celery worker by hand.")
    from punctual.cli.configuration import process_settings  # noqa: PLC0415 - slow to import, and not needed for help
    from punctual.cli.supervise.local import Local, WorkerOptions  # noqa: PLC0415 - same
    from punctual.ops.logging import configure  # noqa: PLC0415 - same

    settings = process_settings(data_dir=data_dir, host=host, port=port)
    configure(settings.log_level)
    worker = WorkerOptions(app=app, pool=pool.value, concurrency=concurrency or _processors())
    Local(settings, worker).run()


def _processors() -> int:
    return min(os.cpu_count() or 1, _MOST_PROCESSES)
