"""The log of the built-in app's workers."""

import logging

from celery.app.log import Logging

from punctual.ops.logging import configure


class WorkerLog(Logging):  # type: ignore[misc] # Celery has no types
    """Makes the workers of an app log as every other process of Punctual does."""

    def setup_logging_subsystem(self, loglevel: int | str | None = None, *_: object, **__: object) -> bool:
        """Configure the process's log; True: Celery must not do so itself."""
        level = loglevel or self.loglevel
        configure(level if isinstance(level, str) else logging.getLevelName(level))
        return True
