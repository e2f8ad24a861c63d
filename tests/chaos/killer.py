"""Brings the faults about, and puts everything back on its feet; each is a line in the log."""

import heapq
import itertools
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from chaos.scenario import Fault, Kind
from chaos.site import Death, Member, Site

_LOOK_SECONDS = 0.2
_RESTART_SECONDS = 1.0
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'punctual' AND datname = current_database()"


class Killer:
    """Works in the main thread: what it starts must not end with a thread that does."""

    def __init__(self, site: Site, database: psycopg.Connection[Any], log: Path) -> None:
        """Do nothing yet; `database` sees the other connections."""
        self.deaths: list[Death] = []
        self.done: list[Kind] = []
        self.died_by_themselves: list[str] = []
        self._site = site
        self._database = database
        self._log = log
        self._began = time.monotonic()
        self._numbers = itertools.count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._broker_up = True

    def run(self, faults: Sequence[Fault], seconds: float) -> None:
        """Bring the faults about, and return at the earliest after so many seconds, when all is running again."""
        self._began = time.monotonic()
        for fault in faults:
            self._later(fault.at, lambda fault=fault: self._act(fault))  # type: ignore[misc] # mypy misses the default
        while self._agenda or time.monotonic() - self._began < seconds:
            self.attend()
            due = self._began + (self._agenda[0][0] if self._agenda else seconds)
            time.sleep(min(max(due - time.monotonic(), 0), _LOOK_SECONDS))
        self._site.broker.wait_until_ready()
        self.note("all faults are over")

    def attend(self) -> None:
        """Do what is due, and notice the processes that ended by themselves."""
        self._look()
        while self._agenda and self._began + self._agenda[0][0] <= time.monotonic():
            heapq.heappop(self._agenda)[2]()

    def _look(self) -> None:
        """Start again what ended by itself; a worker of Celery's may, when it loses a process of its pool too early."""
        for member in self._site.members:
            code = member.died_by_itself()
            if code is None:
                continue
            self.note(f"{member.name} ended by itself with code {code}")
            if member in self._site.nodes:
                self.died_by_themselves.append(f"{member.name} ended by itself with code {code}")
            self._kill(member, _RESTART_SECONDS)

    def note(self, text: str) -> None:
        """Write a line into the log."""
        with self._log.open("a") as log:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            log.write(f"{at} +{time.monotonic() - self._began:6.2f} s  {text}\n")

    def _later(self, at: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._numbers), action))

    def _soon(self, seconds: float, action: Callable[[], None], text: str) -> None:
        def act() -> None:
            action()
            self.note(f"  {text}")

        self._later(time.monotonic() - self._began + seconds, act)

    def _act(self, fault: Fault) -> None:
        hit = self._hit(fault)
        self.note(f"{fault}: {hit or 'nothing to hit'}")
        if hit:
            self.done.append(fault.kind)

    def _hit(self, fault: Fault) -> str | None:
        site = self._site
        node = site.nodes[fault.target % len(site.nodes)]
        worker = site.workers[fault.target % len(site.workers)]
        acts: dict[Kind, Callable[[], str | None]] = {
            Kind.KILL_NODE: lambda: self._kill(node, fault.pause),
            Kind.KILL_WORKER: lambda: self._kill(worker, fault.pause),
            Kind.FREEZE_NODE: lambda: self._freeze(node, fault.pause),
            Kind.FREEZE_WORKER: lambda: self._freeze(worker, fault.pause),
            Kind.KILL_POOL_PROCESS: lambda: self._kill_pool_process(fault.target),
            Kind.KILL_BROKER: lambda: self._kill_broker(fault.pause),
            Kind.CUT_DATABASE: lambda: self._cut(1 + fault.target % 8, fault.target),
            Kind.FREEZE_DATABASE: lambda: self._freeze_backend(fault.target, fault.pause),
        }
        return acts[fault.kind]()

    def _kill(self, member: Member, pause: float) -> str | None:
        death = member.kill()
        if death is None:
            return None
        self.deaths.append(death)
        self._soon(pause, member.start, f"{member.name} is started again")
        return f"{member.name}, {sorted(death.pids)}"

    def _freeze(self, member: Member, pause: float) -> str:
        member.signal(signal.SIGSTOP)
        self._soon(pause, lambda: member.signal(signal.SIGCONT), f"{member.name} goes on")
        return member.name

    def _kill_pool_process(self, target: int) -> str | None:
        found = [(member, pid) for member in self._site.workers for pid in member.pool]
        if not found:
            return None
        member, pid = found[target % len(found)]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.deaths.append(Death(member.name, frozenset([pid]), time.time(), whole=False))
        return f"{member.name}, {pid}"

    def _kill_broker(self, pause: float) -> str | None:
        self._site.broker.kill()
        self._soon(pause, self._site.broker.launch, "the broker is started again")
        return "the broker"

    def _cut(self, count: int, target: int) -> str | None:
        found = self._backends()
        chosen = [found[(target + number) % len(found)] for number in range(min(count, len(found)))]
        for pid in chosen:
            self._database.execute("SELECT pg_terminate_backend(%s)", [pid])
        return f"{chosen}" if chosen else None

    def _freeze_backend(self, target: int, pause: float) -> str | None:
        found = self._backends()
        if not found:
            return None
        pid = found[target % len(found)]

        def thaw() -> None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

        os.kill(pid, signal.SIGSTOP)
        self._soon(pause, thaw, f"database process {pid} goes on")
        return f"{pid}"

    def _backends(self) -> list[int]:
        return [pid for (pid,) in self._database.execute(f"{_BACKENDS} ORDER BY pid").fetchall()]
