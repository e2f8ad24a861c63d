"""Writes what happened to runs into the database, off the path of the tasks."""

import logging
import math
import os
import threading
from collections import deque
from collections.abc import Sequence

from punctual.celery.records import Record
from punctual.celery.session import Session
from punctual.celery.tally import Tally
from punctual.domain.clock import monotonic
from punctual.domain.errors import DatabaseUnavailableError, SetupError

logger = logging.getLogger(__name__)

_BATCH = 200
_PACE = 0.1
"""Seconds from one transaction to the next: what comes often is written together, and what is rare almost at once."""

_MOMENT = 0.003
"""Seconds left to a task that has just ended to hand back its process, which this thread would slow down."""

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


class RecordWriter:
    """A bounded buffer and the one thread that empties it, in order.

    It belongs to the process that made it; nothing is opened before the first record. While the database is away the
    records wait, and beyond `limit` the oldest are dropped. What waits and what was dropped is in `tally`.
    """

    def __init__(self, database_url: str, *, tally: Tally | None = None, limit: int = 10_000) -> None:
        """Start nothing yet."""
        self.pid = os.getpid()
        self._url = database_url
        self._last_at = -math.inf
        self._took = 0.0
        self._limit = limit
        self._tally = tally or Tally()
        self._waiting: deque[Record] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._deadline: float | None = None
        self._writing = 0
        self._dropped = 0
        self._error: str | None = None

    def submit(self, record: Record) -> None:
        """Take a record and return at once."""
        with self._wake:
            if len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self._dropped += 1
                self._tally.dropped(1)
            self._waiting.append(record)
            self._show()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="punctual-recorder", daemon=True)
                self._thread.start()
            # Between these it waits for more, and each time that it is woken, the task that has just ended waits.
            if len(self._waiting) in {1, _BATCH}:
                self._wake.notify_all()

    def close(self, timeout: float) -> None:
        """Write what waits, for `timeout` seconds at the most; what is left then is dropped, and logged."""
        with self._wake:
            self._deadline = monotonic() + timeout
            thread = self._thread
            self._wake.notify_all()
        if thread is not None:
            thread.join(timeout)
            if thread.is_alive():
                self._drop_all()

    def _run(self) -> None:
        session = Session(self._url)
        try:
            while batch := self._next_batch():
                self._write(session, batch)
                self._took = monotonic() - self._last_at
        finally:
            session.close()

    def _next_batch(self) -> list[Record]:
        with self._wake:
            while not self._waiting and self._deadline is None:
                self._wake.wait()
            # When much has piled up, the tasks have this process for themselves between two transactions.
            self._wake.wait_for(lambda: self._deadline is not None, max(min(self._took, _PACE), _MOMENT))
            rest = self._last_at + _PACE - monotonic()
            self._wake.wait_for(lambda: self._deadline is not None or len(self._waiting) >= _BATCH, rest)
            self._last_at = monotonic()
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._writing = len(batch)
            self._show()
            return batch

    def _write(self, session: Session, batch: Sequence[Record]) -> None:
        """Write records, however long that takes; at the end of the process, until its time is up."""
        pause = 0.0
        while True:
            try:
                session.write(batch)
            except (DatabaseUnavailableError, SetupError) as error:
                # A connection that was cut says nothing about the database.
                if pause > 0:
                    self._hold(f"{error.message} {error.fix}")
            except Exception as error:  # noqa: BLE001 - what it is, is told
                if session.usable(batch[0]):
                    self._set_apart(session, batch)
                    return
                # What the driver says; what SQLAlchemy makes of it shows the arguments as well.
                self._hold(f"{type(error).__name__}: {getattr(error, 'orig', None) or error}")
            else:
                self._go_on()
                return
            if not self._pause(pause):
                self._drop_all()
                return
            pause = min(max(pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)

    def _set_apart(self, session: Session, batch: Sequence[Record]) -> None:
        """Write each record by itself, so that a faulty one is the only one that is lost."""
        for record in batch:
            try:
                session.write([record])
            except DatabaseUnavailableError:
                self._write(session, [record])
            except Exception:
                self._tally.dropped(1)
                logger.exception(
                    "The record of run %s cannot be written",
                    record.run_id,
                    extra={"action": "record_dropped", "run": str(record.run_id)},
                )
        self._go_on()

    def _pause(self, seconds: float) -> bool:
        """Wait before the next try; False when there must be none."""
        with self._wake:
            if self._deadline is None:
                self._wake.wait_for(lambda: self._deadline is not None, seconds)
                return True
            left = self._deadline - monotonic()
        if left <= 0:
            return False
        # Closing: `_wake` has nothing more to say, so this waits the whole time.
        threading.Event().wait(min(_FIRST_PAUSE, left))
        return True

    def _hold(self, why: str) -> None:
        """Say once that records wait, and why."""
        with self._wake:
            before, self._error = self._error, why
            self._show()
        if before is None:
            logger.warning("Records of runs wait: %s", why, extra={"action": "record_buffered"})

    def _go_on(self) -> None:
        with self._wake:
            before, self._error = self._error, None
            dropped, self._dropped = self._dropped, 0
            self._writing = 0
            self._show()
        if dropped:
            _log_dropped(dropped, "there were too many")
        if before is not None:
            logger.info("Records of runs are written again", extra={"action": "record_resumed"})

    def _drop_all(self) -> None:
        with self._wake:
            left = self._writing + len(self._waiting)
            self._waiting.clear()
            self._writing = 0
            self._tally.dropped(left)
            self._show()
        _log_dropped(left, "the process ends while the database does not answer")

    def _show(self) -> None:
        self._tally.waits(self._writing + len(self._waiting), self._error)


def _log_dropped(count: int, why: str) -> None:
    if count:
        logger.error(
            "%d records of runs were dropped: %s", count, why, extra={"action": "record_dropped", "count": count}
        )
