"""`punctual scheduler`: a node that fires schedules, and nothing else."""

import gc
import logging
import signal
from queue import SimpleQueue
from typing import Annotated

import typer

_OBJECTS_BETWEEN_COLLECTIONS = 20_000
_DRAIN_SECONDS = 4.0

_log = logging.getLogger(__name__)


def scheduler(
    *,
    app: Annotated[
        str | None, typer.Option("-A", "--app", help="Your Celery app (`proj.celery`), whose routing then counts.")
    ] = None,
) -> None:
    """Fire schedules, and nothing else.

    Run any number of these: they share the work, and no one of them is special. The database is
    PUNCTUAL_DATABASE_URL, the broker PUNCTUAL_BROKER_URL or that of your app. With an app, the schedules that its code
    declares are brought in, its beat_schedule among them.

    For example:
        punctual scheduler -A proj.celery
    """
    from punctual.celery.app_engine import AppEngine  # noqa: PLC0415 - slow to import, and not needed for help
    from punctual.celery.beat import bring_in_all  # noqa: PLC0415 - same
    from punctual.cli.assembly import sending_app  # noqa: PLC0415 - same
    from punctual.cli.configuration import process_settings  # noqa: PLC0415 - same
    from punctual.ops.logging import configure  # noqa: PLC0415 - same
    from punctual.store.clock import DatabaseClock  # noqa: PLC0415 - same
    from punctual.store.opening import open_database  # noqa: PLC0415 - same

    settings = process_settings()
    configure(settings.log_level)
    celery_app = sending_app(settings, app)
    database = open_database(settings)
    clock = DatabaseClock(database)
    left_out = {} if app is None else bring_in_all(celery_app, database, clock)
    fires = AppEngine(celery_app, database, clock, settings)
    fires.engine.left_out(left_out)
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: signals.put(received))
    _collect_seldom()
    fires.start()
    _log.info("firing schedules", extra={"action": "scheduler_started"})
    signals.get()
    fires.stop(_DRAIN_SECONDS)
    database.close()
    _log.info("stopped", extra={"action": "scheduler_stopped"})


def _collect_seldom() -> None:
    """Leave what is loaded by now out of garbage collection: looking through it takes a tenth of a second each time.

    A batch makes many objects and keeps none, so collections in its middle find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
