"""Celery apps: the built-in one, the user's by name, and a bare one to send with."""

import sys
from pathlib import Path
from typing import Any

from celery import Celery
from celery.app.utils import find_app as find_celery_app

from punctual.celery.plugin import Punctual
from punctual.domain.errors import SetupError
from punctual.settings import Settings

_JSON_ONLY = {"accept_content": ["json"], "task_serializer": "json", "result_serializer": "json"}


def _built_in() -> Celery:
    settings = Settings()
    broker = None if settings.broker_url is None else settings.broker_url.get_secret_value()
    built_in = Celery(
        "punctual",
        broker=broker,
        # A spawned child knows the app's modules only from here.
        include=["punctual.celery.app", "punctual.celery.tasks"],
        log="punctual.celery.worker_log:WorkerLog",
        set_as_current=False,
    )
    built_in.conf.update(
        **_JSON_ONLY,
        enable_utc=True,
        timezone="UTC",
        # Punctual keeps results in the ledger.
        result_backend=None,
        task_ignore_result=True,
        # A long task must not hold back the messages behind it while another worker is free.
        worker_prefetch_multiplier=1,
        # The broker may come after the worker, and may go away while it runs.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # When the broker is lost, it will deliver what was not acknowledged again: no task may then run twice at once.
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    Punctual(built_in)
    return built_in


app = _built_in()
"""The built-in app: serves the tasks that come with Punctual from the broker of PUNCTUAL_BROKER_URL."""


def broker_app(broker_url: str) -> Celery:
    """Return a bare app that can send to a broker: no tasks, no result backend, not the current app."""
    bare = Celery("punctual-sender", broker=broker_url, set_as_current=False, fixups=[])
    bare.conf.update(**_JSON_ONLY, result_backend=None, enable_utc=True, timezone="UTC")
    return bare


def find_app(name: str) -> Celery:
    """Return the user's app, named as for `celery -A`: `proj`, `proj.celery`, `proj.celery:app`.

    Modules are looked for in the current folder too. Raises SetupError that says what was tried.
    """
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = name.partition(":")[0]
    try:
        found: Any = find_celery_app(name)
    # Importing runs the user's code, which may raise anything.
    except Exception as error:
        raise _not_found(name, module, folder, error) from error
    if not isinstance(found, Celery):
        message = f"{name!r} names {type(found).__name__!r}, not a Celery app."
        raise SetupError(message, fix="Name the app itself, for example: proj.celery:app")
    return found


def _not_found(name: str, module: str, folder: str, error: Exception) -> SetupError:
    missing = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    # Celery looks for a module of the whole name last, so `proj:app` itself may be the module that is missing.
    if ":" in missing or (isinstance(error, AttributeError) and module in sys.modules):
        tried = name if ":" in name else f"{module}:app, {module}:celery and {module}.celery"
        message = f"There is no Celery app {name!r}: tried {tried}."
        return SetupError(message, fix="Name the module and the app in it, for example: proj.celery:app")
    if missing and f"{module}.".startswith(f"{missing}."):
        message = f"There is no Celery app {name!r}: no module named {missing!r} in {folder} or on the Python path."
        return SetupError(message, fix="Run the command in the project's folder, or correct the name after --app.")
    message = f"The Celery app {name!r} cannot be loaded: {type(error).__name__}: {error}"
    return SetupError(message, fix=f"Correct the error in the project; `python -c 'import {module}'` shows it whole.")
