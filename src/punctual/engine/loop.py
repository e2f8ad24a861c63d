"""The engine: a thread that fires what is due, sends what is unsent, and sleeps until there is more."""

import logging
import threading
from datetime import datetime

from punctual.domain.clock import Clock
from punctual.domain.errors import DatabaseUnavailableError, PunctualError
from punctual.domain.processes import Node
from punctual.engine.dispatcher import Dispatcher
from punctual.engine.retention import PACE_SECONDS, REST_SECONDS, Retention
from punctual.engine.tick import BATCH, tick
from punctual.store import nodes, outbox, schedules
from punctual.store.database import Database

LONGEST_SLEEP = 1.0
"""Seconds after which a node looks for changes that other processes made, where it does not hear of them."""

LONGEST_SLEEP_HEARING = 10.0
"""Seconds after which a node that hears of changes looks all the same."""

HEARTBEAT_SECONDS = 5.0
_FIRST_PAUSE = 0.5
_LAST_PAUSE = 5.0
_LONGEST_HEARING = 1.0
"""Seconds; bounds how long a stop waits for the listener."""

_log = logging.getLogger(__name__)


class Engine:
    """One node. Any number of them share the work; none is a leader.

    While the database or the broker is away the engine lives on, backs off, and catches up by policy afterwards.
    """

    def __init__(
        self, database: Database, dispatcher: Dispatcher, retention: Retention, clock: Clock, node: Node
    ) -> None:
        """Prepare; `start` or `run` begins."""
        self._database = database
        self._dispatcher = dispatcher
        self._retention = retention
        self._clock = clock
        self._node = node
        self._stopping = threading.Event()
        self._hears = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin in threads of its own."""
        self._threads = [
            threading.Thread(target=self._fire, name="punctual-engine", daemon=True),
            threading.Thread(target=self._hear, name="punctual-listener", daemon=True),
            threading.Thread(target=self._beat, name="punctual-heartbeat", daemon=True),
            threading.Thread(target=self._tidy, name="punctual-retention", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def request_stop(self) -> None:
        """Ask the engine to end after the batch it is at; safe in a signal handler."""
        self._stopping.set()
        self._database.announce_change()

    def stop(self, timeout: float) -> None:
        """End after the batch it is at: everything recorded is sent, or left for any other node to send.

        Waits up to `timeout` seconds; what was not finished by then is taken over when its lease runs out.
        """
        self.request_stop()
        for thread in self._threads:
            thread.join(timeout)

    def run(self) -> None:
        """Begin, and return once `request_stop` was called and the engine has ended."""
        self.start()
        for thread in self._threads:
            thread.join()

    def step(self) -> datetime | None:
        """Fire and send everything that is due now; return when there is more to do, None when nothing is planned."""
        while not self._stopping.is_set():
            now = self._clock.now()
            fired = tick(self._database, now=now, lease=self._dispatcher.lease(now))
            self._dispatcher.send(fired.messages, now)
            unsent = self._dispatcher.send_unsent(now)
            if fired.claimed < BATCH and unsent < BATCH:
                break
        with self._database.read() as tx:
            due, unsent_from = schedules.next_due_time(tx), outbox.next_unsent_time(tx)
        if unsent_from is not None:
            unsent_from = max(unsent_from, self._dispatcher.blocked(self._clock.now()) or unsent_from)
        return min((instant for instant in (due, unsent_from) if instant is not None), default=None)

    def retain(self) -> bool:
        """Remove a batch of what the ledger need not keep; return whether there may be more."""
        return self._retention.step()

    def heartbeat(self) -> None:
        """Tell the others that this node lives, and whether it can send."""
        self._dispatcher.check_broker()
        seen = {
            "seen_at": self._clock.now(),
            "broker_error": self._dispatcher.broker_error,
            "runs_removed": self._retention.removed,
        }
        with self._database.write() as tx:
            nodes.heartbeat(tx, self._node.model_copy(update=seen))

    def _fire(self) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            try:
                wake = self.step()
            except Exception as error:  # noqa: BLE001 - the process lives through every fault and says so
                pause = min(max(pause * 2, _FIRST_PAUSE), _LAST_PAUSE)
                _report(error, pause)
                self._stopping.wait(pause)
            else:
                pause = 0.0
                self._database.wait_for_change(self._seconds_until(wake))

    def _seconds_until(self, wake: datetime | None) -> float:
        longest = LONGEST_SLEEP_HEARING if self._hears.is_set() else LONGEST_SLEEP
        if wake is None:
            return longest
        seconds = (wake - self._clock.now()).total_seconds()
        return min(max(seconds, 0.0), longest)

    def _hear(self) -> None:
        """Wake at once for the changes of other processes, where the database tells of them."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                with self._database.hearing() as hear:
                    if hear is None:
                        return
                    self._hears.set()
                    pause = _FIRST_PAUSE
                    while not self._stopping.is_set():
                        hear(_LONGEST_HEARING)
            except Exception as error:  # noqa: BLE001 - as above
                self._hears.clear()
                self._database.announce_change()  # a sleep that counted on hearing ends
                _report(error, pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _LAST_PAUSE)

    def _tidy(self) -> None:
        """Remove old runs beside all else; in a thread of its own, so that firing never waits for it."""
        pause = PACE_SECONDS
        while not self._stopping.wait(pause):
            try:
                pause = PACE_SECONDS if self.retain() else REST_SECONDS
            except Exception as error:  # noqa: BLE001 - as above
                pause = REST_SECONDS
                _report(error, pause)

    def _beat(self) -> None:
        while True:
            try:
                self.heartbeat()
            except Exception as error:  # noqa: BLE001 - as above
                _report(error, HEARTBEAT_SECONDS)
            if self._stopping.wait(HEARTBEAT_SECONDS):
                break
        try:
            with self._database.write() as tx:
                nodes.leave(tx, self._node.id)
        except PunctualError:
            _log.warning("this node could not sign off", extra={"action": "node_left_silently"})


def _report(error: Exception, pause: float) -> None:
    if isinstance(error, DatabaseUnavailableError):
        _log.warning("%s Trying again in %g s.", error.message, pause, extra={"action": "database_unavailable"})
    else:
        _log.error(
            "the engine met an error it does not know; going on in %g s",
            pause,
            exc_info=error,
            extra={"action": "engine_error"},
        )
