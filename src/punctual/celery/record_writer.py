"""Writes what happened to runs into the database, off the path of the tasks."""

import logging
import os
import threading
from collections import deque
from collections.abc import Sequence

from punctual.celery.records import Record
from punctual.celery.session import Session
from punctual.domain.clock import monotonic
from punctual.domain.errors import DatabaseUnavailableError, SetupError

logger = logging.getLogger(__name__)

_BATCH = 200
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0


class RecordWriter:
    """A bounded buffer and the one thread that empties it, in order.

    It belongs to the process that made it; nothing is opened before the first record. While the database is away the
    records wait, and beyond `limit` the oldest are dropped.
    """

    def __init__(self, database_url: str, *, limit: int = 10_000) -> None:
        """Start nothing yet."""
        self.pid = os.getpid()
        self._url = database_url
        self._limit = limit
        self._waiting: deque[Record] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._deadline: float | None = None
        self._dropped = 0

    def submit(self, record: Record) -> None:
        """Take a record and return at once."""
        with self._wake:
            if len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(record)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="punctual-recorder", daemon=True)
                self._thread.start()
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
                _log_dropped(len(self._waiting), "the process ends while the database does not answer")

    def _run(self) -> None:
        session = Session(self._url)
        try:
            while batch := self._next_batch():
                self._write(session, batch)
        finally:
            session.close()

    def _next_batch(self) -> list[Record]:
        with self._wake:
            while not self._waiting and self._deadline is None:
                self._wake.wait()
            return [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]

    def _write(self, session: Session, batch: Sequence[Record]) -> None:
        pause = _FIRST_PAUSE
        away = False
        while True:
            try:
                session.write(batch)
            except (DatabaseUnavailableError, SetupError) as error:
                if not away:
                    logger.warning(
                        "Records of runs wait: %s %s", error.message, error.fix, extra={"action": "record_buffered"}
                    )
                away = True
            except Exception:
                if session.usable(batch[0]):
                    self._set_apart(session, batch)
                    return
                if not away:
                    logger.exception("Records of runs wait", extra={"action": "record_buffered"})
                away = True
            else:
                if away:
                    self._log_recovery()
                return
            if not self._pause(pause):
                _log_dropped(len(batch) + len(self._waiting), "the process ends while the database does not answer")
                self._waiting.clear()
                return
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _set_apart(self, session: Session, batch: Sequence[Record]) -> None:
        """Write each record by itself, so that a faulty one is the only one that is lost."""
        for record in batch:
            try:
                session.write([record])
            except DatabaseUnavailableError:
                self._write(session, [record])
            except Exception:
                logger.exception(
                    "The record of run %s cannot be written",
                    record.run_id,
                    extra={"action": "record_dropped", "run": str(record.run_id)},
                )

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

    def _log_recovery(self) -> None:
        with self._wake:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            _log_dropped(dropped, "the database was away for too long")
        logger.info("Records of runs are written again", extra={"action": "record_resumed"})


def _log_dropped(count: int, why: str) -> None:
    if count:
        logger.error(
            "%d records of runs were dropped: %s", count, why, extra={"action": "record_dropped", "count": count}
        )
