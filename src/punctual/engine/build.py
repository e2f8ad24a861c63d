"""Putting an engine together."""

import os
import socket
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version

from punctual.domain.clock import Clock
from punctual.domain.identity import new_id
from punctual.domain.masking import DEFAULT_MASKING, Masking
from punctual.domain.policies import KeepRuns
from punctual.domain.processes import Node
from punctual.domain.triggers.zone import TZDATA_VERSION
from punctual.engine.dispatcher import RESEND_AFTER, Dispatcher
from punctual.engine.follower import Follower
from punctual.engine.loop import Engine
from punctual.engine.queues import QueueWatch
from punctual.engine.retention import Retention
from punctual.engine.sender import Sender
from punctual.store.database import Database


def build_engine(
    database: Database,
    sender: Sender,
    clock: Clock,
    keep: KeepRuns = KeepRuns(),  # noqa: B008 - is frozen
    *,
    resend_after: timedelta = RESEND_AFTER,
    masking: Masking = DEFAULT_MASKING,
    machine: Clock | None = None,
    followers: Sequence[Follower] = (),
) -> Engine:
    """Return an engine that is a node of its own; raises DatabaseUnavailableError when the time cannot be told.

    A message from which no worker has started the run after `resend_after` is taken for lost. `masking` says what is
    secret in the arguments of messages. `machine` is the clock of this machine, which people are told of where it is
    wrong. The `followers` run beside the engine.
    """
    now = clock.now()
    node = Node(
        id=new_id(),
        host=socket.gethostname(),
        pid=os.getpid(),
        version=version("punctual"),
        tzdata_version=TZDATA_VERSION,
        started_at=now,
        seen_at=now,
    )
    dispatcher = Dispatcher(database, sender, clock, node.id, resend_after, masking)
    retention, queues = Retention(database, clock, keep), QueueWatch(database, sender, clock)
    return Engine(database, dispatcher, retention, queues, clock, node, machine=machine, followers=followers)
