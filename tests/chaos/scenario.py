"""What is tried: how many schedules of which kind, and which faults when. All of it follows from the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

GRACE = "1s"
LIMIT_OF_KEY = 2


@dataclass(frozen=True, slots=True)
class Scenario:
    """The size of a trial; `seconds` is how long faults come in, `threads` the size of the second worker's pool.

    `resend_after` is in seconds: shorter than by default, so that a trial ends soon, and longer than messages wait.
    """

    broker: str
    seed: int
    seconds: float = 60.0
    schedules: int = 500
    nodes: int = 4
    threads: int = 24
    resend_after: int = 45


class Kind(StrEnum):
    """A fault, or what a person does in the middle of them."""

    KILL_WORKER = "kill a worker with its pool"
    KILL_POOL_PROCESS = "kill a process of a pool"
    FREEZE_NODE = "freeze a node for longer than its lease"
    KILL_NODE = "kill a node"
    FREEZE_WORKER = "freeze a worker"
    KILL_BROKER = "kill the broker"
    CUT_DATABASE = "cut connections to the database"
    FREEZE_DATABASE = "freeze a connection's database process"


_PAUSES = {
    Kind.KILL_WORKER: (0.5, 4.0),
    Kind.KILL_POOL_PROCESS: (0.0, 0.0),
    Kind.FREEZE_NODE: (12.5, 16.0),
    Kind.KILL_NODE: (0.5, 4.0),
    Kind.FREEZE_WORKER: (2.0, 6.0),
    Kind.KILL_BROKER: (0.5, 4.0),
    Kind.CUT_DATABASE: (0.0, 0.0),
    Kind.FREEZE_DATABASE: (1.0, 5.0),
}
"""Seconds until what was hit goes on, or is started again: from, to."""

_WEIGHTS = {
    Kind.KILL_WORKER: 2,
    Kind.KILL_POOL_PROCESS: 2,
    Kind.FREEZE_NODE: 1,
    Kind.KILL_NODE: 3,
    Kind.FREEZE_WORKER: 2,
    Kind.KILL_BROKER: 2,
    Kind.CUT_DATABASE: 4,
    Kind.FREEZE_DATABASE: 3,
}
_GAP = (0.5, 2.5)
_BROKER_RESTS = {"redis": 5.0, "rabbitmq": 20.0}
"""Seconds that a broker gets to come back: one that is killed while it starts is no fault of ours."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens `at` seconds after the beginning; `target` chooses among what there is, modulo their number."""

    at: float
    kind: Kind
    target: int
    pause: float

    def __str__(self) -> str:
        """Return it as a line of the log."""
        pause = f", for {self.pause:.1f} s" if self.pause else ""
        return f"{self.kind.value} (number {self.target}{pause})"


def faults(scenario: Scenario) -> list[Fault]:
    """Return the faults of a trial in order: one of each kind first, as far as there is time, then any.

    The kinds whose consequences take longest to show come first.
    """
    dice = random.Random(f"faults {scenario.seed}")
    first = list(Kind)
    found: list[Fault] = []
    rested_at = 0.0
    at = 1.0
    while at < scenario.seconds:
        kind = first.pop(0) if first else dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        fault = Fault(at, kind, dice.randrange(1000), dice.uniform(*_PAUSES[kind]))
        if kind is not Kind.KILL_BROKER or at >= rested_at:
            found.append(fault)
        if kind is Kind.KILL_BROKER and at >= rested_at:
            rested_at = at + fault.pause + _BROKER_RESTS[scenario.broker]
        at += dice.uniform(*_GAP)
    return found


def documents(scenario: Scenario, start_at: datetime, end_at: datetime) -> Iterator[dict[str, Any]]:
    """Yield the schedules: every second or two, by interval and by cron, with every policy that a fault may upset."""
    profiles = _profiles()
    for number in range(scenario.schedules):
        profile = profiles[number % len(profiles)]
        key = {"key": f"key {number // (2 * len(profiles))}", "limit": LIMIT_OF_KEY}
        yield {
            "name": f"chaos {number}",
            "task": "chaos.work",
            "kwargs": {"fails": 0.1, "tag": 0},
            "catchup": {"policy": "all", "window": "1h", "limit": 10_000},
            "start_at": start_at.isoformat(),
            "end_at": end_at.isoformat(),
            **{name: key if name == "concurrency" else value for name, value in profile.items()},
        }


def _profiles() -> list[dict[str, Any]]:
    retry = {"attempts": 3, "delay": "1s", "backoff": 1.0}
    return [
        {"trigger": "every 1s", "retry": retry},
        {"trigger": "every 2s", "timeout": "10m"},
        {"trigger": "*/2 * * * * *", "task": "chaos.work_acknowledged_late", "on_lost": "rerun"},
        {"trigger": "every 1s", "overlap": "skip"},
        {"trigger": "every 2s", "overlap": "buffer_one", "on_lost": "rerun"},
        {"trigger": "* * * * * *", "concurrency": True},
        {"trigger": "every 2s", "catchup": {"policy": "latest", "grace": GRACE}},
        {"trigger": "every 1s", "catchup": {"policy": "none", "grace": GRACE}},
        {"trigger": "1-59/2 * * * * *", "retry": retry, "on_lost": "rerun"},
        {"trigger": "every 2s", "overlap": "buffer_all", "task": "chaos.work_acknowledged_late"},
    ]


TRIGGERS = ("every 1s", "every 2s", "* * * * * *", "*/2 * * * * *", "1-59/2 * * * * *")
"""What an edit may change a trigger to."""
