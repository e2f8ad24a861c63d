"""`punctual worker`: a Celery worker that records what it runs."""

import sys
import warnings
from typing import Annotated, Any

import typer

from punctual.domain.errors import SetupError

_ABOUT_ROOT = "You're running the worker with superuser privileges"
"""Celery's warning is about pickled messages, which the built-in app refuses."""


def worker(
    ctx: typer.Context,
    *,
    app: Annotated[
        str | None,
        typer.Option(
            "-A", "--app", help="Your Celery app (`proj.celery`). Without it: the tasks that come with Punctual."
        ),
    ] = None,
) -> None:
    """Run tasks, in a Celery worker with the plug-in.

    The plug-in is added where your app does not install it. All options of `celery worker` may follow: --queues,
    --concurrency, --pool, …

    For example:
        punctual worker -A proj.celery --queues reports --concurrency 4
    """
    from punctual.celery.plugin import Punctual  # noqa: PLC0415 - slow to import, and not needed for help
    from punctual.cli.assembly import user_app  # noqa: PLC0415 - same
    from punctual.cli.configuration import process_settings  # noqa: PLC0415 - same

    settings = process_settings()
    if app is not None:
        celery_app: Any = user_app(settings, app)
        Punctual(celery_app)
    elif settings.broker_url is None:
        message = "there is no broker: PUNCTUAL_BROKER_URL is not set"
        raise SetupError(message, fix="Set it, for example to redis://localhost:6379/0, or name your app with -A.")
    else:
        from punctual.celery.app import app as celery_app  # noqa: PLC0415 - same

        warnings.filterwarnings("ignore", _ABOUT_ROOT)
    arguments = [*([] if app else ["--quiet"]), "worker", *ctx.args]
    if not any(word.startswith(("-l", "--loglevel")) for word in ctx.args):
        arguments += ["--loglevel", settings.log_level]
    sys.exit(_run(celery_app, arguments))


def _run(celery_app: Any, arguments: list[str]) -> int:  # noqa: ANN401 - Celery has no types
    from click import ClickException  # noqa: PLC0415 - what Celery's own commands are made of

    try:
        status = celery_app.worker_main(arguments)
    except ClickException as error:
        error.show()
        return error.exit_code
    return status if isinstance(status, int) else 0
