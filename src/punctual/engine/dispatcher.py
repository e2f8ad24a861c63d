"""Send the messages of recorded runs, and note that they were sent."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from punctual.domain.clock import Clock
from punctual.domain.errors import BrokerUnavailableError
from punctual.engine.sender import Sender, TaskMessage
from punctual.store import outbox
from punctual.store.database import Database
from punctual.store.ledger import Lease
from punctual.store.outbox import UnsentRun

LEASE = timedelta(seconds=30)
_BATCH = 1000
_FIRST_PAUSE = timedelta(seconds=1)
_LAST_PAUSE = timedelta(seconds=15)

_log = logging.getLogger(__name__)


class Dispatcher:
    """Publishes messages under a lease; while the broker is away it backs off and the runs stay pending.

    A crash between publishing and marking lets the lease run out, and any node sends again under the same run id.
    """

    def __init__(self, database: Database, sender: Sender, clock: Clock, node: UUID) -> None:
        """Start with a broker believed to be there."""
        self._database = database
        self._sender = sender
        self._clock = clock
        self._node = node
        self._failures = 0
        self._blocked_until: datetime | None = None
        self.broker_error: str | None = None

    def lease(self, now: datetime) -> Lease:
        """Return this node's lease for what it is about to record."""
        return Lease(self._node, now + LEASE)

    def blocked(self, now: datetime) -> datetime | None:
        """Return until when sending is put off because the broker failed; None when it is not."""
        if self._blocked_until is not None and now >= self._blocked_until:
            self._blocked_until = None
        return self._blocked_until

    def send(self, messages: Sequence[TaskMessage], now: datetime) -> None:
        """Publish messages whose lease this node holds, or put them back when the broker does not take them."""
        if not messages:
            return
        ids = [message.run_id for message in messages]
        until = self.blocked(now)
        if until is None:
            try:
                self._sender.send(messages)
            except BrokerUnavailableError as error:
                until = self._back_off(now, error)
        with self._database.write() as tx:
            if until is None:
                outbox.mark_queued(tx, ids, at=self._clock.now())
            else:
                outbox.put_back(tx, ids, until=until)
        if until is None:
            self._recovered()

    def send_unsent(self, now: datetime) -> int:
        """Take over and send due runs that nobody is sending; return how many were taken."""
        if self.blocked(now) is not None:
            return 0
        with self._database.write() as tx:
            unsent = outbox.claim_unsent(tx, now, lease=self.lease(now), limit=_BATCH)
        self.send([_message(run) for run in unsent], now)
        return len(unsent)

    def check_broker(self) -> None:
        """Learn whether the broker answers, so that a node with nothing to send can tell."""
        try:
            self._sender.check()
        except BrokerUnavailableError as error:
            self.broker_error = error.message
        else:
            self._recovered()

    def _back_off(self, now: datetime, error: BrokerUnavailableError) -> datetime:
        pause = min(_FIRST_PAUSE * 2 ** min(self._failures, 10), _LAST_PAUSE)
        self._failures += 1
        self.broker_error = error.message
        self._blocked_until = now + pause
        _log.warning(
            "the broker does not take messages; trying again in %g s: %s",
            pause.total_seconds(),
            error.message,
            extra={"action": "broker_unavailable"},
        )
        return self._blocked_until

    def _recovered(self) -> None:
        if self.broker_error is not None:
            _log.info("the broker takes messages again", extra={"action": "broker_available"})
        self._failures = 0
        self._blocked_until = None
        self.broker_error = None


def _message(run: UnsentRun) -> TaskMessage:
    """Build a message from the stored version of the spec, whose task call was validated when it was written."""
    document = run.document
    return TaskMessage(
        run_id=run.id,
        schedule_id=run.schedule_id,
        schedule=run.schedule,
        fire_time=run.fire_time,
        cause=run.cause,
        task=document["task"],
        args=document["args"] if run.args is None else run.args,
        kwargs=document["kwargs"] if run.kwargs is None else run.kwargs,
        queue=document["queue"],
    )
