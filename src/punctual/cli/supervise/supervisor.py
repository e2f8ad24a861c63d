"""Starts children, keeps them running, and stops them in the right order."""

import os
import signal
import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import FrameType

from punctual.cli.supervise.child import Backoff, Child, ChildSpec
from punctual.cli.supervise.guard import Guard, Patience
from punctual.cli.supervise.guard_process import SURE_TO_DIE
from punctual.cli.supervise.output import Output
from punctual.domain.clock import monotonic


@dataclass(frozen=True)
class StopAsked:
    """A signal asked for the end."""


@dataclass(frozen=True)
class ChildEnded:
    """A child ended although nobody asked it to; it is started again after its pause."""

    child: Child


@dataclass(frozen=True)
class _ChildGone:
    child: Child


class Supervisor:
    """Children of this process. Nothing that it starts outlives it, however it ends.

    `events` is where the main thread waits: signals, ends of children, and whatever other threads put there.
    """

    def __init__(
        self, *, lock: int, output: Output, backoff: Backoff | None = None, patience: Patience | None = None
    ) -> None:
        """Prepare; `lock` is the descriptor of the locked file of the data folder."""
        self.events: SimpleQueue[object] = SimpleQueue()
        self._output = output
        self._backoff = backoff or Backoff()
        self._patience = patience or Patience()
        self.guard = Guard(lock, self._patience)
        self._children: list[Child] = []

    def open(self) -> None:
        """Take over SIGINT, SIGTERM and SIGHUP, and start the guard. Call from the main thread."""
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        threading.Thread(target=self._hear, args=(reading,), name="signals", daemon=True).start()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays what it is
                signal.signal(number, _do_nothing)
        self.guard.start()

    def start(self, spec: ChildSpec) -> Child:
        """Start a child and keep it running until `stop`."""
        child = Child(
            spec,
            guard=self.guard,
            output=self._output,
            backoff=self._backoff,
            on_end=lambda ended: self.events.put(ChildEnded(ended)),
            on_gone=lambda gone: self.events.put(_ChildGone(gone)),
        )
        self._children.append(child)
        child.start()
        return child

    def stop(self) -> None:
        """Stop all children, those marked `last` after the others, and the guard. A further signal kills at once."""
        first = [child for child in self._children if not child.spec.last]
        last = [child for child in self._children if child.spec.last]
        self._stop(first, self._patience.quit_after, self._patience.kill_after)
        self._stop(last, self._patience.kill_last_after, self._patience.kill_last_after)
        self.guard.close()

    def _stop(self, children: list[Child], quit_after: float, kill_after: float) -> None:
        began = monotonic()
        steps = [(kill_after, self._kill), (kill_after + SURE_TO_DIE, self._give_up)]
        if quit_after < kill_after:
            steps.insert(0, (quit_after, self._quit))
        for child in children:
            child.stop()
        while alive := [child for child in children if not child.gone]:
            when, step = steps[0]
            if monotonic() - began >= when:
                step(alive)
                steps.pop(0)
                if not steps:
                    return
                continue
            if self._hurried(within=began + when - monotonic()):
                self._output.notice("killing what is left")
                steps = [(0, self._kill), (monotonic() - began + SURE_TO_DIE, self._give_up)]

    def _hurried(self, *, within: float) -> bool:
        """Wait for the next event, at most `within` seconds; return whether it is one more signal."""
        try:
            event = self.events.get(timeout=max(within, 0))
        except Empty:
            return False
        return isinstance(event, StopAsked)

    def _quit(self, alive: list[Child]) -> None:
        for child in alive:
            if child.spec.quits:
                self._output.notice(f"{child.spec.name} is still busy; asking it to give its work back")
                child.stop(signal.SIGQUIT)

    def _kill(self, alive: list[Child]) -> None:
        for child in alive:
            self._output.notice(f"{child.spec.name} did not stop in time; killing it")
            child.kill()

    def _give_up(self, alive: list[Child]) -> None:
        names = ", ".join(f"{child.spec.name} (process {child.pid})" for child in alive)
        self._output.notice(f"could not be killed: {names}")

    def _hear(self, signals: int) -> None:
        """Put an event for each signal. A handler would not do: it waits until the main thread happens to wake up."""
        while numbers := os.read(signals, 64):
            for _ in numbers:
                self.events.put(StopAsked())


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Be a handler, so that the signal does not end the process and its number is written to the wake-up pipe."""
