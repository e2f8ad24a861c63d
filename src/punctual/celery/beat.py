"""`celery -A proj beat -S punctual`: a node in beat's place."""

import copy
import logging
import signal
import threading
from collections.abc import Mapping
from types import FrameType
from typing import Any

from celery import Celery
from celery.backends.base import DisabledBackend
from celery.beat import Scheduler

from punctual.celery.app_engine import AppEngine
from punctual.celery.declaring import bring_in
from punctual.celery.plugin import database_url_of, settings_of_process
from punctual.domain.clock import Clock
from punctual.domain.errors import DatabaseUnavailableError, SetupError
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database, shown_url
from punctual.store.opening import open_database

logger = logging.getLogger(__name__)

_ALL = "all schedules"
_DRAIN_SECONDS = 4.0
_IMPATIENCE = 5.0
"""Seconds, while the database is away."""


class PunctualScheduler(Scheduler):  # type: ignore[misc] # Celery has no types
    """A scheduler class for beat that runs a node; any number of beats may run at once.

    `schedule` is what the app's code declares for beat, as beat's own entries. It is brought into the database when
    the first tick comes, and again whenever it is changed in this process; by what the database holds the node fires,
    in threads of its own. A tick only sees to that. `max_interval` bounds the pause between two ticks, and has no part
    in when schedules fire.
    """

    max_interval = 5
    """Seconds."""

    def __init__(self, app: Celery, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery has no types
        """As Celery makes it: with `lazy`, to be looked at only. Nothing is opened before the first tick."""
        self._node: _Node | None = None
        self._refused: dict[str, Any] = {}
        super().__init__(app, *args, **kwargs)

    def setup_schedule(self) -> None:
        """Take in what the app declares, and the entries that Celery itself adds."""
        self.merge_inplace(self.app.conf.beat_schedule)
        self.install_default_entries(self.schedule)

    def install_default_entries(self, data: Mapping[str, Any]) -> None:
        """Add what Celery itself wants done, which is to clear out old results: not where none are kept."""
        try:
            keeps_results = not isinstance(self.app.backend, DisabledBackend)
        except Exception:
            logger.exception("beat: The result backend cannot be loaded", extra={"action": "result_backend_not_loaded"})
            return
        if keeps_results:
            super().install_default_entries(data)

    def merge_inplace(self, b: Mapping[str, Any]) -> None:
        """Make the entries those of a dictionary; one that beat itself could not make stops no other."""
        sound, self._refused = {}, {}
        for name, entry in b.items():
            try:
                self._maybe_entry(name, entry)
            except Exception:  # noqa: BLE001 - the entry is the user's; why it cannot be is told when it is read
                self._refused[name] = entry
            else:
                sound[name] = entry
        super().merge_inplace(sound)

    def tick(self, *_: Any, **__: Any) -> float:  # noqa: ANN401 - what Celery's own takes
        """See to it that the node runs and knows what is declared; return in how many seconds to be called again.

        While the database is away it is tried again. Raises SetupError for what only people can mend.
        """
        try:
            if self._node is None:
                self._node = _Node(self.app)
                self.old_schedulers = None
                _end_in_order()
            if not self.schedules_equal(self.old_schedulers, self.schedule):
                self._node.fires.engine.left_out(self.declare(self._node.database, self._node.clock))
                self.old_schedulers = copy.copy(self.schedule)
            self._node.start()
        except DatabaseUnavailableError as error:
            logger.warning("beat: %s %s", error.message, error.fix, extra={"action": "beat_not_ready"})
            return float(min(self.max_interval, _IMPATIENCE))
        return float(self.max_interval)

    def declare(self, database: Database, clock: Clock) -> Mapping[str, str]:
        """Bring in what the code declares; return why some of it is left out, by name.

        Raises DatabaseUnavailableError. Any other fault leaves all of it out, and what is in the database as it is.
        """
        try:
            return bring_in(self.app, {**self.schedule, **self._refused}, database, clock).refused
        except DatabaseUnavailableError:
            raise
        except Exception as error:
            logger.exception(
                "The declared schedules were not brought in", extra={"action": "declared_schedules_refused"}
            )
            return {_ALL: f"they were not brought in: {type(error).__name__}: {error}"}

    def close(self) -> None:
        """End the node after the batch it is at; a tick after that begins a new one."""
        node, self._node = self._node, None
        if node is not None:
            node.stop()
        super().close()

    @property
    def info(self) -> str:
        """What the banner of beat tells."""
        try:
            url = shown_url(database_url_of(self.app) or settings_of_process().effective_database_url)
        except SetupError as error:
            url = error.message
        return f"    . database -> {url}\n    . entries -> {len(self.app.conf.beat_schedule)} in beat_schedule"


def bring_in_all(app: Celery, database: Database, clock: Clock) -> Mapping[str, str]:
    """Bring in what beat would for an app, and return what beat would have left out, with the reasons.

    Where the app's modules cannot be imported here, its schedules stay as they are. Raises DatabaseUnavailableError.
    """
    try:
        app.loader.init_worker()
        app.finalize()
        scheduler = PunctualScheduler(app)
    except Exception as error:
        logger.exception("The app could not be loaded whole", extra={"action": "app_not_loaded"})
        return {_ALL: f"its modules cannot be loaded: {type(error).__name__}: {error}"}
    else:
        return scheduler.declare(database, clock)


class _Node:
    """The engine that fires, with all that it needs."""

    def __init__(self, app: Celery) -> None:
        """Open everything; raises SetupError and DatabaseUnavailableError."""
        settings = settings_of_process()
        self.database: Database = open_database(settings, database_url_of(app))
        try:
            self.clock = DatabaseClock(self.database)
            self.fires: AppEngine = AppEngine(app, self.database, self.clock, settings)
        except BaseException:
            self.database.close()
            raise
        self._started = False

    def start(self) -> None:
        """Begin to fire, unless it has begun; what is declared is there by then, so that nothing that is gone fires."""
        if not self._started:
            self._started = True
            self.fires.start()
            logger.info("beat: Firing schedules as a node", extra={"action": "scheduler_started"})

    def stop(self) -> None:
        """End after the batch it is at."""
        self.fires.stop(_DRAIN_SECONDS)
        self.database.close()
        logger.info("beat: The node has stopped", extra={"action": "scheduler_stopped"})


def _end_in_order() -> None:
    """Let SIGTERM end an embedded beat (`celery worker -B`) as it ends one of its own: Celery lets it die at once."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit
