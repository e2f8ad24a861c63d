"""What a node does, in the reference model, with the points at which it may die."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from model.ledger import end, fail, free, lose, settle
from model.times import wake_time
from model.world import ENDED, Message, Run, World
from punctual.domain.run import RunState, Stop, StopRequest

LEASE = timedelta(seconds=12)
RESEND = timedelta(minutes=5)
SERVED_WITHIN = timedelta(seconds=15)
LOST_AFTER = timedelta(seconds=30)
LONGEST_GAP = timedelta(seconds=15)
PAUSES = [1, 2, 4, 8, 15]
"""Seconds for which a node leaves the broker alone, failure after failure."""

NOWHERE = "nowhere"
"""The task whose messages the broker refuses for good."""

SERVED_BY = {"tick": {"w0", "w1"}, "lone": {"w1"}, NOWHERE: {"w0", "w1"}}


@dataclass
class Node:
    """What one node remembers."""

    number: int
    failures: int = 0
    blocked_until: datetime | None = None
    looked_at: datetime | None = None
    steady_since: datetime | None = None

    def step(self, world: World, now: datetime, heard: Callable[[list[Message]], None]) -> None:
        """Do all that is to be done now; `heard` is what the workers do with messages at once."""
        worked = True
        while worked:
            self.fire(world, now, heard)
            worked = self.put_right(world, now, heard)

    def fire(self, world: World, now: datetime, heard: Callable[[list[Message]], None]) -> None:
        """Record the runs that are due, and send them."""
        world.point("plan")
        recorded: list[Run] = []
        for schedule in world.schedules.values():
            wake = wake_time(schedule)
            if wake is not None and wake <= now:
                recorded += settle(world, schedule, now, lease=(self.number, now + LEASE))
        alive = [run for run in recorded if run.deadline is None or run.deadline > now]
        self.send(world, {run: message_of(run) for run in alive}, {}, now, heard)

    def put_right(self, world: World, now: datetime, heard: Callable[[list[Message]], None]) -> bool:
        """Do what is to be done beside fire times; tell whether anything was."""
        runs = world.runs.values()
        overdue = any(run.deadline is not None and run.deadline <= now for run in runs)
        waiting = any(run.state is RunState.BUFFERED for run in runs)
        to_stop = any(run.stop is not None for run in runs)
        unsent = any(run.send_at is not None and run.send_at <= now for run in runs)
        worked = False
        if overdue:
            world.point("overdue")
            self.end_overdue(world, now)
            worked = True
        if waiting:
            world.point("release")
            worked = free(world, now) or worked
            world.point("released")
        if to_stop:
            self.send_stops(world, now)
        if unsent:
            worked = self.send_unsent(world, now, heard) or worked
        return worked

    def send(
        self,
        world: World,
        runs: dict[Run, Message],
        again_at: dict[UUID, datetime],
        now: datetime,
        heard: Callable[[list[Message]], None],
    ) -> None:
        """Publish the messages of runs, and note it; `again_at` has those that were sent before."""
        if not runs:
            return
        if not self.is_blocked(now):
            world.point("publish")
            if world.broker_away:
                self.back_off(now)
        if self.is_blocked(now):
            for run in runs:
                run.send_at = self.blocked_until
            return
        refused = {run.id: message.attempt for run, message in runs.items() if is_refused(run)}
        sent = [message for message in runs.values() if message.run_id not in refused]
        world.messages += sent
        heard(sent)
        world.point("published")
        for run in runs:
            if run.lease == self.number:  # or else a worker was faster
                note_sent(run, again_at.get(run.id), now)
            if run.id in refused:
                fail(world, run, refused[run.id], now, reason=True)
        self.failures, self.blocked_until = 0, None

    def send_unsent(self, world: World, now: datetime, heard: Callable[[list[Message]], None]) -> bool:
        """Take over and send what is to be sent: also what was sent long ago, if a worker is there for it."""
        if self.is_blocked(now):
            return False
        found = [run for run in world.runs.values() if run.send_at is not None and run.send_at <= now]
        world.point("claim")
        sent: dict[Run, Message] = {}
        again_at: dict[UUID, datetime] = {}
        for run in found:
            repeated = run.lease is not None or run.queued_at is not None
            run.lease, run.send_at = self.number, now + LEASE
            if run.queued_at is not None and not is_served(world, run, now):
                run.send_at = now + RESEND
                continue
            if run.queued_at is not None:
                again_at[run.id] = now + max(RESEND, now - run.queued_at)
            sent[run] = message_of(run, repeated=repeated)
        self.send(world, sent, again_at, now, heard)
        return bool(sent)

    def send_stops(self, world: World, now: datetime) -> None:
        """Ask the workers to stop runs."""
        if self.is_blocked(now):
            return
        world.point("stop")
        if world.broker_away:
            self.back_off(now)
            return
        asked = [(run, run.stop) for run in world.runs.values() if run.stop is not None]
        world.stopped += [StopRequest(run.id, stop, run.stop_attempt, over=run.state in ENDED) for run, stop in asked]
        world.point("stopped")
        for run, _ in asked:
            run.stop = None

    def end_overdue(self, world: World, now: datetime) -> None:
        """Expire what did not start in time, and end attempts that run for too long."""
        found = [(run.deadline, run) for run in world.runs.values() if run.deadline is not None and run.deadline <= now]
        for _, run in sorted(found, key=lambda each: each[0]):
            if run.state is not RunState.RUNNING:
                end(run, RunState.EXPIRED, 1, now, reason=True, begun=False)
                continue
            attempt = run.attempt
            if fail(world, run, attempt, now, reason=True):
                run.stop, run.stop_attempt = Stop.TERMINATE, attempt

    def beat(self, world: World, now: datetime) -> None:
        """Look whether the broker is there, and which workers are gone: after 30 s in which this node saw all."""
        if not world.broker_away:
            self.failures, self.blocked_until = 0, None
        if self.looked_at is None or not timedelta(0) <= now - self.looked_at <= LONGEST_GAP:
            self.steady_since = now
        self.looked_at = now
        assert self.steady_since is not None
        if now - self.steady_since < LOST_AFTER:
            return
        alive = {life for life, seen_at in world.workers.values() if seen_at >= now - LOST_AFTER}
        running = [run for run in world.in_state(RunState.RUNNING) if run.worker_id is not None]
        for run in sorted(running, key=lambda run: run.started_at or now):
            if run.started_at is not None and run.started_at < now - LOST_AFTER and run.worker_id not in alive:
                lose(world, run, run.attempt, now)

    def is_blocked(self, now: datetime) -> bool:
        if self.blocked_until is not None and now >= self.blocked_until:
            self.blocked_until = None
        return self.blocked_until is not None

    def back_off(self, now: datetime) -> None:
        self.blocked_until = now + timedelta(seconds=PAUSES[min(self.failures, len(PAUSES) - 1)])
        self.failures += 1


def note_sent(run: Run, again_at: datetime | None, now: datetime) -> None:
    """Note that a message is in the broker, and when it is taken for lost."""
    run.lease = None
    if again_at is not None:
        run.send_at = again_at
        return
    if run.state is RunState.PENDING:
        run.state = RunState.QUEUED
    run.queued_at, run.send_at = now, now + RESEND


def is_refused(run: Run) -> bool:
    """Whether the broker refuses the run's messages for good."""
    return run.spec.task == NOWHERE


def message_of(run: Run, *, repeated: bool = False) -> Message:
    timeout = None if run.spec.timeout is None else run.spec.timeout.total_seconds()
    return Message(run.id, run.attempt + 1, str(run.deadline), timeout, repeated)


def is_served(world: World, run: Run, now: datetime) -> bool:
    serving = SERVED_BY[run.spec.task]
    return any(seen_at >= now - SERVED_WITHIN for name, (_, seen_at) in world.workers.items() if name in serving)
