"""An engine that sends through a Celery app, and follows the runs that it has sent."""

from celery import Celery

from punctual.celery.following.followers import followers_for
from punctual.celery.sender import CelerySender
from punctual.domain.clock import Clock
from punctual.engine.build import build_engine
from punctual.engine.loop import Engine
from punctual.settings import Settings
from punctual.store.database import Database


class AppEngine:
    """The engine of a node, as the settings want it, with its connection to the broker."""

    def __init__(self, app: Celery, database: Database, clock: Clock, settings: Settings) -> None:
        """Start nothing yet; raises DatabaseUnavailableError."""
        self._sender = CelerySender(app)
        self.engine: Engine = build_engine(
            database,
            self._sender,
            clock,
            settings.keep_runs,
            resend_after=settings.resend_after,
            masking=settings.masking,
            followers=followers_for(app, database, clock),
        )

    def start(self) -> None:
        """Begin to fire."""
        self.engine.start()

    def stop(self, within: float) -> None:
        """End after the batch it is at; give up after so many seconds, for a broker may hang."""
        if self.engine.stop(within):
            self._sender.close()
