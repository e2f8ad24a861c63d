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
    followers: list[Follower] = []
    if _tells_everybody(app):
        followers.append(EventFollower(app, database, clock))
    if can_be_read(app):
        followers.append(ResultFollower(app, database, clock))
    return followers


def _tells_everybody(app: Celery) -> bool:
    """Tell whether the app's broker can deliver an event to each that listens; some hosted queues cannot."""
    try:
        with app.connection_for_read() as connection:
            return "fanout" in connection.transport.implements.exchange_type
    except Exception:  # noqa: BLE001 - what is wrong with the broker's address, the sender says
        return False
