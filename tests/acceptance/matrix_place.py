"""One place of the matrix: a pool, a broker and a Celery version, with workers in which every situation arises.

What a worker survives comes first, all at once; what ends it comes last, and costs a worker each.
"""

import contextlib
import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import JsonValue

from integration.celery.site import Site, message_of, soon_stale
from punctual.celery.headers import run_headers
from punctual.domain.run import TERMINAL, Run, RunState
from punctual.engine.reconcile import LostRuns
from punctual.testing import ManualClock
from servers.waiting import eventually

POOLS = {
    "prefork": ("--pool", "prefork", "--concurrency", "2"),
    "spawn": ("--pool", "prefork", "--concurrency", "2"),
    "threads": ("--pool", "threads", "--concurrency", "2"),
    "solo": ("--pool", "solo"),
    "gevent": ("--pool", "gevent", "--concurrency", "2"),
}
QUICKLY = ("--without-mingle", "--without-gossip")
PROCESSES = ("prefork", "spawn")
PATIENCE = 60.0
"""Seconds after which a run that has no end will have none: a child that is spawned takes its time, too."""

LOST_AFTER = timedelta(seconds=2)
"""How long a worker gives no sign of life before its runs are lost: four times what its signs of life are apart."""

SIMPLE = {
    "the task returns": "succeeds",
    "the task returns, and its result is not wanted": "ignores_result",
    "the task raises": "raises",
    "the task raises until its retries are used up": "gives_up",
    "the task raises, and succeeds when it is tried again": "comes_round",
    "the task rejects its message": "rejects",
    "the task puts its message back": "puts_back",
    "the task raises Ignore": "ignores",
    "the message has expired": "soon_stale",
    "the worker does not know the task": "nowhere",
    "the soft time limit is met": "meets_soft_limit",
    "the soft time limit is met, and heeded": "heeds_soft_limit",
    "the hard time limit is met": "meets_hard_limit",
}
WITH_PROCESSES = {
    "its process is killed": "dies",
    "its process is killed, acknowledged late": "dies_late",
    "its process is killed, and the message comes again": "dies_and_comes_again",
}


@dataclass(frozen=True)
class Seen:
    """What the ledger says at the end, and how often the body ran."""

    run: Run
    bodies: int
    worker: str


@dataclass
class Observation:
    """What was seen of each situation; `fault` is why the later ones are not there."""

    seen: dict[str, Seen] = field(default_factory=dict)
    fault: str = ""


def observe(site: Site, pool: str) -> Observation:
    """Let every situation arise, and return what was seen of each."""
    place = _Place(site, pool)
    try:
        place.observe()
    except Exception:  # noqa: BLE001 - told by the tests of what is missing
        place.observation.fault = f"{traceback.format_exc()}\n{place.logs()}"
    return place.observation


@dataclass
class _Place:
    """Where it happens."""

    site: Site
    pool: str
    observation: Observation = field(default_factory=Observation)
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.site.app.task(name="matrix_app.soon_stale", expires=-1, shared=False)(soon_stale)

    def observe(self) -> None:
        with self.worker():
            self.all_at_once()
            self.stopped_by_people()
            self.delivered_three_times()
            if self.pool != "solo":
                self.note("the task raises SystemExit", self.send("exits"))
            self.ended_by_signal("the worker stops", "waits", signal.SIGTERM)
        if self.pool == "solo":
            with self.worker():
                self.note("the task raises SystemExit", self.send("exits"))
        with self.worker() as first:
            cut_off = self.ended_by_signal("the worker stops at once", "waits_late", signal.SIGQUIT)
        with self.worker() as second:
            if cut_off is not None:
                lost = self.settled(cut_off).state is RunState.LOST
                self.note("the worker stops at once", cut_off, first if lost else second)
            killed = self.running("waits", "never")
            self.kill_worker()
        self.settled(killed)
        self.note("the worker is killed", killed)

    @contextmanager
    def worker(self) -> Iterator[str]:
        method = {"TEST_START_METHOD": "spawn"} if self.pool == "spawn" else {}
        notes = {"TEST_NOTES": str(self.site.folder / "notes"), "PUNCTUAL_RESEND_AFTER": "1s"}
        with self.site.worker(*POOLS[self.pool], *QUICKLY, app="matrix_app", **notes, **method) as name:
            self.names.append(name)
            yield name

    def all_at_once(self) -> None:
        # A process that is killed takes with it what it has not recorded yet, so the killers come last.
        for tasks in (SIMPLE, WITH_PROCESSES if self.pool in PROCESSES else {}):
            runs = {situation: self.send(task) for situation, task in tasks.items()}
            for situation, run in runs.items():
                self.note(situation, run)

    def stopped_by_people(self) -> None:
        """Revoke a task that waits in the worker, one that runs, and terminate one that runs."""
        control = self.site.app.control
        if self.pool == "solo":  # takes no message while it runs one: what waits in it waits for its time
            victim = self.record("waits", self.file("go"))
            self.site.app.send_task(
                victim.task, victim.args, task_id=str(victim.id), headers=run_headers(message_of(victim)), countdown=1
            )
            self.received(victim)
            control.revoke(str(victim.id))
            self.file("go", touch=True)
            self.note("revoked while it waits in the worker", victim)
            for situation, terminate in (("revoked while it runs", False), ("terminated while it runs", True)):
                run = self.running("waits", situation)
                control.revoke(str(run.id), terminate=terminate)
                self.file(situation, touch=True)
                self.note(situation, run)
            return
        revoked, terminated = self.running("waits", "go"), self.running("waits", "go")
        victim = self.send("waits", self.file("go"))
        self.received(victim)
        for run in (victim, revoked):
            control.revoke(str(run.id), reply=True, limit=1, timeout=20)
        control.revoke(str(terminated.id), terminate=True, reply=True, limit=1, timeout=20)
        self.file("go", touch=True)
        self.note("revoked while it waits in the worker", victim)
        self.note("revoked while it runs", revoked)
        self.note("terminated while it runs", terminated)

    def delivered_three_times(self) -> None:
        run = self.record("succeeds")
        self.site.sender.send([message_of(run)] * 3)
        self.note("its message is delivered three times", run)
        if self.pool in PROCESSES:
            run = self.record("dies_twice", on_lost="rerun")
            self.site.sender.send([message_of(run)] * 3)
            with self.site.node():
                self.note("its message is delivered three times, and its process is killed twice", run)

    def ended_by_signal(self, situation: str, task: str, number: signal.Signals) -> Run | None:
        """Send the worker a signal while a task runs; return the run if it is still open when the worker is gone."""
        run = self.running(task, situation)
        process = self.site.workers[-1]
        process.send_signal(number)
        self.site.logged(self.names[-1], "shutdown")
        # What is cut off may not end by itself before; threads end with the task, for nobody can cut them off.
        self.file(situation, touch=number is signal.SIGTERM or self.pool == "threads")
        # A solo worker of Celery 5.5 lets the task fail, and goes on.
        eventually(lambda: process.poll() is not None or self.site.get(run.id).state in TERMINAL, 60, self.logs)
        self.file(situation, touch=True)
        if self.site.get(run.id).state not in TERMINAL:
            return run
        self.note(situation, run)
        return None

    def kill_worker(self) -> None:
        """Kill the worker's processes, all at once, as a machine that dies does."""
        process = self.site.workers[-1]
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in [process.pid, *map(int, children)]:
            os.kill(pid, signal.SIGKILL)
        process.wait()

    def settled(self, run: Run) -> Run:
        """Let a node look after a run whose worker is gone, until it has an end."""

        def look() -> bool:
            # A node that has seen the database for long enough need not be waited for.
            now = self.site.clock.now()
            clock = ManualClock(now - LOST_AFTER)
            node = LostRuns(self.site.database, clock, after=LOST_AFTER)
            node.step()
            clock.move_to(now)
            node.step()
            return self.site.get(run.id).state in TERMINAL

        with self.site.node(), contextlib.suppress(AssertionError):
            eventually(look, PATIENCE)
        return self.site.get(run.id)

    def record(self, task: str, *args: JsonValue, **policies: JsonValue) -> Run:
        return self.site.record(f"matrix_app.{task}", *args, **policies)

    def send(self, task: str, *args: JsonValue) -> Run:
        run = self.record(task, *args)
        self.site.send(run)
        return run

    def running(self, task: str, go: str) -> Run:
        """Send a task that waits for a file, and return once its body runs."""
        run = self.send(task, self.file(go))
        self.site.until(run.id, lambda run: run.state is RunState.RUNNING and self.bodies(run) == 1)
        return run

    def bodies(self, run: Run) -> int:
        """Return how often the body of a run has begun."""
        notes = self.site.folder / "notes"
        return notes.read_text().count(str(run.id)) if notes.exists() else 0

    def received(self, run: Run) -> None:
        self.site.logged(self.names[-1], f"Task {run.task}[{run.id}] received")

    def file(self, name: str, *, touch: bool = False) -> str:
        path = self.site.folder / name.replace(" ", "_")
        if touch:
            path.touch()
        return str(path)

    def note(self, situation: str, run: Run, worker: str | None = None) -> None:
        with contextlib.suppress(AssertionError):  # a run without an end is told as it is
            eventually(lambda: self.site.get(run.id).state in TERMINAL, PATIENCE)
        self.observation.seen[situation] = Seen(self.site.get(run.id), self.bodies(run), worker or self.names[-1])

    def logs(self) -> str:
        return "\n".join(self.site.log(name) for name in self.names)
