"""Send the messages of recorded runs, and note that they were sent."""

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from punctual.domain.clock import Clock
from punctual.domain.errors import BrokerUnavailableError
from punctual.domain.masking import DEFAULT_MASKING, Masking
from punctual.domain.message_options import MessageOptions
from punctual.domain.names import DEFAULT_SERVICE
from punctual.domain.run import RunError
from punctual.engine import outcomes
from punctual.engine.sender import Sender, TaskMessage, Unsendable
from punctual.engine.veil import Veil
from punctual.store import attempts, followed, outbox, workers
from punctual.store.database import Database, Transaction
from punctual.store.ledger import Lease
from punctual.store.outbox import UnsentRun

LEASE = timedelta(seconds=12)
"""So long a node may take to send a batch; then any other does, because it may be dead."""

RESEND_AFTER = timedelta(minutes=5)
"""A message from which no worker has started the run for so long may be lost, and is sent again."""

_SEEN_WITHIN = timedelta(seconds=15)
_LATELY = timedelta(days=1)
_BATCH = 1000
_FIRST_PAUSE = timedelta(seconds=1)
_LAST_PAUSE = timedelta(seconds=15)

_log = logging.getLogger(__name__)


class Dispatcher:
    """Publishes messages under a lease; while the broker is away it backs off and the runs stay pending.

    A crash between publishing and marking lets the lease run out, and any node sends again under the same run id.
    """

    def __init__(
        self,
        database: Database,
        sender: Sender,
        clock: Clock,
        node: UUID,
        resend_after: timedelta = RESEND_AFTER,
        masking: Masking = DEFAULT_MASKING,
    ) -> None:
        """Start with a broker believed to be there."""
        self._veil = Veil(database, masking)
        self._resend_after = resend_after
        self._database = database
        self._sender = sender
        self._clock = clock
        self._node = node
        self._sending = threading.Lock()
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

    def send(self, messages: Sequence[TaskMessage], lease: Lease) -> None:
        """Publish first messages under a lease, or put them back when the broker does not take them.

        One batch at a time is between its publishing and its mark, so a crash doubles the messages of one at most.
        """
        with self._sending:
            self._send(messages, lease, {})

    def send_unsent(self, now: datetime) -> int:
        """Take over and send what is to be sent and nobody is sending; return how many runs were taken."""
        if self.blocked(now) is not None:
            return 0
        lease = self.lease(now)
        with self._database.write() as tx:
            unsent = outbox.claim_unsent(tx, now, lease=lease, limit=_BATCH)
            unsent, again_at = self._without_unserved(tx, unsent, now)
        with self._sending:
            self._send([_message(run) for run in unsent], lease, again_at)
        return len(unsent)

    def send_stops(self) -> None:
        """Ask the workers to stop what is to be stopped, unless the broker is away."""
        now = self._clock.now()
        if self.blocked(now) is not None:
            return
        with self._database.read() as tx:
            stops = attempts.to_stop(tx, limit=_BATCH)
        try:
            self._sender.stop(stops)
        except BrokerUnavailableError as error:
            self._back_off(now, error)
            return
        with self._database.write() as tx:
            attempts.asked_to_stop(tx, stops)

    def _send(self, messages: Sequence[TaskMessage], lease: Lease, again_at: Mapping[UUID, datetime]) -> None:
        """Publish; `again_at` has the runs that were sent before, with when to send them once more."""
        now = self._clock.now()
        if not messages or now >= lease.until:  # this process stood still meanwhile: another node sends them
            return
        until = self.blocked(now)
        refused: Sequence[Unsendable] = ()
        if until is None:
            try:
                refused = self._sender.send(self._veil.over(messages, now))
            except BrokerUnavailableError as error:
                until = self._back_off(now, error)
        attempt_of = {message.run_id: message.attempt for message in messages}
        with self._database.write() as tx:
            if until is None:
                self._mark_sent(tx, list(attempt_of), again_at)
            else:
                outbox.put_back(tx, list(attempt_of), node=self._node, until=until)
        if until is None:
            self._end_refused(refused, attempt_of)
            self._recovered()
            if again_at:
                _log.info(
                    "%d messages of which nothing was heard were sent again",
                    len(again_at),
                    extra={"action": "messages_sent_again", "count": len(again_at)},
                )

    def _mark_sent(
        self,
        tx: Transaction,
        ids: Sequence[UUID],
        again_at: Mapping[UUID, datetime],
    ) -> None:
        at = self._clock.now()
        first = [key for key in ids if key not in again_at]
        if first:
            outbox.mark_sent(tx, first, node=self._node, at=at, again_at=at + self._resend_after)
        outbox.mark_sent_again(tx, list(again_at.items()), node=self._node)

    def _end_refused(self, refused: Sequence[Unsendable], attempt_of: Mapping[UUID, int]) -> None:
        """End the attempts whose messages the broker never takes.

        Each in a transaction of its own: the end of a run locks its schedule, which comes before all locks of runs.
        """
        reason = "The broker refuses its message."
        for run_id, answer in refused:
            error = RunError(type="Unsendable", message=answer)
            at, attempt = self._clock.now(), attempt_of[run_id]
            with self._database.write() as tx:
                outcomes.failed(tx, run_id, attempt=attempt, at=at, error=error, reason=reason)

    def _without_unserved(
        self, tx: Transaction, unsent: list[UnsentRun], now: datetime
    ) -> tuple[list[UnsentRun], dict[UUID, datetime]]:
        """Leave out what was sent before and must not be twice, or whose task no worker serves: its message waits.

        Only the plug-in's gate refuses a second start. So nothing is sent again of a schedule whose runs others than
        the plug-in told of lately. Return the rest, and of that when to send once more what was sent before.
        """
        repeated = [run for run in unsent if run.queued_at is not None]
        if not repeated:
            return unsent, {}
        names = {run.document["task"] for run in repeated}
        served = workers.served_since(tx, names, since=now - _SEEN_WITHIN)
        ungated = followed.told_without_plugin(tx, {run.schedule_id for run in repeated}, since=now - _LATELY)
        unserved = {run.id for run in repeated if run.document["task"] not in served or run.schedule_id in ungated}
        outbox.put_back(tx, unserved, node=self._node, until=now + self._resend_after)
        again_at = {run.id: outbox.next_try(run, now, self._resend_after) for run in repeated}
        kept = [run for run in unsent if run.id not in unserved]
        return kept, {key: at for key, at in again_at.items() if key not in unserved}

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
        options=MessageOptions.of_document(document),
        attempt=run.attempt + 1,
        expires_at=run.deadline,
        timeout=document.get("timeout"),
        repeated=run.repeated,
        previous_fire_time=run.previous_fire_time,
        service=document.get("service", DEFAULT_SERVICE),
        labels=document.get("labels", {}),
    )
