"""Keeping the database at its size: a small batch at a time of what need not be kept is removed."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from punctual.domain.clock import Clock
from punctual.domain.policies import KeepRuns
from punctual.store import kept_results, locks, retention, totals
from punctual.store.database import Database, Transaction

BATCH = 500
"""Rows removed in one transaction: on SQLite nobody else can write meanwhile, some hundredths of a second."""

PACE_SECONDS = 1.0
"""Between one batch and the next."""

REST_SECONDS = 60.0
"""Until a node looks again after it found nothing more to remove."""

_LONGEST_OUTAGE = timedelta(hours=1)
"""A process that could not renew its lock for less than this still holds it, unless somebody has taken it."""

_LONGEST_STATEMENT_SECONDS = 5.0
_RECORDS_AT_ONCE = 20_000
_MOST_SCHEDULES = 100
_COUNTED_FOR = timedelta(days=7)
_COUNTS_EVERY = timedelta(hours=1)

_log = logging.getLogger(__name__)


class Retention:
    """One node's part in removing old runs and versions; `removed` is how many runs it has removed."""

    def __init__(self, database: Database, clock: Clock, keep: KeepRuns) -> None:
        """Begin the walk through the schedules at its start."""
        self._database = database
        self._clock = clock
        self._keep = keep
        self._after: UUID | None = None
        self._counts_looked_at: datetime | None = None
        self.removed = 0

    def step(self) -> bool:
        """Remove at most one batch of each kind; return whether there may be more."""
        self._forget_idle()
        with self._database.write() as tx:
            tx.dialect.limit_statements(tx.connection, _LONGEST_STATEMENT_SECONDS)
            expired = self._remove_expired(tx)
            old = self._remove_old(tx)
            excess, walked = self._remove_excess(tx, BATCH - old)
        removed = old + excess
        self.removed += removed
        if removed:
            _log.info("removed %d old runs", removed, extra={"action": "runs_removed", "count": removed})
        return max(removed, expired) >= BATCH or not walked

    def _remove_expired(self, tx: Transaction) -> int:
        """Remove kept results whose time is over, and locks whose holders are not to come back; return the larger."""
        now = self._clock.now()
        results = kept_results.remove_expired(tx, before=now, limit=BATCH)
        return max(results, locks.remove_expired(tx, before=now - _LONGEST_OUTAGE, limit=BATCH))

    def _forget_idle(self) -> None:
        """Stop counting schedules apart of which nothing has ended for long; what their tasks count stays."""
        now = self._clock.now()
        if self._counts_looked_at is None or now - self._counts_looked_at >= _COUNTS_EVERY:
            self._counts_looked_at = now
            with self._database.write() as tx:
                totals.forget_idle(tx, before=now - _COUNTED_FOR)

    def _remove_old(self, tx: Transaction) -> int:
        if self._keep.age is None:
            return 0
        before = self._clock.now() - self._keep.age
        removed = retention.remove_ended(tx, before=before, limit=BATCH)
        retention.remove_backfills(tx, before=before, limit=BATCH)
        retention.remove_versions(tx, before=before, limit=BATCH)
        return removed

    def _remove_excess(self, tx: Transaction, limit: int) -> tuple[int, bool]:
        """Look at some more schedules; return how many runs were removed, and whether the walk is at its end."""
        keep = self._keep.per_schedule
        if keep is None:
            return 0, True
        at_once = max(1, min(_MOST_SCHEDULES, _RECORDS_AT_ONCE // keep))
        found, last = retention.find_excess(tx, keep=keep, after=self._after, schedules_at_once=at_once)
        removed = 0
        for excess in found:
            removed += retention.remove_excess(tx, excess, limit=limit - removed)
            if removed >= limit:
                return removed, False  # the next step looks at these schedules again
        self._after = last
        return removed, last is None
