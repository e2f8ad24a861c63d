"""The ledger as one thread of a worker sees it."""

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from punctual.celery.batch import write_batch
from punctual.celery.records import GivenBack, Record, Started
from punctual.domain.clock import monotonic
from punctual.domain.source import Source
from punctual.store import runs
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database, SingleStatements

logger = logging.getLogger(__name__)

_ANCHOR_SECONDS = 60.0
_LAST_ANCHOR_SECONDS = 10 * _ANCHOR_SECONDS
_anchors: dict[str, tuple[datetime, float]] = {}
"""By the database, an instant of its time and the moment of the steady clock at which it was read."""


class Session:
    """A connection of its own, opened when first needed; every method raises what the store raises.

    A connection that was cut is noticed by the method that needs it, which may then be tried again.
    """

    def __init__(self, url: str) -> None:
        """Open nothing yet."""
        self._url = url
        self._opened: tuple[Database, DatabaseClock] | None = None
        self._single: SingleStatements | None = None
        self._within: float | None = None

    def instant(self, moment: float) -> datetime:
        """Return the instant of a moment of the steady clock, by the database's time.

        The two are paired for a while, and for all threads of this process alike, so that a run never ends before it
        starts.
        """
        # Who is in haste leaves it to the others, which write the ends of what he asks about.
        if self._within is None and self._age_of_pairing > _ANCHOR_SECONDS:
            _, clock = self._open()
            _anchors[self._url] = (clock.now(), monotonic())
        instant, paired = _anchors[self._url]
        return instant + timedelta(seconds=moment - paired)

    @property
    def is_ready(self) -> bool:
        """Whether one exchange with a server is all that it takes now to ask about a start."""
        return self._single is not None and self._single.is_connected and self._age_of_pairing < _LAST_ANCHOR_SECONDS

    @contextmanager
    def in_haste(self, seconds: float) -> Iterator[None]:
        """Wait so long for the answer about a start; `ask` raises DatabaseSilentError where a server takes longer."""
        self._within = seconds
        try:
            yield
        finally:
            self._within = None

    @property
    def _age_of_pairing(self) -> float:
        anchor = _anchors.get(self._url)
        return math.inf if anchor is None else monotonic() - anchor[1]

    def answers(self) -> bool:
        """Return True, once the database has answered."""
        database, _ = self._open()
        with database.read() as tx:
            tx.dialect.now(tx.connection)
        return True

    def ask(self, record: Started | GivenBack, at: datetime, *, again: bool) -> bool:
        """Write a record and return whether the ledger took it; `again` when the answer to this did not arrive."""
        database, _ = self._open()
        if not isinstance(record, Started):
            with database.write(Source.PLUGIN) as tx:
                return record.write(tx, at, again=again)
        self._single = self._single or database.single()
        with self._single.write(Source.PLUGIN, within=self._within) as tx:
            return record.write(tx, at, again=again)

    def write(self, batch: Sequence[Record]) -> None:
        """Write records in one transaction."""
        database, _ = self._open()
        instants = [self.instant(record.moment) for record in batch]
        with database.write(Source.PLUGIN) as tx:
            refused = write_batch(tx, list(zip(batch, instants, strict=True)))
        if refused:
            logger.debug("The ledger refused %d records", refused, extra={"action": "record_refused", "count": refused})

    def usable(self, record: Record) -> bool:
        """Tell whether the ledger can be read, so that the fault must be the record's own; raises nothing."""
        try:
            database, _ = self._open()
            with database.read() as tx:
                runs.get(tx, record.run_id)
        except Exception:  # noqa: BLE001 - any failure means the same: not usable
            return False
        return True

    def close(self) -> None:
        """Close what is open."""
        if self._single is not None:
            self._single.close()
        if self._opened is not None:
            self._opened[0].close()

    def _open(self) -> tuple[Database, DatabaseClock]:
        if self._opened is None:
            database = Database(self._url, tries_first=False)
            self._opened = (database, DatabaseClock(database))
        return self._opened
