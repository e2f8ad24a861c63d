"""`punctual server`: the API and the web UI, with the scheduler in the same process if wanted."""

import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from punctual.domain.clock import Clock
    from punctual.settings import Settings
    from punctual.store.database import Database

_DRAIN_REQUESTS_SECONDS = 3
_DRAIN_ENGINE_SECONDS = 2.0

_log = logging.getLogger(__name__)


def server(
    *,
    with_scheduler: Annotated[
        bool, typer.Option("--with-scheduler", help="Fire schedules in this process too.")
    ] = False,
    app: Annotated[
        str | None,
        typer.Option("-A", "--app", help="Your Celery app, whose routing then counts; only with --with-scheduler."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [default: PUNCTUAL_HOST or 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on. [default: PUNCTUAL_PORT or 8710]")
    ] = None,
) -> None:
    """Serve the API and the web UI.

    Run any number of them on one PostgreSQL. Schedules fire where `punctual scheduler` runs, or here with
    --with-scheduler.

    For example:
        PUNCTUAL_DATABASE_URL=postgresql://me:secret@db/punctual punctual server --host 0.0.0.0
    """
    from punctual.cli.configuration import process_settings  # noqa: PLC0415 - slow to import, and not needed for help
    from punctual.cli.listening import bind, web_address  # noqa: PLC0415 - same
    from punctual.control.access import Access  # noqa: PLC0415 - same
    from punctual.ops.logging import configure  # noqa: PLC0415 - same
    from punctual.store.clock import DatabaseClock  # noqa: PLC0415 - same
    from punctual.store.opening import open_database  # noqa: PLC0415 - same

    settings = process_settings(host=host, port=port)
    configure(settings.log_level)
    with bind(settings.host, settings.port) as listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        database = open_database(settings)
        clock = DatabaseClock(database)
        if settings.bootstrap_token is not None:
            Access(database, clock).ensure_bootstrap(settings.bootstrap_token.get_secret_value())
        web = _WebServer(settings, database, clock)
        with _scheduler(settings, app, database, clock) if with_scheduler else nullcontext():
            listener.listen()
            _log.info("listening on %s", web_address(settings.host, settings.port), extra={"action": "server_started"})
            web.run(listener)
        database.close()
    _log.info("stopped", extra={"action": "server_stopped"})


@contextmanager
def _scheduler(settings: "Settings", app: str | None, database: "Database", clock: "Clock") -> Iterator[None]:
    """Run an engine in threads of its own."""
    from punctual.celery.app_engine import AppEngine  # noqa: PLC0415 - slow to import
    from punctual.celery.beat import bring_in_all  # noqa: PLC0415 - slow to import
    from punctual.cli.assembly import sending_app  # noqa: PLC0415 - slow to import

    celery_app = sending_app(settings, app)
    left_out = {} if app is None else bring_in_all(celery_app, database, clock)
    fires = AppEngine(celery_app, database, clock, settings)
    fires.engine.left_out(left_out)
    fires.start()
    try:
        yield
    finally:
        fires.stop(_DRAIN_ENGINE_SECONDS)


class _WebServer:
    """uvicorn, which SIGTERM and SIGINT ask to finish its requests and return."""

    def __init__(self, settings: "Settings", database: "Database", clock: "Clock") -> None:
        import uvicorn  # noqa: PLC0415 - slow to import

        from punctual.asgi import create_app  # noqa: PLC0415 - slow to import

        self._server = uvicorn.Server(
            uvicorn.Config(
                create_app(settings, database, clock),
                log_config=None,
                log_level="warning",
                access_log=False,
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=_DRAIN_REQUESTS_SECONDS,
            )
        )

    def run(self, listener: socket.socket) -> None:
        """Serve until a signal comes; uvicorn raises that signal again when it returns, which must not end us."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self._server.run(sockets=[listener])

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._server.should_exit = True
