"""The engine: a thread that fires what is due, sends what is unsent, and sleeps until there is more."""

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from punctual.domain.clock import Clock, SystemClock, monotonic
from punctual.domain.errors import PunctualError
from punctual.domain.processes import Node
from punctual.engine import backfill
from punctual.engine.dispatcher import Dispatcher
from punctual.engine.follower import Follower
from punctual.engine.gauges import NodeGauges
from punctual.engine.outages import Outages
from punctual.engine.queues import LOOK_SECONDS, QueueWatch
from punctual.engine.reconcile import LostRuns, end_overdue, release_waiting
from punctual.engine.retention import PACE_SECONDS, REST_SECONDS, Retention
from punctual.engine.tick import BATCH, tick
from punctual.store import agenda, nodes
from punctual.store.agenda import Agenda
from punctual.store.database import Database

LONGEST_SLEEP = 1.0
"""Seconds after which a node looks for changes that other processes made, where it does not hear of them."""

LONGEST_SLEEP_HEARING = 10.0
"""Seconds after which a node that hears of changes looks all the same."""

HEARTBEAT_SECONDS = 5.0
_IMPATIENCE = timedelta(seconds=1)
_UNHEARING_IMPATIENCE = timedelta(seconds=0.2)
"""While a backfill runs and nobody tells that a run has ended, as on SQLite; its next run starts so much later."""

_SHORTEST_SLEEP = 0.005
"""Seconds; when what is due now is in the hands of another node."""

_FIRST_PAUSE = 0.5
_LAST_PAUSE = 5.0
_LONGEST_HEARING = 1.0
"""Seconds; bounds how long a stop waits for the listener."""

_FIRING, _HEARING, _BEATING, _TIDYING = "firing", "hearing of changes", "the heartbeat", "removing old runs"
_MEASURING = "measuring the queues"

_log = logging.getLogger(__name__)


class Engine:
    """One node. Any number of them share the work; none is a leader.

    While the database or the broker is away the engine lives on, backs off, and catches up by policy afterwards.
    """

    def __init__(
        self,
        database: Database,
        dispatcher: Dispatcher,
        retention: Retention,
        queues: QueueWatch,
        clock: Clock,
        node: Node,
        *,
        machine: Clock | None = None,
        followers: Sequence[Follower] = (),
    ) -> None:
        """Prepare; `start` or `run` begins. `machine` is the clock of this machine, which is only told of."""
        self._followers = followers
        self._database = database
        self._dispatcher = dispatcher
        self._retention = retention
        self._queues = queues
        self._lost_runs = LostRuns(database, clock)
        self._clock = clock
        self._machine = machine or SystemClock()
        self._node = node
        self._gauges = NodeGauges()
        self._outages = Outages()
        self._stopping = threading.Event()
        self._hears = threading.Event()
        self._threads: list[threading.Thread] = []
        self._following: list[threading.Thread] = []

    def left_out(self, reasons: Mapping[str, str]) -> None:
        """Let people see, from the next heartbeat on, why schedules that the app declares are not there, by name."""
        self._node = self._node.model_copy(update={"left_out": dict(reasons) or None})

    def start(self) -> None:
        """Begin in threads of its own."""
        self._threads = [
            threading.Thread(target=self._fire, name="punctual-engine", daemon=True),
            threading.Thread(target=self._hear, name="punctual-listener", daemon=True),
            threading.Thread(target=self._beat, name="punctual-heartbeat", daemon=True),
            threading.Thread(target=self._tidy, name="punctual-retention", daemon=True),
            threading.Thread(target=self._measure, name="punctual-queues", daemon=True),
        ]
        self._following = [
            threading.Thread(target=each.run, args=(self._stopping,), name=each.name, daemon=True)
            for each in self._followers
        ]
        for thread in (*self._threads, *self._following):
            thread.start()

    def request_stop(self) -> None:
        """Ask the engine to end after the batch it is at; safe in a signal handler."""
        self._stopping.set()
        self._database.announce_change()

    def stop(self, timeout: float) -> bool:
        """End after the batch it is at: everything recorded is sent, or left for any other node to send.

        Waits up to `timeout` seconds, and tells whether all has ended. What was not finished by then, because the
        database or the broker keeps it waiting, is taken over when its lease runs out.
        """
        self.request_stop()
        deadline = monotonic() + timeout
        for thread in (*self._threads, *self._following):
            thread.join(max(deadline - monotonic(), 0.0))
        ended = not any(thread.is_alive() for thread in self._threads)
        if not ended:
            _log.warning("the engine did not end within %g s", timeout, extra={"action": "engine_not_ended"})
        return ended

    def run(self) -> None:
        """Begin, and return once `request_stop` was called and the engine has ended."""
        self.start()
        for thread in self._threads:
            thread.join()

    def step(self) -> datetime | None:
        """Fire and send everything that is due now; return when there is more to do, None when nothing is planned."""
        while not self._stopping.is_set():
            now = self._clock.now()
            if self._fire_batch() == BATCH:
                self._fire_many()
            with self._database.read() as tx:
                due = agenda.read(tx)
            if not self._reconcile(due, now):
                return self._wake(due)
        return None

    def _fire_batch(self) -> int:
        """Record and send a batch of what is due; return how many schedules there were."""
        now = self._clock.now()
        lease = self._dispatcher.lease(now)
        fired = tick(self._database, now=now, lease=lease)
        self._dispatcher.send(fired.messages, lease)
        self._note_sent(len(fired.messages), fired.due)
        return fired.claimed

    def _fire_many(self) -> None:
        """Go on batch by batch; in two threads where the database can work for one while the other plans."""
        if not self._database.dialect.takes_writers_side_by_side:
            self._fire_batches()
            return
        faults: list[Exception] = []

        def help_firing() -> None:
            try:
                self._fire_batches()
            except Exception as error:  # noqa: BLE001 - raised again below, in the thread that reports
                faults.append(error)

        helper = threading.Thread(target=help_firing, name="punctual-engine-helper", daemon=True)
        helper.start()
        try:
            self._fire_batches()
        finally:
            helper.join()
        if faults:
            raise faults[0]

    def _fire_batches(self) -> None:
        while not self._stopping.is_set() and self._fire_batch() == BATCH:
            pass

    def _reconcile(self, due: Agenda, now: datetime) -> bool:
        """Do what the agenda has for now beside fire times; return whether that may have made more to do."""
        worked = False
        if due.deadline is not None and due.deadline <= now:
            worked |= end_overdue(self._database, now) > 0
        if due.buffered:
            worked |= release_waiting(self._database, now) > 0
        if due.stops:
            self._dispatcher.send_stops()
        if due.backfills:
            worked |= backfill.step(self._database, now)
        if due.send is not None and due.send <= now:
            unsent = self._dispatcher.send_unsent(now)
            self._note_sent(unsent, due.send)
            worked |= unsent > 0
        return worked

    def _note_sent(self, count: int, due: datetime | None) -> None:
        if self._dispatcher.broker_error is None:
            self._gauges.fired(count, due, self._clock.now())

    def _wake(self, due: Agenda) -> datetime | None:
        """Return when there is more to do; while runs or backfills wait, a look each second finds room not told of."""
        now, send = self._clock.now(), due.send
        if send is not None:
            send = max(send, self._dispatcher.blocked(now) or send)
        earliest = due.earliest(send)
        if not (due.buffered or due.stops or due.backfills):
            return earliest
        unheard = due.backfills and not self._hears.is_set()
        soon = now + (_UNHEARING_IMPATIENCE if unheard else _IMPATIENCE)
        return min(earliest or soon, soon)

    def retain(self) -> bool:
        """Remove a batch of what the ledger need not keep; return whether there may be more."""
        return self._retention.step()

    def heartbeat(self) -> None:
        """Tell the others that this node lives, how it does, and what is wrong."""
        self._dispatcher.check_broker()
        now, load = self._clock.now(), self._gauges.beat()
        seen = {
            "seen_at": now,
            "lag": load.lag,
            "sent_per_second": load.sent_per_second,
            "busy": load.busy,
            "clock_offset": (self._machine.now() - now).total_seconds(),
            "database_error": self._outages.sentence(_FIRING),
            "broker_error": self._dispatcher.broker_error,
            "runs_removed": self._retention.removed,
            "following_error": next((each.fault for each in self._followers if each.fault is not None), None),
        }
        with self._database.write() as tx:
            nodes.heartbeat(tx, self._node.model_copy(update=seen))

    def end_lost(self) -> None:
        """End, or attempt again, the runs whose worker has given no sign of life."""
        if self._lost_runs.step():
            self._database.announce_change()

    def _fire(self) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            try:
                with self._gauges.working():
                    wake = self.step()
            except Exception as error:  # noqa: BLE001 - the process lives through every fault and says so
                pause = min(max(pause * 2, _FIRST_PAUSE), _LAST_PAUSE)
                self._outages.met(_FIRING, error, pause)
                self._stopping.wait(pause)
            else:
                pause = 0.0
                self._outages.over(_FIRING)
                self._database.wait_for_change(self._seconds_until(wake))

    def _seconds_until(self, wake: datetime | None) -> float:
        longest = LONGEST_SLEEP_HEARING if self._hears.is_set() else LONGEST_SLEEP
        if wake is None:
            return longest
        seconds = (wake - self._clock.now()).total_seconds()
        return min(seconds if seconds > 0 else _SHORTEST_SLEEP, longest)

    def _hear(self) -> None:
        """Wake at once for the changes of other processes, where the database tells of them."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                with self._database.hearing() as hear:
                    if hear is None:
                        return
                    self._hears.set()
                    self._outages.over(_HEARING)
                    pause = _FIRST_PAUSE
                    while not self._stopping.is_set():
                        hear(_LONGEST_HEARING)
            except Exception as error:  # noqa: BLE001 - as above
                self._hears.clear()
                self._database.announce_change()  # a sleep that counted on hearing ends
                self._outages.met(_HEARING, error, pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _LAST_PAUSE)

    def _tidy(self) -> None:
        """Remove old runs beside all else; in a thread of its own, so that firing never waits for it."""
        pause = PACE_SECONDS
        while not self._stopping.wait(pause):
            try:
                pause = PACE_SECONDS if self.retain() else REST_SECONDS
                self._outages.over(_TIDYING)
            except Exception as error:  # noqa: BLE001 - as above
                pause = REST_SECONDS
                self._outages.met(_TIDYING, error, pause)

    def _measure(self) -> None:
        """Look at the queues, in a thread of its own: a broker may take its time to answer."""
        while not self._stopping.is_set():
            try:
                self._queues.step()
                self._outages.over(_MEASURING)
            except Exception as error:  # noqa: BLE001 - as above
                self._outages.met(_MEASURING, error, LOOK_SECONDS)
            self._stopping.wait(LOOK_SECONDS)

    def _beat(self) -> None:
        while True:
            try:
                self.heartbeat()
                self.end_lost()
                self._outages.over(_BEATING)
            except Exception as error:  # noqa: BLE001 - as above
                self._outages.met(_BEATING, error, HEARTBEAT_SECONDS)
            if self._stopping.wait(HEARTBEAT_SECONDS):
                break
        try:
            with self._database.write() as tx:
                nodes.leave(tx, self._node.id)
        except PunctualError:
            _log.warning("this node could not sign off", extra={"action": "node_left_silently"})
