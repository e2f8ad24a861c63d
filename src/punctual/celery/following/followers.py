"""What a node follows runs on workers without the plug-in by."""

from celery import Celery

from punctual.celery.following.event_follower import EventFollower
from punctual.domain.clock import Clock
from punctual.engine.follower import Follower
from punctual.store.database import Database


def followers_for(app: Celery, database: Database, clock: Clock) -> list[Follower]:
    """Return what follows the runs that are sent with an app; nothing is connected to yet."""
    return [EventFollower(app, database, clock)]
