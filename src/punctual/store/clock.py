"""The database's time, so that the clocks of the machines need not agree."""

import logging
import threading
from datetime import datetime, timedelta

from punctual.domain.clock import Clock, SystemClock, monotonic
from punctual.domain.errors import DatabaseUnavailableError
from punctual.store.database import Database

_TRUST_SECONDS = 10.0
_RETRY_SECONDS = 1.0
_TRIES = 3
_SWIFT_SECONDS = 1.0
"""An answer that took longer says little: the process may have stood still between question and answer."""

_STEP_SECONDS = 1.0

_log = logging.getLogger(__name__)


class DatabaseClock:
    """A Clock that tells the database's time.

    It asks the database every ten seconds and counts on from the answer with a clock that never steps, so a step of
    this machine's clock does not matter, and a process that stood still for longer asks before it goes on. While the
    database is away it counts on from the last answer. SQLite has no clock but this machine's, which is then read.
    """

    def __init__(self, database: Database, machine: Clock | None = None) -> None:
        """Ask nothing yet; `machine` is the clock of this machine."""
        self._database = database
        self._machine = machine or SystemClock()
        self._lock = threading.Lock()
        self._anchor: tuple[datetime, float] | None = None
        self._ask_again_at = 0.0

    def now(self) -> datetime:
        """Return the present instant as an aware UTC datetime.

        Raises DatabaseUnavailableError when the database has not answered once.
        """
        if not self._database.dialect.has_own_clock:
            return self._machine.now()
        with self._lock:
            if monotonic() >= self._ask_again_at:
                try:
                    self._ask()
                except DatabaseUnavailableError:
                    self._ask_again_at = monotonic() + _RETRY_SECONDS
                    if self._anchor is None:
                        raise
            if self._anchor is None:
                raise DatabaseUnavailableError
            return _count_on(self._anchor, monotonic())

    def _ask(self) -> None:
        took, anchor = min(self._answers(), key=lambda answer: answer[0])
        if self._anchor is not None:
            step = (anchor[0] - _count_on(self._anchor, anchor[1])).total_seconds()
            if abs(step) > _STEP_SECONDS + took:
                _log.warning(
                    "the database's clock was set by %+.1f s", step, extra={"action": "database_clock_stepped"}
                )
        self._anchor = anchor
        self._ask_again_at = monotonic() + _TRUST_SECONDS

    def _answers(self) -> list[tuple[float, tuple[datetime, float]]]:
        """Ask until an answer comes swiftly; return for each how long it took, and the time in the middle of that."""
        answers = []
        for _ in range(_TRIES):
            with self._database.read() as tx:
                sent = monotonic()
                instant = self._database.dialect.now(tx.connection)
                received = monotonic()
            answers.append((received - sent, (instant, (sent + received) / 2)))
            if received - sent <= _SWIFT_SECONDS:
                break
        return answers


def _count_on(anchor: tuple[datetime, float], moment: float) -> datetime:
    instant, read_at = anchor
    return instant + timedelta(seconds=moment - read_at)
