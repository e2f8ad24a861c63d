"""Following runs by Celery's events: hears them, and brings them to the ledger a few times a second."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from celery import Celery

from punctual.celery.following.event_records import EventRecords
from punctual.celery.following.event_stream import event_stream
from punctual.celery.following.heard import Heard, Hearing
from punctual.celery.link import words_of
from punctual.domain.clock import Clock, monotonic
from punctual.domain.errors import DatabaseUnavailableError
from punctual.engine.reconcile import LostRuns
from punctual.store.database import Database

LOST_AFTER = timedelta(seconds=60)
"""A worker without the plug-in of which no heartbeat was heard for so long is taken for dead."""

_MOST_WAITING = 20_000
"""Events that wait for the database; then the oldest are dropped."""

_WRITE_EVERY = 0.3
_LOOK_EVERY = 5.0
_REJECTED_WAITS = 2.0
"""Seconds in which a failure may come that says more than that the message was rejected."""

_QUIET = 30.0
"""Seconds of silence after which the connection is opened anew: it may be dead, unbeknown to this end of it."""

_ALWAYS_QUIET = 300.0
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 15.0
_BROKER, _DATABASE = "broker", "database"

logger = logging.getLogger(__name__)


class EventFollower:
    """Follows the runs on workers that were started with `-E`. Any number of nodes may do so for the same broker.

    While the broker is away it tries again; while the database is, events wait in memory, a bounded number of them.
    """

    name = "punctual-events"

    def __init__(self, app: Celery, database: Database, clock: Clock, *, lost_after: timedelta = LOST_AFTER) -> None:
        """Connect to nothing yet. A worker that is silent for `lost_after` is taken for dead."""
        self._app = app
        self._records = EventRecords(database, clock)
        self._lost_runs = LostRuns(database, clock, after=lost_after, by_events=True)
        self._hearing = Hearing()
        self._waiting: deque[Heard] = deque()
        self._rejected: deque[tuple[float, Heard]] = deque()
        self._faults: dict[str, str] = {}
        self._dropped = 0
        self._heard_at: float | None = None
        self._write_at = self._look_at = 0.0

    @property
    def fault(self) -> str | None:
        """Why it cannot follow now, in words; None while it can."""
        return next(iter(self._faults.values()), None)

    def run(self, stopping: threading.Event) -> None:
        """Follow until `stopping` is set."""
        pause = 0.0
        while not stopping.wait(pause):
            try:
                with event_stream(self._app, self._heard) as wait:
                    pause = 0.0
                    self._back(_BROKER)
                    self._listen(wait, stopping)
            except Exception as error:  # noqa: BLE001 - client libraries raise what they like
                pause = min(max(pause * 2, _FIRST_PAUSE), _LAST_PAUSE)
                self._away(_BROKER, f"The broker does not tell of events: {words_of(error)}")
            self._write()

    def _listen(self, wait: Callable[[float], None], stopping: threading.Event) -> None:
        connected = monotonic()
        while not stopping.is_set():
            wait(_WRITE_EVERY)
            now = monotonic()
            if now >= self._write_at:
                self._write()
            if now >= self._look_at:
                self._look()
            silent_since = max(connected, self._heard_at or 0.0)
            if now - silent_since > (_ALWAYS_QUIET if self._heard_at is None else _QUIET):
                return

    def _heard(self, body: object) -> None:
        self._heard_at = monotonic()
        heard = self._hearing.read(body, self._heard_at)
        if heard is None:
            return
        if heard.kind == "task-rejected" and not heard.fields.get("requeue"):
            self._rejected.append((self._heard_at + _REJECTED_WAITS, heard))
        else:
            self._waiting.append(heard)
        for queue in (self._waiting, self._rejected):
            while len(queue) > _MOST_WAITING:
                queue.popleft()
                self._dropped += 1

    def _write(self) -> None:
        """Bring what waits to the ledger; without the database it waits on."""
        now = monotonic()
        self._write_at = now + _WRITE_EVERY
        while self._rejected and self._rejected[0][0] <= now:
            self._waiting.append(self._rejected.popleft()[1])
        if not self._waiting:
            return
        try:
            try:
                self._records.write(list(self._waiting))
                self._waiting.clear()
            except DatabaseUnavailableError:
                raise
            except Exception:  # noqa: BLE001 - shown for the event that is at fault
                self._write_one_by_one()
        except DatabaseUnavailableError as error:
            self._away(_DATABASE, error.sentence)
            self._write_at = monotonic() + _FIRST_PAUSE
        else:
            self._back(_DATABASE)

    def _write_one_by_one(self) -> None:
        """Find the events that the ledger does not bear, and leave them out; raises DatabaseUnavailableError."""
        while self._waiting:
            try:
                self._records.write([self._waiting[0]])
            except DatabaseUnavailableError:
                raise
            except Exception:
                logger.exception("An event is left out", extra={"action": "event_not_recorded"})
            self._waiting.popleft()

    def _look(self) -> None:
        """Look for runs whose worker is gone, as long as events are heard."""
        self._look_at = monotonic() + _LOOK_EVERY
        try:
            self._lost_runs.step()
            self._back(_DATABASE)
        except DatabaseUnavailableError as error:
            self._away(_DATABASE, error.sentence)
        except Exception:
            logger.exception("Lost runs could not be looked for", extra={"action": "follower_error"})

    def _away(self, what: str, why: str) -> None:
        if what not in self._faults:
            logger.warning(
                "Runs on workers without the plug-in are not followed by events: %s",
                why,
                extra={"action": "events_away"},
            )
        self._faults[what] = why

    def _back(self, what: str) -> None:
        if self._faults.pop(what, None) is not None and not self._faults:
            logger.info("Events are followed again", extra={"action": "events_back"})
        if self._dropped:
            logger.warning("%d events were dropped", self._dropped, extra={"action": "events_dropped"})
        self._dropped = 0
