"""What a node follows runs on workers without the plug-in by."""

from celery import Celery

from punctual.celery.following.event_follower import EventFollower
from punctual.celery.following.result_follower import ResultFollower
from punctual.celery.following.stored_results import can_be_read
from punctual.domain.clock import Clock
from punctual.engine.follower import Follower
from punctual.store.database import Database


def followers_for(app: Celery, database: Database, clock: Clock) -> list[Follower]:
    """Return what follows the runs that are sent with an app; nothing is connected to yet."""
    events = EventFollower(app, database, clock)
    return [events, ResultFollower(app, database, clock)] if can_be_read(app) else [events]
