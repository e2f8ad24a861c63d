"""Putting the parts of a process together: its database, the Celery app it sends with, its engine."""

import os
from typing import Any

from punctual.domain.errors import SetupError
from punctual.settings import Settings

_BROKER_FIX = "Set PUNCTUAL_BROKER_URL, for example to redis://localhost:6379/0, or let `punctual up` start a broker."


def sending_app(settings: Settings, name: str | None) -> Any:  # noqa: ANN401 - Celery has no types
    """Return the Celery app to send with: the user's, whose routing then counts, or a bare one.

    PUNCTUAL_BROKER_URL wins over the broker of the user's app. Raises SetupError when there is no broker or no app.
    """
    from punctual.celery.app import broker_app  # noqa: PLC0415 - slow to import

    if name is not None:
        return user_app(settings, name)
    if settings.broker_url is None:
        message = "there is no broker: PUNCTUAL_BROKER_URL is not set"
        raise SetupError(message, fix=_BROKER_FIX)
    return broker_app(settings.broker_url.get_secret_value())


def user_app(settings: Settings, name: str) -> Any:  # noqa: ANN401 - Celery has no types
    """Return the user's app on the broker that counts; raises SetupError when there is no broker or no app."""
    from punctual.celery.app import find_app  # noqa: PLC0415 - slow to import

    if settings.broker_url is not None:
        os.environ["CELERY_BROKER_URL"] = settings.broker_url.get_secret_value()  # Celery prefers it to the app's own
    app = find_app(name)
    if not app.conf.broker_url:
        message = f"the Celery app {name!r} names no broker, and PUNCTUAL_BROKER_URL is not set"
        raise SetupError(message, fix=_BROKER_FIX)
    return app
