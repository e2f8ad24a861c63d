"""The database's time, so that the clocks of the machines need not agree."""

import threading
from datetime import datetime, timedelta

from punctual.domain.clock import SystemClock, monotonic
from punctual.domain.errors import DatabaseUnavailableError
from punctual.store.database import Database

_TRUST_SECONDS = 10.0
_RETRY_SECONDS = 1.0


class DatabaseClock:
    """A Clock that tells the database's time.

    It asks the database every ten seconds and counts on from the answer with a clock that never steps. While the
    database is away it counts on from the last answer. SQLite has no clock but this machine's, which is then read.
    """

    def __init__(self, database: Database) -> None:
        """Ask nothing yet."""
        self._database = database
        self._system = SystemClock()
        self._lock = threading.Lock()
        self._anchor: tuple[datetime, float] | None = None
        self._ask_again_at = 0.0

    def now(self) -> datetime:
        """Return the present instant as an aware UTC datetime.

        Raises DatabaseUnavailableError when the database has not answered once.
        """
        if not self._database.dialect.has_own_clock:
            return self._system.now()
        with self._lock:
            if monotonic() >= self._ask_again_at:
                self._ask()
            if self._anchor is None:
                message = "The database has not told its time yet."
                raise DatabaseUnavailableError(message)
            instant, read_at = self._anchor
            return instant + timedelta(seconds=monotonic() - read_at)

    def _ask(self) -> None:
        sent = monotonic()
        try:
            with self._database.read() as tx:
                instant = self._database.dialect.now(tx.connection)
                received = monotonic()
        except DatabaseUnavailableError:
            self._ask_again_at = monotonic() + _RETRY_SECONDS
            return
        self._anchor = (instant, (sent + received) / 2)
        self._ask_again_at = received + _TRUST_SECONDS
